"""`connector new`: what a component begins with, from the templates beside this module."""

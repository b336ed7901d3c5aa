"""Runs of flows: start, perform, resume, and undo."""

"""Prismatic's own steps."""

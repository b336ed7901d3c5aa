"""Expressions: paths, templates, conditions, and JavaScript's conversions."""

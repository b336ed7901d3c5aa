"""Expressions: templates, conditions, and JavaScript's conversions."""

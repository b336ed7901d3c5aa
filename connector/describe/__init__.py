"""Descriptions of a component: summaries, Prismatic's definition, the docs page, static checks."""

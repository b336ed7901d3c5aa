"""Integration files: their model and their parser."""

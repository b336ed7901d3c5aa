"""Values of expressions: paths, templates, conditions, and JavaScript's rules."""

"""What a component is, and one call of it."""

"""From inputs to the exact request: one row for each action, one module for each resource."""

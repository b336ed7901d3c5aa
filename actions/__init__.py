"""The actions, one module per resource."""

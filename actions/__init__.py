"""The actions, one module a resource."""

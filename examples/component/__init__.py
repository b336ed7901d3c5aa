"""A component of its own, and the service that it is for."""

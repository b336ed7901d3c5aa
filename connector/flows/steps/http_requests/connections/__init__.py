"""The connections of the HTTP component."""

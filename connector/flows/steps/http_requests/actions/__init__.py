"""The actions of the HTTP component."""

"""The ways to get from credentials to the API."""

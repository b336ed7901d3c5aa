"""The connections: from credentials to the API."""

"""The data sources: choices of IDs for inputs."""

"""The choices of inputs."""

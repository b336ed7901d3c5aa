"""The commands of `connector sandbox`."""

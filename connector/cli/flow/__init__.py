"""The commands of `connector flow`."""

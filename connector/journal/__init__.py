"""The journal of a run: written, read, and listed. It knows nothing about flows."""

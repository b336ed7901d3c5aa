"""Static checks of flows."""

"""What can be done in the to-do service."""

"""How to reach the to-do service."""

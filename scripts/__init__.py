"""Scripts for those who maintain the component."""

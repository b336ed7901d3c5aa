"""What a designer chooses from."""

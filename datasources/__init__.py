"""The picklists from which a designer chooses ids."""

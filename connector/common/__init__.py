"""Helpers that know nothing about components, services, or flows."""

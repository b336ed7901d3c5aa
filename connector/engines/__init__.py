"""Adapters that register a component with workflow engines: HTTP with OpenAPI, SpiffArena, and MCP."""

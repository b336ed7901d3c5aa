"""The generator of a Node-RED package: one node per resource, and a configuration node for the connection."""

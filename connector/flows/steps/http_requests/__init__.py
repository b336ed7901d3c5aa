"""Prismatic's HTTP component: requests to any URL, on the transport of this package.

The folder is loaded as a component, so that journal, dry run, policies, and undo treat its steps like any action.
"""

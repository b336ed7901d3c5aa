"""A component as a TypeScript package for Prismatic, which calls the service itself.

What a handler sends becomes a row of a table. The package has one runtime for all rows, and the code of the component
for what no table can express.
"""

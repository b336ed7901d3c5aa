"""Defects of Prismatic's own component that several actions share, and what this component does."""

from connector import Difference

FLAT_SETTINGS = Difference(
    prismatic="sends the values of settings as strings", ours="accepts nested values in JSON", input="settings"
)
EMPTY_SETTINGS = Difference(prismatic="sends {} if settings is not set", ours="sends nothing then", unset="settings")
NO_NULL_NAME = Difference(prismatic="cannot clear name", ours="clears name for null", input="name")


def sample_data(key: str) -> Difference:
    """Return the difference of an input whose default is sample data."""
    return Difference(
        prismatic=f"sends sample data unless {key} is cleared in the form", ours="has no sample data", unset=key
    )


def dropped_json(key: str) -> Difference:
    """Return the difference of a JSON input that accepts only strings."""
    return Difference(
        prismatic=f"drops {key} without an error if it is not a string, such as a reference to a list",
        ours="accepts strings and values",
        input=key,
    )

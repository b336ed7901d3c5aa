"""Choices of users."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("users", in_prismatic=False)
def users(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every user by the email address, else by the name."""
    return picklist(context.records("listUsers", inputs), "email", "name")

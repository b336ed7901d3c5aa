"""`connector profiles`: list the profiles."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from connector.cli.output import print_line, write_json
from connector.cli.shared_options import Command, common_options, json_option
from connector.cli.tables import write_table

if TYPE_CHECKING:
    from connector.component.profiles import Profile


@click.command(cls=Command)
@json_option
@common_options
def command(as_json: bool) -> None:
    """List the profiles with their component, connection, and fields. Secrets are not printed."""
    from connector.component.profiles import load_profiles, profiles_file

    profiles = load_profiles(os.environ).values()
    if as_json:
        write_json([_as_json(profile) for profile in profiles])
    elif profiles:
        write_table(("profile", "component", "connection", "fields"), [_row(profile) for profile in profiles])
    else:
        print_line(f"No profiles in {profiles_file(os.environ)}. Run `connector login` to create one.")


def _as_json(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "component": profile.component,
        "connection": profile.connection,
        "fields": redacted_fields(profile),
    }


def _row(profile: Profile) -> tuple[str, ...]:
    fields = ", ".join(f"{key}={value}" for key, value in redacted_fields(profile).items())
    return profile.name, profile.component or "", profile.connection or "", fields


def redacted_fields(profile: Profile) -> dict[str, Any]:
    """Return the fields with `***` for each value that may be a secret: all but references and plain settings."""
    from connector.common.redaction import REDACTED
    from connector.component.component import components, load_component

    component = components().get(profile.component) if profile.component else load_component()
    definition = component and component.connections.get(profile.connection or next(iter(component.connections), ""))
    # Without its component, every field may be secret.
    inputs = definition.fields.definitions() if definition else {}
    plain = {key for key, each in inputs.items() if not each.is_secret}
    return {
        key: value if key in plain or str(value).startswith(("env:", "file:")) else REDACTED
        for key, value in profile.fields.items()
    }

"""Prints what a dry run did not send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.output import print_line, write_json
from connector.common.redaction import REDACTED

if TYPE_CHECKING:
    from connector.component.dry_run import DryRun


def print_request(result: DryRun) -> None:
    """Print the request of a dry run, and which inputs are masked in it."""
    write_json(result.request)
    if result.masked:
        print_line(f"{REDACTED} stands for values of {', '.join(result.masked)}, which can hold secrets")

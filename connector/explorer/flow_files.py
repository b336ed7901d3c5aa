"""The flow files of a folder."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from connector.common.yaml_source import has_valid_syntax

SUFFIXES = {".yaml", ".yml", ".json"}
MARK = re.compile(rb'definitionVersion|^flows\s*:|"flows"\s*:', re.MULTILINE)
MARK_WITHIN_BYTES = 1_000_000


def flow_files(folder: Path) -> list[Path]:
    """Return the files of a folder that may be flows, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and _is_flow(path))


def _is_flow(path: Path) -> bool:
    """Return whether a file may be a flow, so that a folder can also hold other files.

    What cannot be parsed may be one: to leave it out would hide its problem.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MARK_WITHIN_BYTES)
    except OSError:
        return path.is_file()
    return MARK.search(content) is not None or (len(content) < MARK_WITHIN_BYTES and not _can_be_parsed(content))


def _can_be_parsed(content: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        json.loads(content)  # JSON has escapes that YAML has not
        return True
    return has_valid_syntax(content)

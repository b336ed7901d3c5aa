"""The Segment component without its hand-made actions: every operation of the API is a described action."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import connector

ROOT = Path(__file__).parents[2]


def write_component(folder: Path, document: dict[str, Any] | None = None) -> Path:
    """Write the component with all operations described, and return its manifest.

    Args:
        folder: Where to write it.
        document: Another API description than the component's.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "connections", folder / "connections", ignore=ignored)
    shutil.copytree(ROOT / "actions" / "operations", folder / "actions" / "operations", ignore=ignored)
    for name in ("__init__.py", "inputs.py"):
        shutil.copy(ROOT / "actions" / name, folder / "actions")
    if document is None:
        shutil.copy(ROOT / "api.json", folder)
    else:
        (folder / "api.json").write_text(json.dumps(document), encoding="utf-8")
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text(encoding="utf-8"))
    del manifest["actions"], manifest["dataSources"], manifest["sandbox"]
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder / "manifest.yaml"


@cache
def described_component() -> connector.Component:
    """The component with all operations described, loaded once."""
    with tempfile.TemporaryDirectory() as folder:
        component = connector.load_component(write_component(Path(folder)))
        # The folder is gone afterwards, so what is read later is read now.
        assert len(component.operations) == len(component.api)
        return component

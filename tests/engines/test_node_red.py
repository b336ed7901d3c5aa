"""The package for Node-RED, file by file; `tests/engines/node_red.py` runs it in Node-RED itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.engines.node_red.package import catalog_of, package_files

EXAMPLE = Path(__file__).parents[2] / "examples" / "component"


def actions_of(catalog: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the actions of a catalog by key."""
    return {action["key"]: action for actions in catalog["resources"].values() for action in actions}


def test_every_action_is_in_the_node_of_its_resource(segment: connector.Component) -> None:
    catalog = catalog_of(segment)

    resources = {action["key"]: resource for resource, actions in catalog["resources"].items() for action in actions}
    assert resources == {key: action.resource for key, action in segment.actions.items()}


def test_form_has_the_visible_inputs_and_leaves_the_region_to_the_connection(segment: connector.Component) -> None:
    actions = actions_of(catalog_of(segment))

    update, listing = (
        {field["key"]: field for field in actions[key]["fields"]} for key in ("updateSource", "listSources")
    )
    assert list(update) == ["sourceId", "slug", "enabled", "name", "settings"]
    assert update["sourceId"]["required"] is True
    assert update["sourceId"]["source"] == "sources"
    assert {key: field["types"] for key, field in update.items()} == {
        "sourceId": ["str"],
        "slug": ["str"],
        "enabled": ["bool"],
        "name": ["str"],
        "settings": ["json"],
    }
    assert set(listing) == {"count", "cursor"}, "the output of the node decides on fetchAll"


def test_secret_fields_of_the_connection_are_credentials(segment: connector.Component) -> None:
    fields = {field["key"]: field for field in catalog_of(segment)["connection"]["fields"]}

    assert [key for key, field in fields.items() if field.get("secret")] == ["apiKey"]
    assert [choice["value"] for choice in fields["region"]["choices"]] == ["api", "eu1.api"]


def test_templates_are_filled_in_for_any_component() -> None:
    component = connector.load_component(EXAMPLE / "manifest.yaml")

    files = package_files(component)

    text = "".join(content.decode() for name, content in files.items() if not name.endswith(".png"))
    assert not re.search("__[A-Z]+__(?<!__PWRD__)", text)
    assert "segment" not in text.lower().replace("segment-connector", "")
    package = json.loads(files["package.json"])
    assert package["node-red"]["nodes"] == {component.key: "nodes.js"}


def test_text_of_the_catalog_cannot_end_the_script(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = connector.Display(label="List Sources", description="</script><b>")
    monkeypatch.setattr(segment.actions["listSources"], "display", display)

    page = package_files(segment)["nodes.html"].decode()

    assert page.count("</script>") == page.count("<script")
    assert "&lt;/script&gt;&lt;b&gt;" in page

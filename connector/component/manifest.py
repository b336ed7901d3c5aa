"""`manifest.yaml`: what a component declares. The code says how."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.common.text import camel_case, did_you_mean
from connector.common.yaml_source import Document, YamlError, read
from connector.errors import ManifestError, Problem

_SETTINGS = ConfigDict(
    alias_generator=camel_case,
    validate_by_name=True,
    validate_by_alias=True,
    serialize_by_alias=True,
    extra="forbid",
    frozen=True,
    defer_build=True,
)


class Described(BaseModel):
    """Label and description of an action, a connection or a component."""

    model_config = _SETTINGS

    label: str = Field(min_length=1)
    description: str = Field(min_length=1)


class DescribedDataSource(Described):
    """Label, description and kind of a data source."""

    type: Literal["picklist"] = "picklist"


class ComponentDisplay(Described):
    """How the component is shown in a catalogue."""

    category: str = ""
    icon_path: str = ""


class Manifest(BaseModel):
    """What a component consists of.

    Attributes:
        key: Key of the component, unique among components.
        version: Version of the component.
        public: Whether the platform offers it to everybody.
        documentation_url: Where its documentation is published.
        display: How it is shown in a catalogue.
        sandbox: Module of the component's folder that runs its service offline, if it has one.
        operations: Module of the component's folder with its `NOTES` on the operations of its API, if its `api.json`
            is to be offered as actions.
        connections: Connections by key.
        data_sources: Data sources by key.
        actions: Actions by key.
    """

    model_config = _SETTINGS

    key: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    version: str
    public: bool = False
    documentation_url: str = ""
    display: ComponentDisplay
    sandbox: str | None = None
    operations: str | None = None
    connections: dict[str, Described] = {}
    data_sources: dict[str, DescribedDataSource] = {}
    actions: dict[str, Described] = {}

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            ManifestError: There is no such file, or it says what a manifest cannot say; all findings with file,
                line and cure.
        """
        try:
            document = read(path)
        except OSError as error:
            problems = [Problem(str(path), f"cannot be read: {error.strerror or error}.", hint="Check the path.")]
        except YamlError as error:
            problems = error.problems
        else:
            try:
                return cls.model_validate(document.data)
            except ValidationError as error:
                problems = [_problem(document, dict(found)) for found in error.errors(include_url=False)]
        raise ManifestError("the manifest cannot be used.", problems=problems)


_WORDS = {
    "dict_type": ("must have entries", "Write them as lines of key: value below it."),
    "model_type": ("must have entries", "Write them as lines of key: value."),
    "string_pattern_mismatch": ("must be letters, digits and hyphens, a letter first", "Rename it."),
    "string_type": ("must be text", "Put it in quotes."),
}


def _problem(document: Document, found: dict[str, Any]) -> Problem:
    place = tuple(found["loc"])
    location = document.location(place)
    path = ".".join(map(str, place)) or "the file"
    if found["type"] == "extra_forbidden":
        known = _known_fields(place)
        hint = did_you_mean(str(place[-1]), known) or f"Known are {', '.join(known)}."
        return Problem(location, f"{path} is no field of a manifest.", hint=hint)
    if found["type"] == "missing":
        return Problem(location, f"{path} is missing.", hint="Add it.")
    text, hint = _WORDS.get(found["type"], (str(found["msg"]).replace("Input should", "must"), ""))
    return Problem(location, f"{path} {text}.", hint=hint)


def _known_fields(place: tuple[Any, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {"display": ComponentDisplay, "dataSources": DescribedDataSource}
    model: type[BaseModel] = Manifest if len(place) == 1 else models.get(str(place[0]), Described)
    return [info.alias or name for name, info in model.model_fields.items()]

"""`manifest.yaml`: what a component declares. The code says how."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.common.private_files import reason_of
from connector.common.text import camel_case, did_you_mean
from connector.common.yaml_source import Document, YamlError, parse_bytes, read_bytes
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
    """Label and description of an action, connection, or component."""

    model_config = _SETTINGS

    label: str = Field(min_length=1)
    description: str = Field(min_length=1)


class DescribedDataSource(Described):
    """Label, description, and type of a data source."""

    type: Literal["picklist"] = "picklist"


class ComponentDisplay(Described):
    """How the component is shown in a catalog."""

    category: str = ""
    icon_path: str = ""


class SnapshotDetail(BaseModel):
    """The action that returns more of a record than its list does.

    Attributes:
        action: Key of the action.
        input: Key of its input that takes the ID of the record.
        record: JSONPath of the record in its payload.
    """

    model_config = _SETTINGS

    action: str
    input: str
    record: str


class SnapshotPart(BaseModel):
    """One kind of record in a snapshot of a workspace.

    Attributes:
        action: Key of the list action that returns the records.
        name: Dotted paths into a record; the first one with a value is its name.
        parent: Dotted path of the ID of the record that a record belongs to.
        each: Input of the action by key, and the part whose records it takes the IDs of.
        inputs: Inputs of the action, for each time it is run.
        get: Action that returns more of a record.
        fields: Only fields to keep. Default: all but `leave_out`.
        only: Keys to keep of a field that is an object.
        leave_out: Fields that say nothing about the set-up, such as times.
        secret: Dotted paths of secrets whose names do not sound like one.
    """

    model_config = _SETTINGS

    action: str
    name: list[str] = Field(min_length=1)
    parent: str = ""
    each: dict[str, str] = Field(default={}, max_length=1)
    inputs: list[dict[str, Any]] = []
    get: SnapshotDetail | None = None
    fields_: list[str] = Field(default=[], alias="fields")
    only: dict[str, list[str]] = {}
    leave_out: list[str] = []
    secret: list[str] = []


class Manifest(BaseModel):
    """What a component consists of.

    Attributes:
        key: Key of the component, unique among components.
        version: Version of the component.
        public: True if Prismatic offers it to every customer.
        documentation_url: URL of its documentation.
        display: How it is shown in a catalog.
        sandbox: Module of the component's folder that runs its service locally, if it has one.
        explorer: Module of the component's folder with a `page` of its own in the explorer, if it has one.
        operations: Module of the component's folder with its `NOTES` on the operations of its API, if its `api.json`
            is to be offered as actions.
        operations_by_default: True if these actions are offered like handwritten ones: in lists, and to callers that
            do not ask for all.
        connections: Connections by key.
        data_sources: Data sources by key.
        actions: Actions by key.
        snapshot: What a snapshot of a workspace consists of, by name; a part comes after those that it refers to.
    """

    model_config = _SETTINGS

    key: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    version: str
    public: bool = False
    documentation_url: str = ""
    display: ComponentDisplay
    sandbox: str | None = None
    explorer: str | None = None
    operations: str | None = None
    operations_by_default: bool = False
    connections: dict[str, Described] = {}
    data_sources: dict[str, DescribedDataSource] = {}
    actions: dict[str, Described] = {}
    snapshot: dict[str, SnapshotPart] = {}

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Load a manifest.

        Raises:
            ManifestError: If the file is missing or invalid; each problem has file, line and hint.
        """
        try:
            return _manifest(read_bytes(path), str(path))
        except OSError as error:
            problems = [Problem(str(path), f"cannot be read: {reason_of(error)}")]
        except YamlError as error:
            problems = error.problems
        raise ManifestError("invalid manifest", problems=problems)


# The tests of a component load it again and again, mostly with the same manifest, and a manifest never changes.
@lru_cache(maxsize=8)
def _manifest(content: bytes, source: str) -> Manifest:
    document = parse_bytes(content, source)
    try:
        return Manifest.model_validate(document.data)
    except ValidationError as error:
        problems = [_problem(document, dict(entry)) for entry in error.errors(include_url=False)]
    raise ManifestError("invalid manifest", problems=problems)


_EXPECTED = {
    "dict_type": ("must be an object", "Write its entries as indented key: value lines."),
    "model_type": ("must be an object", "Write its entries as key: value lines."),
    "string_pattern_mismatch": ("must start with a letter and contain only letters, digits, and hyphens", ""),
    "string_too_short": ("must not be empty", ""),
    "string_type": ("must be a string", "Put it in quotes."),
}


def _problem(document: Document, entry: dict[str, Any]) -> Problem:
    path = tuple(entry["loc"])
    location = document.location(path)
    name = ".".join(map(str, path))
    if entry["type"] == "extra_forbidden":
        fields = _fields_beside(path)
        hint = did_you_mean(str(path[-1]), fields) or f"Available fields: {', '.join(fields)}."
        return Problem(location, f'unknown field "{name}"', hint=hint)
    if entry["type"] == "missing":
        return Problem(location, f'missing field "{name}"')
    expected, hint = _EXPECTED.get(entry["type"], (str(entry["msg"]).replace("Input should", "must"), ""))
    return Problem(location, f'"{name}" {expected}' if path else f"manifest {expected}", hint=hint)


def _fields_beside(path: tuple[Any, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {"display": ComponentDisplay, "dataSources": DescribedDataSource}
    model: type[BaseModel] = Manifest if len(path) == 1 else models.get(str(path[0]), Described)
    return [info.alias or name for name, info in model.model_fields.items()]

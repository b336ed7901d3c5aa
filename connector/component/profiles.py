"""Profiles: named settings of a user that select a connection, in one private TOML file.

    [profiles.eu]
    component = "segment"
    connection = "apiKey"

    [profiles.eu.fields]
    apiKey = "env:SEGMENT_EU_TOKEN"
    region = "eu1.api"

The value of a field may be a reference: `env:NAME` is an environment variable, `file:PATH` the content of a file.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.common.private_files import private_folder, write_private
from connector.common.state_dir import user_folder
from connector.common.text import did_you_mean
from connector.component.component import Component, components, load_component
from connector.component.credentials import LONGEST_SHOWN_NAME, Credentials
from connector.errors import ComponentError, ConnectionInputError, UnknownKeyError, UsageError

CONFIG_HOME = "CONNECTOR_CONFIG_HOME"
FILE = "config.toml"
DEFAULT = "default"
"""Name of the profile that `connector login` writes, and that commands use, if none is named."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*\[.*\]\s*(#.*)?")


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile.

    Attributes:
        name: Its name.
        component: Key of the component.
        connection: Key of the connection; None is the first one of the component.
        fields: Fields of the connection, with references not yet resolved.
        file: File that holds the profile, from whose folder relative references start; None is the user's own.
    """

    name: str
    component: str | None = None
    connection: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    file: Path | None = None

    def installed_component(self) -> Component:
        """Load the component that the profile names, else the bundled one.

        Raises:
            SetupError: If the component is not installed, or cannot be loaded.
        """
        if self.component is None:
            return load_component()
        installed = components()
        if self.component in installed:
            return installed[self.component]
        raise ComponentError(f'profile "{self.name}": component "{self.component}" is not installed')

    def credentials(self, component: Component, environment: Mapping[str, str]) -> Credentials:
        """Return the connection with all references resolved.

        Raises:
            ConnectionInputError: If the profile is for another component, a variable is not set, or a file cannot be
                read.
        """
        if self.component not in (None, component.key):
            text = f'profile "{self.name}" is for component "{self.component}", not "{component.key}"'
            raise ConnectionInputError(text)
        folder = (self.file or profiles_file(environment)).parent
        fields: dict[str, Any] = {}
        for key, value in self.fields.items():
            try:
                fields[key] = resolved(value, environment, folder)
            except ValueError as error:
                raise ConnectionInputError(f'profile "{self.name}": {key}: {error}') from None
        return Credentials({"key": self.connection, "fields": fields}, f'profile "{self.name}"')


def resolved(value: Any, environment: Mapping[str, str], folder: Path) -> Any:
    """Return a value of the file with its reference resolved: `env:NAME`, or `file:PATH` relative to a folder.

    Raises:
        ValueError: If the variable is not set, or the file cannot be read. The message does not quote the value.
    """
    kind, colon, target = value.partition(":") if isinstance(value, str) else ("", "", "")
    if colon and kind == "env":
        if environment.get(target):
            return environment[target]
        raise ValueError(f"environment variable {target} is not set")
    if colon and kind == "file":
        try:
            return (folder / Path(target).expanduser()).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ValueError(f"cannot read {target}: {reason}")
    return value


def check_name(name: str) -> None:
    """Check that a profile can have a name.

    Raises:
        UsageError: If the name has other characters than letters, digits, hyphens, and underscores.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f'invalid profile name "{name}": expected letters, digits, hyphens, and underscores')


def profiles_file(environment: Mapping[str, str]) -> Path:
    """Return the path of the file: in `CONNECTOR_CONFIG_HOME`, else in the user's configuration folder."""
    chosen = environment.get(CONFIG_HOME)
    if chosen:
        return Path(chosen).expanduser().absolute() / FILE
    return user_folder(environment, "XDG_CONFIG_HOME", ".config", "APPDATA", "AppData/Roaming").absolute() / FILE


def load_profiles(environment: Mapping[str, str]) -> dict[str, Profile]:
    """Return all profiles of the user by name.

    Raises:
        ConnectionInputError: If the file cannot be read, or is invalid.
    """
    file = profiles_file(environment)
    return profiles_of(_parse(_read(file), file), file)


def read_config(file: Path) -> dict[str, Any]:
    """Return the content of a configuration file: tables `profiles`, and for a server `callers`.

    Raises:
        ConnectionInputError: If the file cannot be read, or is not TOML.
    """
    if not file.exists():
        raise ConnectionInputError(f"cannot read {file}: no such file")
    return _parse(_read(file), file)


def profiles_of(config: Mapping[str, Any], file: Path) -> dict[str, Profile]:
    """Return the profiles in the content of a file by name.

    Raises:
        ConnectionInputError: If a profile is invalid.
    """
    tables = config.get("profiles", {})
    if not isinstance(tables, dict):
        raise ConnectionInputError(f'{file}: "profiles" must be a table')
    return {name: _profile(name, table, file) for name, table in tables.items()}


def load_profile(name: str, environment: Mapping[str, str]) -> Profile:
    """Return one profile of the user.

    Raises:
        UnknownKeyError: If there is no profile with this name.
        ConnectionInputError: If the file cannot be read, or is invalid.
    """
    profiles = load_profiles(environment)
    if name in profiles:
        return profiles[name]
    if len(name) > LONGEST_SHOWN_NAME:  # it may be a token that was pasted in the wrong place
        hint = "Pass the name of a profile. Run `connector profiles` to list them."
        raise UnknownKeyError("unknown profile; the name is too long to be one", hint=hint)
    hint = did_you_mean(name, profiles) or f"Run `connector login {name}` to create it."
    raise UnknownKeyError(f'unknown profile "{name}"', hint=hint)


def default_profile(component: str, environment: Mapping[str, str]) -> Profile | None:
    """Return the profile `default`, if there is one for this component."""
    profile = load_profiles(environment).get(DEFAULT)
    return profile if profile and profile.component in (None, component) else None


def save_profile(profile: Profile, environment: Mapping[str, str]) -> Path:
    """Write a profile to the file, in place of one with the same name, and return the path of the file.

    Raises:
        UsageError: If the profile cannot have its name.
        ConnectionInputError: If the file cannot be read or changed.
    """
    check_name(profile.name)
    return _change(profile.name, profile, environment)


def remove_profile(name: str, environment: Mapping[str, str]) -> Path:
    """Remove a profile from the file, and return the path of the file.

    Raises:
        UnknownKeyError: If there is no profile with this name.
        ConnectionInputError: If the file cannot be read or changed.
    """
    try:
        load_profile(name, environment)
    except UnknownKeyError as error:
        if error.hint.startswith("Run `connector login"):
            names = ", ".join(load_profiles(environment))
            error.hint = f"Available profiles: {names}." if names else "There are no profiles."
        raise
    return _change(name, None, environment)


def _change(name: str, profile: Profile | None, environment: Mapping[str, str]) -> Path:
    file = profiles_file(environment)
    before = _read(file)
    expected = _parse(before, file)
    profiles = expected.setdefault("profiles", {})
    profiles.pop(name, None)
    remaining = "".join(_lines_without(name, before)).rstrip()
    if profile is not None:
        profiles[name] = _table(profile)
        remaining = f"{remaining}\n\n{_toml(profile)}".lstrip()
    content = f"{remaining.rstrip()}\n"
    # The file belongs to the user: comments and other tables stay, and whatever this edit cannot keep is not touched.
    if {"profiles": {}} | _parse(content, file) != expected:
        hint = f"Write each profile as a table [profiles.NAME], or remove [profiles.{name}] by hand."
        raise ConnectionInputError(f"cannot change {file}: its form is not supported", hint=hint)
    try:
        private_folder(file.parent)
        write_private(file.resolve(), content.encode())
    except OSError as error:
        raise ConnectionInputError(f"cannot write {file}: {error.strerror or error}") from None
    return file


def _lines_without(name: str, text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines(keepends=True):
        if _HEADER.fullmatch(line.rstrip()):
            inside = _is_table_of(name, line)
        if not inside:
            yield line


def _is_table_of(name: str, header: str) -> bool:
    try:
        tables = tomllib.loads(header).get("profiles")
    except tomllib.TOMLDecodeError:
        return False
    return isinstance(tables, dict) and name in tables


def _table(profile: Profile) -> dict[str, Any]:
    settings = {"component": profile.component, "connection": profile.connection}
    return {key: value for key, value in settings.items() if value is not None} | {"fields": dict(profile.fields)}


def _toml(profile: Profile) -> str:
    table = _table(profile)
    fields = table.pop("fields")
    lines = [f"[profiles.{profile.name}]", *(f"{key} = {_quoted(value)}" for key, value in table.items()), ""]
    lines += [
        f"[profiles.{profile.name}.fields]",
        *(f"{_key(key)} = {_quoted(value)}" for key, value in fields.items()),
    ]
    return "\n".join(lines)


def _key(key: str) -> str:
    return key if _NAME.fullmatch(key) else _quoted(key)


def _quoted(value: Any) -> str:
    """Return a value in TOML: its strings, numbers and booleans are those of JSON, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError:
        reason = "not UTF-8"
    raise ConnectionInputError(f"cannot read {file}: {reason}")


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error)
    raise ConnectionInputError(f"invalid TOML in {file}: {reason}")


def _profile(name: str, table: Any, file: Path) -> Profile:
    fields = table.get("fields") if isinstance(table, dict) else None
    if not isinstance(fields, dict):
        raise ConnectionInputError(f'{file}: profile "{name}" has no table [profiles.{name}.fields]')
    settings = {key: table.get(key) for key in ("component", "connection")}
    for key, value in settings.items():
        if not isinstance(value, str | None):
            raise ConnectionInputError(f'{file}: profile "{name}": {key}: must be a string')
    return Profile(name, settings["component"], settings["connection"], fields, file)

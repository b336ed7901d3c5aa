"""Loading a component's modules in isolation.

The component's folder becomes a package under a private name, so that any number of components, each with modules of
the same names, live in one process; below it, importing works as usual.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from connector.component.definitions import Action, ConnectionDefinition, DataSource
from connector.component.foreign_code import foreign_code, is_foreign_exit
from connector.errors import ComponentError, Problem

FOLDERS = ("connections", "actions", "datasources")

KINDS = (Action, DataSource, ConnectionDefinition)
Definition = Action[Any] | DataSource[Any] | ConnectionDefinition[Any]

_lock = threading.Lock()


def package_name(folder: Path, key: str) -> str:
    """Return the private name of a component's package."""
    # The digest of the folder gives the same name in every process, so that pickled inputs of one process can be read
    # in another, and different names to two versions of one component in one process.
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return f"_connector_{key.replace('-', '_')}_{digest}"


def package(folder: Path, key: str) -> str:
    """Make a component's folder importable and return the name of its package."""
    name = package_name(folder, key)
    with _lock:
        if name not in sys.modules:
            # A module with a `__path__` is a package: the import system finds the modules below it without sys.path.
            module = ModuleType(name, f"The component {key} in {folder}.")
            module.__path__ = [str(folder)]
            sys.modules[name] = module
    return name


def submodule(folder: Path, key: str, name: str) -> ModuleType:
    """Import a module of a component's folder, such as its sandbox."""
    return module_of(package(folder, key), name)


def module_of(package_name: str, name: str) -> ModuleType:
    """Import a module of a package that has been imported."""
    with foreign_code():
        return importlib.import_module(f"{package_name}.{name}")


def definitions(folder: Path, key: str) -> list[Definition]:
    """Import every module of the component and return what its decorators declared.

    Raises:
        ComponentError: If modules cannot be imported; each is named with the reason.
    """
    problems: list[Problem] = []
    declared: dict[int, Definition] = {}
    for name in _module_names(folder):
        try:
            module = submodule(folder, key, name)
        except (Exception, SystemExit) as error:
            # SystemExit too: the exit code of a module must not become that of the program.
            if not is_foreign_exit(error):
                raise
            text = f"cannot be imported: {type(error).__name__}: {error}"
            problems.append(Problem(str(folder / name.replace(".", "/")) + ".py", text, hint="Fix the module."))
            continue
        for value in vars(module).values():
            if isinstance(value, KINDS):
                declared[id(value)] = value  # by identity: a module may import a definition of another one
    if problems:
        raise ComponentError(f'cannot import component "{key}"', problems=problems)
    return list(declared.values())


def _module_names(folder: Path) -> Iterator[str]:
    for part in FOLDERS:
        for file in sorted((folder / part).glob("*.py")):
            if file.stem != "__init__":
                yield f"{part}.{file.stem}"

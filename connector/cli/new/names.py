"""The forms of a name that the templates contain, such as `__Items__`."""

from __future__ import annotations

import keyword
import re

from connector.errors import UsageError

ENDINGS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", ""))
"""Endings of plurals, the longest first, and those of their singulars."""


def component_names(key: str) -> dict[str, str]:
    """Return the forms of the key of a component, by placeholder.

    Raises:
        UsageError: If the key is not a valid name.
    """
    from connector import __version__

    snake = _checked(key).replace("-", "_")
    return {
        "__KEY__": key,
        "__LABEL__": _label(key),
        "__PACKAGE__": f"{snake}_component",
        "__VARIABLE__": snake.upper(),
        "__VERSION__": __version__,
    }


def resource_names(plural: str, singular: str | None = None) -> dict[str, str]:
    """Return the forms of the plural and the singular of a resource, by placeholder.

    Raises:
        UsageError: If one is not a valid name, or there is no regular singular.
    """
    one = _checked(singular or _singular(_checked(plural)))
    if keyword.iskeyword(plural):
        raise UsageError(f'"{plural}" is a keyword of Python', hint="Choose another name.")
    if one == plural:
        raise UsageError(f'singular and plural are both "{plural}"', hint="Name the resource by its plural.")
    return {
        "__path-items__": plural,
        "__items__": plural.replace("-", "_"),
        "__item__": one.replace("-", "_"),
        "__Items__": _pascal(plural),
        "__Item__": _pascal(one),
        "__camelItems__": _camel(plural),
        "__camelItem__": _camel(one),
        "__Items label__": _label(plural),
        "__Item label__": _label(one),
        "__item words__": one.replace("-", " "),
    }


def _checked(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        text = f'invalid name "{name}": expected lower-case words joined by hyphens'
        raise UsageError(text, hint="Write a name such as order-items.")
    return name


def _singular(plural: str) -> str:
    if plural.endswith("s") and not plural.endswith("ss"):
        return next(plural.removesuffix(ending) + end for ending, end in ENDINGS if plural.endswith(ending))
    raise UsageError(f'"{plural}" has no regular singular', hint="Name the resource by its plural, or add --singular.")


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _camel(name: str) -> str:
    return name[0] + _pascal(name)[1:]


def _label(name: str) -> str:
    return " ".join(word.capitalize() for word in name.split("-"))

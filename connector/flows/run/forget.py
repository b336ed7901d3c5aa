"""Removes secrets from the journal of a run that cannot be resumed anymore."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector.common.redaction import Redactor, masked
from connector.errors import JournalError
from connector.flows.file.step_actions import action_of

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.journal.protocol import Journal, Record

logger = logging.getLogger("connector.flows")


def forget_secrets(journal: Journal, components: Mapping[str, Component], redactor: Redactor) -> None:
    """Replace the values of secret inputs in all records, and whatever repeats them, such as the payload.

    Args:
        journal: The journal, which is held.
        components: Components by key.
        redactor: Knows secret values of the run already, and learns those of the journal.
    """
    secret_keys: dict[str, frozenset[str]] = {}
    for _, record in journal.records():
        if record["type"] == "intent":
            name = record["action"]
            if name not in secret_keys:
                secret_keys[name] = _secret_keys(name, components)
            for key in secret_keys[name] & record["inputs"].keys():
                redactor.learn(record["inputs"][key], key)
    try:
        journal.rewrite(lambda record: _without_secrets(record, secret_keys, redactor))
    except JournalError as error:
        logger.warning("cannot remove secrets from the journal: %s", error)


def _secret_keys(name: str, components: Mapping[str, Component]) -> frozenset[str]:
    action = action_of(name, components)
    return action.inputs.secret_keys() if action else frozenset()


def _without_secrets(record: Record, secret_keys: Mapping[str, frozenset[str]], redactor: Redactor) -> Record:
    content: dict[str, Any] = dict(record)
    if content["type"] == "intent":
        keys = secret_keys.get(content["action"], frozenset())
        inputs = content["inputs"]
        content["inputs"] = {key: masked(value) if key in keys else value for key, value in inputs.items()}
    if "text" in content:
        # In YAML, a value that begins with an asterisk is an alias, and the file must remain readable for undo.
        content["text"] = redactor.text(content["text"]).replace("***", "redacted")
    changed: Record = redactor.value(content)
    return changed

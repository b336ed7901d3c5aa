"""Fields whose values are secrets: no SDK says so, their meaning does."""

from __future__ import annotations

from scripts.stated_facts import Schema

NAMES = frozenset(
    {
        "connectionSettings",
        "downloadURL",  # presigned
        "encryptedSettings",
        "headers",  # the request's own, its Authorization included
        "previewWebhookUrl",  # whoever knows the URL can call the function
        "settings",  # API keys and passwords of destinations and warehouses among them
        "urls",  # presigned
        "writeKey",
        "writeKeys",
    }
)


def with_secret_mark(name: str, schema: Schema) -> Schema:
    """Return the schema of a field, marked with `x-secret` if its value is a secret.

    A field that refers to a model of its own has that name by chance: the settings of a function, for example, are
    the definitions of its settings and not their values.
    """
    refers_to_model = "$ref" in schema or "$ref" in schema.get("items", {})
    return {**schema, "x-secret": True} if name in NAMES and not refers_to_model else schema

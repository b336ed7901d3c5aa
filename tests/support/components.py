"""Small components written to a folder, for tests of loading."""

from __future__ import annotations

from pathlib import Path

MANIFEST = """\
key: {key}
version: 1.0.0
display:
  label: Tiny
  description: A tiny component.
connections:
  token:
    label: Token
    description: A token.
actions:
  sayHello:
    label: Say Hello
    description: Says hello.
"""

CONNECTION = """\
from typing import Annotated

from pydantic import SecretStr

from connector import Input, Inputs, connection
from connector.rest import Endpoint


class Fields(Inputs):
    token: Annotated[SecretStr, Input(label="Token", type="password")]


@connection("token")
def token(fields: Fields, inputs) -> Endpoint:
    return Endpoint(base_url="http://127.0.0.1:9")
"""

ACTION = """\
from typing import Annotated

from connector import Input, Inputs, action

WORD = "{word}"


class Hello(Inputs):
    name: Annotated[str, Input(label="Name", comments="Whom to greet.")]


@action("sayHello")
def say_hello(context, inputs: Hello):
    return {{"data": f"{{WORD}} {{inputs.name}}"}}
"""


def write_component(folder: Path, key: str = "tiny", word: str = "hello") -> Path:
    """A component with one action; the path of its manifest."""
    files = {
        "manifest.yaml": MANIFEST.format(key=key),
        "connections/token.py": CONNECTION,
        "actions/hello.py": ACTION.format(word=word),
        "actions/examples/sayHello.json": '{"data": "hello you"}\n',
    }
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / "manifest.yaml"

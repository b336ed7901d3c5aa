"""Reading a manifest, and YAML in general."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector import Manifest, errors
from connector.common import yaml_source
from connector.common.text import did_you_mean

GOOD = """\
key: tiny
version: 1.0.0
display:
  label: Tiny
  description: A tiny component.
actions:
  sayHello:
    label: Say Hello
    description: Says hello.
"""


def findings(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "manifest.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(errors.ManifestError) as caught:
        Manifest.load(file)
    assert caught.value.exit_code == 3
    return [
        f"{problem.location.replace(f'{file}:', 'line ')}: {problem.message} {problem.hint}".rstrip()
        for problem in caught.value.problems
    ]


def test_invalid_yaml_is_reported_with_file_line_and_hint(tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, GOOD + "  - x: [\n")

    assert finding.startswith("line 10:")
    assert finding.endswith("Check the indentation, quotes, and colons in this line.")


def test_manifest_is_parsed_again_only_when_its_content_changed(tmp_path: Path) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_text(GOOD, encoding="utf-8")
    first, again = Manifest.load(file), Manifest.load(file)
    file.write_text(GOOD.replace("1.0.0", "1.0.1"), encoding="utf-8")

    assert first is again
    assert (first.version, Manifest.load(file).version) == ("1.0.0", "1.0.1")


def test_key_that_comes_twice_is_an_error(tmp_path: Path) -> None:
    text = GOOD + "  sayHello:\n    label: Again\n    description: Again.\n"

    assert findings(tmp_path, text) == ['line 10: duplicate key "sayHello" Keep one of them.']


def test_unknown_field_suggests_the_near_one(tmp_path: Path) -> None:
    assert findings(tmp_path, GOOD.replace("    label: Say", "    labl: Say")) == [
        'line 7: missing field "actions.sayHello.label"',
        f'line 8: unknown field "actions.sayHello.labl" {did_you_mean("labl", ["label"])}',
    ]


def test_unknown_field_of_the_component_lists_what_there_is(tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, GOOD + "zzz: 1\n")

    assert finding.startswith('line 10: unknown field "zzz" Available fields: key, version, public, ')


def test_value_of_the_wrong_kind_is_named(tmp_path: Path) -> None:
    assert findings(tmp_path, GOOD.replace("key: tiny", "key: ti ny").replace("1.0.0", "1.5")) == [
        'line 1: "key" must start with a letter and contain only letters, digits, and hyphens',
        'line 2: "version" must be a string Put it in quotes.',
    ]


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.ManifestError, match=r"no\.yaml: cannot be read: no such file or directory"):
        Manifest.load(tmp_path / "no.yaml")


def test_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_bytes(b"key: \xff")

    with pytest.raises(errors.ManifestError, match=r"not UTF-8 \(byte 5\)"):
        Manifest.load(tmp_path / "manifest.yaml")


@pytest.mark.parametrize("text", ["", "- a\n", "text\n"])
def test_manifest_that_is_not_a_mapping_is_rejected(text: str, tmp_path: Path) -> None:
    assert findings(tmp_path, text) == ["line 1: manifest must be an object Write its entries as key: value lines."]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("012", "012"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("2023-01-01", "2023-01-01"),
        ("12:30:45", "12:30:45"),
        ("true", True),
        ("True", "True"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-1.5e3", -1500.0),
        ("'12'", "12"),
        ('""', ""),
        ("1" * 80, "1" * 80),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert yaml_source.parse(f"a: {text}").data == {"a": value}


def test_every_part_knows_its_line() -> None:
    document = yaml_source.parse("a:\n  - b\n  - c: 1\n", "file.yaml")

    assert document.location(("a", 1, "c")) == "file.yaml:3"
    assert document.location(("a", 1, "missing")) == "file.yaml:3"
    assert document.location(()) == "file.yaml:1"


def test_aliases_are_followed() -> None:
    assert yaml_source.parse("a: &x [1]\nb: *x\n").data == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x\n  b: *x\n", "alias refers to its own parent"),
        ("[" * 200 + "]" * 200, "levels deep"),
        ("[" * 100_000, "levels deep"),
        ("- " * 100_000, "levels deep"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"{n}: &{n} [{','.join([f'*{p}'] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)),
            "including those of aliases",
        ),
    ],
    ids=["cycle", "depth", "brackets", "dashes", "bomb"],
)
def test_untrusted_yaml_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(yaml_source.YamlError, match=reason):
        yaml_source.parse(text)


def test_file_that_is_too_large_is_rejected_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yaml.parse", None)
    file = tmp_path / "manifest.yaml"
    file.write_text("# é\n" * (yaml_source.MAX_BYTES // 5 + 1), encoding="utf-8")

    with pytest.raises(errors.ManifestError, match=r"manifest\.yaml: larger than 5 MiB"):
        Manifest.load(file)
    with pytest.raises(yaml_source.YamlError, match="<text>: larger than 5 MiB"):
        yaml_source.parse(" " * (yaml_source.MAX_BYTES + 1))

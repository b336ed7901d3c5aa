"""The house style for texts, as far as patterns can hold it: `python -m tests.test_words` prints every hit."""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("connector", "actions", "connections", "datasources", "explorer", "sandbox", "docs")
PAGES = ("README.md", "CONTRIBUTING.md")
TEXT_TOKENS = {"COMMENT", "STRING", "FSTRING_MIDDLE"}

PATTERNS = {
    "is not a valid X, unknown X": r"(?<!there )\b(is|are|was|were) (no(?! (longer|more)\b)|(?-i:none))\b"
    r"|\bthere (is|are) no [a-z ]+ [\"'{]",
    "return, response": r"\banswer\w*|\brepl(y|ies)\b",
    "report, log, emit": r"\b(tells?|told|telling)\b",
    "reject": r"(?<!connection )\brefus(e|es|ed|ing|al|als)\b",
    "retry, run again": r"\brepetitions?\b|\b(is|are|was|were|never) repeated\b|\brepeat it\b",
    "Prismatic": r"\bthe platform\b",
    "is in": r"\b(stands?|lies?) (in(?! for)|at|on|behind|beside|below|under|there)\b",
    "resume, delete, undo": r"\b(takes?|took|taken|taking) (it |them |something )?(up|away|back)\b",
    "a number": r"\bso many\b",
    "per": r"\b(an?|one) (line|file|test|variable|module|wait|page|request|record|row|entry|key) an? \w+"
    r"|\brecords a page\b",
    "default: X": r"\bunless (given|told)\b|\bleft alone\b",
    "Pass it again": r"\b(is|are) to be given\b",
    "hint: Available flows: A.": r"\b(known|loaded|there) (is|are) \{|\bits \w+ are \{",
    "also": r", too\b",
    "the name of the thing": r"\bas told\b|\bof that time\b|\bas (it is|they are)\b",
    "no contraction": r"\b(can|won|(is|are|was|were|do|does|did|has|have|had|could|should|would)n)'t\b"
    r"|\b(it|that|there|let)'s\b",
    "American spelling": r"\b\w*(hono|behavio|colo|favo|neighbo)ur|\bcatalogue"
    r"|\b\w*(authori|normali|initiali|reali|seriali|generali|recogni|organi|optimi|minimi|summari)s(e[ds]?|ing|ation)\b",
    "you": r"\b(some|no|every)body\b|\bwhoever\b",
    "valid, invalid": r"\b(do|does|did) not fit\b|\bhold(s)? together\b",
    "integer": r"\bwhole numbers?\b",
    "confirm": r"\ba yes\b",
    "problem, hint": r"\b(findings?|cures?)\b",
    "iterate": r"\bwalk(s|ed|ing)?\b",
}
"""What to write instead, by the pattern that is looked for, whatever the case."""

COMPILED = {better: re.compile(pattern, re.IGNORECASE) for better, pattern in PATTERNS.items()}

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("connector/journal/reader.py", "refused"): "the type of a record, in journals that exist",
    ("connector/journal/writer.py", "refused"): "the type of a record, in journals that exist",
    ("connector/workers/bulk.py", "refused"): "the type of a record, in journals that exist",
    ("connector/engines/airflow/provider.py", "behaviour"): "a key of Airflow",
}
"""Why a text stays, by its file and the text."""


class Hit(NamedTuple):
    """A text that a pattern matches."""

    file: str
    line: int
    text: str
    better: str

    def __str__(self) -> str:
        return f'{self.file}:{self.line}: "{self.text}": {self.better}'


def scan(file: str, content: str) -> Iterator[Hit]:
    """Yield the hits in the texts of a file: prose of a page; strings, docstrings and comments of a module."""
    patterns = {better: pattern for better, pattern in COMPILED.items() if pattern.search(content)}
    if not patterns:
        return  # to split a file into its texts takes longer than to search it
    for number, text in (texts_of_module if file.endswith(".py") else texts_of_page)(content):
        for better, pattern in patterns.items():
            for match in pattern.finditer(text):
                yield Hit(file, number + text.count("\n", 0, match.start()), match.group(), better)


def texts_of_module(content: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if tokenize.tok_name[token.type] in TEXT_TOKENS:
            yield token.start[0], token.string


def texts_of_page(content: str) -> Iterator[tuple[int, str]]:
    """The lines of a page, without its JSON, which shows documented payloads."""
    is_json = False
    for number, line in enumerate(content.splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_json = "json" in line and not is_json
        elif not is_json:
            yield number, line


@cache
def all_hits() -> list[Hit]:
    """Return the hits in the whole project, exceptions included."""
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*") if file.suffix in {".py", ".md"}]
    return [
        hit
        for file in sorted([*files, *(ROOT / page for page in PAGES)])
        for hit in scan(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(
    "text",
    [
        'there is no action "x"',
        "is no action",
        "are none of",
        "the API answered",
        "a reply",
        "was told",
        "is refused",
        "repeat it",
        "the platform",
        "stands in the file",
        "takes something away",
        "so many at most",
        "a line a request",
        "Records a page",
        "unless given",
        "are to be given again",
        "Known are {names}",
        "reads, too.",
        "passed as it is",
        "cannot and isn't",
        "authorised behaviour",
        "somebody",
        "does not fit",
        "a whole number",
        "needs a yes",
        "no findings",
        "a walk over pages",
    ],
)
def test_pattern_is_found_in_pages_strings_and_comments(text: str) -> None:
    assert list(scan("page.md", text))
    assert list(scan("module.py", f"message = {text!r}\n"))
    assert list(scan("module.py", f"x = 1  # {text}\n"))
    assert list(scan("module.py", f'"""{text} """\n'))


@pytest.mark.parametrize(
    "text",
    [
        "connection refused",
        "is no longer valid",
        "if there is no terminal",
        "repeatable",
        "Repeat a name to pass a list.",
        "precise color",
    ],
)
def test_plain_words_are_accepted(text: str) -> None:
    assert not list(scan("page.md", text))


def test_names_in_code_and_documented_payloads_are_not_texts() -> None:
    assert not list(scan("module.py", "told = answer(refused)\n"))
    assert not list(scan("page.md", '```json\n{"a": "answer"}\n```\n'))


def test_hit_names_file_line_and_better_words() -> None:
    (hit,) = scan("module.py", '\n"""A call.\n\nIt is told.\n"""\n')

    assert str(hit) == 'module.py:4: "told": report, log, emit'


def test_texts_follow_the_house_style() -> None:
    assert [str(hit) for hit in all_hits() if (hit.file, hit.text) not in EXCEPTIONS] == []


def test_exceptions_are_few_and_needed() -> None:
    assert len(EXCEPTIONS) <= 30
    assert EXCEPTIONS.keys() <= {(hit.file, hit.text) for hit in all_hits()}


if __name__ == "__main__":
    hits = [hit for hit in all_hits() if not sys.argv[1:] or hit.file.startswith(tuple(sys.argv[1:]))]
    sys.stdout.write("".join(f"{hit}\n" for hit in hits))
    for name, counted in (("file", Counter(hit.file for hit in hits)), ("better", Counter(hit.better for hit in hits))):
        sys.stdout.write(f"\nhits by {name}\n" + "".join(f"{n:5} {key}\n" for key, n in counted.most_common()))
    sys.stdout.write(f"\n{len(hits)} hits\n")

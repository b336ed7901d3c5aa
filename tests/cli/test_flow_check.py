"""`connector flow check`, and the commands about files of flows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from connector.cli.flow.group import COMMANDS
from connector.common.yaml_source import parse
from tests.cli.conftest import ROOT, Command
from tests.cli.flows import EXAMPLES, one_step, read_flow, two_connections
from tests.support.server import LoopbackServer

PAGE = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")


def test_flow_without_findings_exits_with_0(command: Command, tmp_path: Path, server: LoopbackServer) -> None:
    ended = command("flow", "check", read_flow(tmp_path))

    assert (ended.code, ended.out, ended.err, server.requests) == (0, "No problems found.\n", "", [])


def test_problem_names_file_line_flow_step_cause_and_hint(command: Command, tmp_path: Path) -> None:
    file = one_step(tmp_path, "getSource", {"sourceid": "x"})
    ended = command("flow", "check", file)

    unknown, hint, missing, total = ended.out.splitlines()
    line = re.fullmatch(rf'{re.escape(str(file))}:(\d+): error: Main / Do It: unknown input "sourceid" of .*', unknown)
    assert (ended.code, total) == (1, "2 errors")
    assert line is not None
    assert "sourceid" in file.read_text().splitlines()[int(line[1]) - 1]
    assert hint == "    hint: Did you mean sourceId?"
    assert "sourceId" in missing


def test_dash_reads_the_flow_from_standard_input(command: Command, tmp_path: Path) -> None:
    text = read_flow(tmp_path).read_text()

    assert command("flow", "check", "-", stdin=text).out == "No problems found.\n"
    assert command("flow", "show", "-", stdin=text).out == command("flow", "show", read_flow(tmp_path)).out
    assert command("flow", "run", "-", "--sandbox", stdin=text).code == 0
    assert command("flow", "check", "-", stdin="name: [").out.startswith("<stdin>:2:1: error: invalid YAML")


def test_flow_and_payload_cannot_both_be_standard_input(command: Command, tmp_path: Path) -> None:
    ended = command("flow", "run", "-", "--payload", "-", "--sandbox", stdin=read_flow(tmp_path).read_text())

    assert (ended.code, "standard input can be read only once" in ended.err) == (2, True)


def test_warnings_alone_exit_with_0(command: Command) -> None:
    ended = command("flow", "check", EXAMPLES / "provision_app.yaml")

    assert (ended.code, ended.out.splitlines()[-1]) == (0, "1 warning")


def test_unset_variable_is_an_error_when_config_is_passed(command: Command) -> None:
    file = EXAMPLES / "provision_app.yaml"

    assert command("flow", "check", file, "--config", "Action ID=a").code == 1
    assert command("flow", "check", file, "--config", "Warehouse ID=w").out == "No problems found.\n"


def test_config_variable_that_is_not_there_is_wrong_usage(command: Command) -> None:
    ended = command("flow", "check", EXAMPLES / "provision_app.yaml", "--config", "Warehouse=w")

    assert (ended.code, "Did you mean Warehouse ID?" in ended.err) == (2, True)


def test_target_names_inputs_and_actions_that_the_platform_lacks(command: Command) -> None:
    ended = command("flow", "check", EXAMPLES / "provision_app.yaml", "--target", "prismatic")

    assert ended.code == 1
    assert 'Prismatic\'s segment.listSources has no input "fetchAll"' in ended.out
    assert "Prismatic's segment.createDestinationSubscription is broken: " in ended.out


def test_export_has_the_inputs_that_the_platform_lacks(command: Command) -> None:
    """The export describes this component, so nothing of it is left out."""
    exported = command("export", "prismatic-definition").json
    inputs = {entry["key"] for entry in exported["actions"]["listSources"]["inputs"]}

    assert "fetchAll" in inputs


def broken(tmp_path: Path) -> Path:
    return one_step(tmp_path, "getSource", {"sourceId": "=nothing.results"})


def test_problems_are_printed_as_json(command: Command, tmp_path: Path) -> None:
    ended = command("flow", "check", broken(tmp_path), "--format", "json")

    assert ended.code == 1
    assert ended.json[0].keys() == {"severity", "rule", "location", "flow", "step", "message", "hint"}


def test_problems_are_printed_as_github_annotations(command: Command, tmp_path: Path) -> None:
    file = broken(tmp_path)
    ended = command("flow", "check", file, "--format", "github")

    lines = file.read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "nothing.results" in text)
    message = 'Main / Do It: "nothing.results" refers to unknown step "nothing"%0A'
    assert ended.code == 1
    assert ended.out.startswith(f"::error file={file},line={line},title=unknown-step::{message}")
    assert len(ended.out.splitlines()) == 1


def test_annotation_escapes_the_file_name(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "50%, a:b.yaml"
    file.write_text("name: [")

    assert f"file={tmp_path}/50%25%2C a%3Ab.yaml,line=2," in command("flow", "check", file, "--format", "github").out


def test_problems_are_printed_as_sarif(command: Command, tmp_path: Path) -> None:
    file = broken(tmp_path).rename(tmp_path / "my flow.yaml")
    report = command("flow", "check", file, "--format", "sarif").json

    (run,) = report["runs"]
    (result,) = run["results"]
    (location,) = result["locations"]
    assert report["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"] == [{"id": "unknown-step"}]
    assert (result["ruleId"], result["level"]) == ("unknown-step", "error")
    assert result["message"]["text"].startswith('Main / Do It: "nothing.results" refers to unknown step "nothing"\n')
    assert location["physicalLocation"]["artifactLocation"] == {"uri": f"{tmp_path}/my%20flow.yaml"}
    start = location["physicalLocation"]["region"]["startLine"]
    assert "nothing.results" in file.read_text().splitlines()[start - 1]


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_missing_file_is_reported_without_a_line(command: Command, tmp_path: Path, form: str) -> None:
    ended = command("flow", "check", tmp_path / "missing.yaml", "--format", form)

    assert (ended.code, "line=" in ended.out, "startLine" in ended.out) == (1, False, False)
    assert "missing.yaml" in ended.out


@pytest.mark.parametrize(("form", "empty"), [("github", ""), ("json", "[]\n")])
def test_valid_flow_prints_nothing_to_annotate(command: Command, tmp_path: Path, form: str, empty: str) -> None:
    assert command("flow", "check", read_flow(tmp_path), "--format", form).out == empty


def test_steps_of_a_component_that_is_not_installed_are_one_note(command: Command, tmp_path: Path) -> None:
    document = yaml.safe_load(read_flow(tmp_path).read_text())
    steps = document["flows"][0]["steps"]
    post = {"action": {"key": "postMessage", "component": {"key": "slack"}}}
    steps += [{"name": "One", **post}, {"name": "Two", **post}]
    file = tmp_path / "notes.yaml"
    file.write_text(yaml.safe_dump(document))
    ended = command("flow", "check", file, "--target", "prismatic")

    note, total = ended.out.splitlines()
    assert (ended.code, total) == (0, "2 notes")
    assert note.endswith('One: not checked: component "slack" is not installed (2 steps)')
    assert command("flow", "run", file, "--sandbox").code == 2


def test_invalid_default_has_file_and_line(command: Command, tmp_path: Path) -> None:
    document = yaml.safe_load(read_flow(tmp_path).read_text())
    document["requiredConfigVars"].append({"key": "Size", "dataType": "number", "defaultValue": "big"})
    file = tmp_path / "default.yaml"
    file.write_text(yaml.safe_dump(document))
    problem, total = command("flow", "check", file).out.splitlines()

    line = re.fullmatch(
        rf'{re.escape(str(file))}:(\d+): error: default of "Size": must be a number, got "big"', problem
    )
    assert total == "1 error"
    assert line is not None
    assert "defaultValue: big" in file.read_text().splitlines()[int(line[1]) - 1]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("name: [", r"flow\.yaml:2:1: error: invalid YAML"),
        ("name: A\nname: B\n", r"flow\.yaml:2: error: .*name"),
        ("name: A\ndefinitionVersion: 7\nflows: 3\n", r"flow\.yaml:3: error: flows: must be a list"),
    ],
    ids=["no YAML", "a key twice", "a wrong shape"],
)
def test_broken_file_is_findings_with_lines(command: Command, tmp_path: Path, text: str, finding: str) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(text)
    ended = command("flow", "check", file)

    assert (ended.code, ended.err) == (1, "")
    assert re.search(finding, ended.out), ended.out


def test_missing_file_is_reported(command: Command, tmp_path: Path) -> None:
    ended = command("flow", "check", tmp_path / "missing.yaml")

    assert (ended.code, "cannot read the file: no such file" in ended.out) == (1, True)
    assert command("flow", "run", tmp_path / "missing.yaml").code == 2


def test_flow_that_the_file_has_not_is_wrong_usage(command: Command, tmp_path: Path) -> None:
    assert command("flow", "check", read_flow(tmp_path), "--flow", "Mian").code == 2


def test_new_flow_passes_the_check_and_runs(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "first.yaml"
    written = command("flow", "new", "--action", "listSources", "--output", file)

    assert (written.code, written.out, written.err) == (0, "", f"Wrote {file}\n")
    assert command("flow", "check", file, "--target", "prismatic").out == "No problems found.\n"
    assert command("flow", "run", file, "--sandbox").json["data"]["sources"]


def test_new_flow_goes_to_standard_output_and_never_over_a_file(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("mine")

    assert yaml.safe_load(command("flow", "new").out)["definitionVersion"] == 7
    assert command("flow", "new", "--output", file).code == 2
    assert file.read_text() == "mine"
    assert command("flow", "new", "--action", "listSorces").code == 2


def test_diff_lists_changes_and_exits_with_1(command: Command, tmp_path: Path) -> None:
    old = read_flow(tmp_path)
    new = tmp_path / "new.yaml"
    new.write_text(old.read_text().replace("name: Main", "name: Renamed"))
    ended = command("flow", "diff", old, new)

    assert (ended.code, ended.err) == (1, "")
    assert '- added flow "Renamed"\n' in ended.out
    assert command("flow", "diff", old, new, "--json").json[0].keys() == {"kind", "subject", "detail"}


def test_diff_of_equal_files_exits_with_0(command: Command, tmp_path: Path) -> None:
    file = read_flow(tmp_path)
    ended = command("flow", "diff", "-", file, stdin=file.read_text())

    assert (ended.code, ended.out) == (0, "No changes found.\n")


def test_diff_of_a_broken_file_is_an_error(command: Command, tmp_path: Path) -> None:
    assert command("flow", "diff", read_flow(tmp_path), tmp_path / "missing.yaml").code == 2


def test_flow_is_drawn_as_a_tree_and_as_mermaid(command: Command, tmp_path: Path) -> None:
    file = two_connections(tmp_path)

    assert "├─ List One (segment.listSources)\n" in command("flow", "show", file).out
    assert command("flow", "show", file, "--format", "mermaid").out.startswith("flowchart TD\n")


def test_drawing_with_a_trace_shows_what_ran(command: Command, tmp_path: Path) -> None:
    file, trace = two_connections(tmp_path), tmp_path / "trace.jsonl"
    command("flow", "run", file, "--sandbox", "--trace", trace)
    ended = command("flow", "show", file, "--trace", trace)

    assert re.search(r"List One \(segment.listSources\)  ✓  \d+\.\d\d s", ended.out)
    assert ended.out.splitlines()[-1].startswith("done in ")
    assert command("flow", "show", file, "--trace", file).code == 2


def test_every_flow_of_a_file_is_drawn(command: Command, tmp_path: Path) -> None:
    file = read_flow(tmp_path)
    document = yaml.safe_load(file.read_text())
    document["flows"].append({**document["flows"][0], "name": "Other"})
    file.write_text(yaml.safe_dump(document))

    both = command("flow", "show", file)
    assert (both.code, both.out.count("Trigger")) == (0, 2)
    assert command("flow", "show", file, "--flow", "Other").out.startswith("Other\n")
    assert command("flow", "show", file, "--format", "mermaid").code == 2
    assert command("flow", "run", file, "--sandbox").code == 2
    assert command("flow", "run", file, "--sandbox", "--flow", "Other").code == 0


def test_schema_accepts_the_examples_and_rejects_a_flow_without_steps(command: Command) -> None:
    schema = command("flow", "schema").json

    for file in EXAMPLES.glob("*.yaml"):
        jsonschema.validate(parse(file.read_text("utf-8")).data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "A", "definitionVersion": 7, "flows": [{"name": "B"}]}, schema)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_on_the_page_and_has_a_help(command: Command, name: str) -> None:
    assert f"`connector flow {name}" in PAGE
    ended = command("flow", name, "--help")
    assert (ended.code, "\\b" in ended.out) == (0, False)


def test_every_command_line_of_the_page_runs(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "changes.json").write_text(json.dumps([]))
    source = command("run", "listSources", "--sandbox", "--all", "--select", "$.id").json[0]
    (tmp_path / "source.json").write_text(json.dumps({"sourceId": source}))
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]

    assert len(lines) == 7
    for line in lines:
        runs = command("flow", "runs", "--json").json
        arguments = [runs[0]["id"] if text == "RUN" else text for text in line.partition(" > ")[0].split()[1:]]
        assert command(*arguments).code == 0, line

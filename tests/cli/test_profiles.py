"""`connector login`, `logout`, `profiles`, and `--profile`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, TOKEN, Command
from tests.cli.flows import read_flow, two_connections
from tests.support.server import LoopbackServer, ServerResponse

WORKSPACE = {"data": {"workspace": {"id": "1", "slug": "acme", "name": "Acme"}}}
PAGE: dict[str, Any] = {"data": {"sources": [], "pagination": {}}}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONNECTOR_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SEGMENT_API_KEY")
    return tmp_path / "config" / "config.toml"


@pytest.fixture
def local(config: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    """A service that no environment variable leads to."""
    monkeypatch.delenv("SEGMENT_BASE_URL")
    return server


def login(command: Command, server: LoopbackServer, *args: str, token: str = TOKEN) -> Any:
    server.answer(WORKSPACE)
    return command("login", *args, "--field", f"apiKey={token}", "--field", f"baseUrl={server.url}")


def test_login_tests_the_token_and_writes_a_private_profile(
    command: Command, local: LoopbackServer, config: Path
) -> None:
    ended = login(command, local, "eu")

    assert (ended.code, ended.out) == (0, "")
    assert 'Connected to workspace "Acme"' in ended.err
    assert f'Saved profile "eu" to {config}' in ended.err
    assert local.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert config.stat().st_mode & 0o777 == 0o600
    fields = {"apiKey": TOKEN, "baseUrl": local.url}
    eu = {"component": "segment", "connection": "apiKey", "fields": fields}
    assert tomllib.loads(config.read_text()) == {"profiles": {"eu": eu}}


def test_login_makes_an_existing_file_private_and_keeps_the_rest_of_it(
    command: Command, local: LoopbackServer, config: Path
) -> None:
    config.parent.mkdir()
    other = '[profiles.us.fields]\napiKey = "env:US_TOKEN"  # from the vault\n\n[other]\nkey = [1, 2]\n'
    config.write_text(f"# mine\n[profiles.eu.fields]\napiKey = 'old'\n{other}")
    config.chmod(0o644)
    login(command, local, "eu")

    text = config.read_text()
    assert text.startswith("# mine\n")
    assert other.strip() in text
    assert "'old'" not in text
    assert set(tomllib.loads(text)["profiles"]) == {"eu", "us"}
    assert config.stat().st_mode & 0o777 == 0o600


def test_file_that_login_cannot_edit_is_left_alone(command: Command, local: LoopbackServer, config: Path) -> None:
    config.parent.mkdir()
    config.write_text('profiles = {eu = {fields = {apiKey = "a"}}}\n')
    ended = login(command, local, "eu")

    assert (ended.code, "cannot change" in ended.err or "invalid TOML" in ended.err) == (3, True)
    assert config.read_text() == 'profiles = {eu = {fields = {apiKey = "a"}}}\n'


def test_login_writes_no_profile_when_the_token_is_rejected(
    command: Command, local: LoopbackServer, config: Path
) -> None:
    local.answer(ServerResponse({"errors": [{"message": "no"}]}, 401))
    ended = command("login", "--field", "apiKey=wrong", "--field", f"baseUrl={local.url}")

    assert (ended.code, config.exists()) == (4, False)


def test_login_without_a_terminal_names_the_option(command: Command, config: Path) -> None:
    ended = command("login", "eu")

    assert (ended.code, "Pass --field apiKey=env:VARIABLE" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["a b"], 'invalid profile name "a b"'),
        (["eu", "--field", "apikey=x"], 'unknown field "apikey"'),
        (["eu", "--field", "apiKey"], 'invalid --field "apiKey": expected NAME=VALUE'),
    ],
)
def test_login_rejects_invalid_names_and_fields(
    command: Command, local: LoopbackServer, config: Path, args: list[str], message: str
) -> None:
    ended = login(command, local, *args)

    assert (ended.code, local.requests, config.exists()) == (2, [], False)
    assert message in ended.err


def test_login_rejects_an_invalid_name_before_it_asks(command: Command, config: Path) -> None:
    ended = command("login", "a b")

    assert (ended.code, 'invalid profile name "a b"' in ended.err) == (2, True)


def test_profile_selects_the_connection(command: Command, local: LoopbackServer, config: Path) -> None:
    login(command, local, "eu")
    local.answer(PAGE)
    ended = command("run", "listSources", "--profile", "eu")

    assert (ended.code, local.requests[-1].headers["Authorization"]) == (0, f"Bearer {TOKEN}")


def test_profile_default_is_used_if_nothing_else_is_set(
    command: Command, local: LoopbackServer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(command, local, token="from-login")
    local.answer(WORKSPACE, WORKSPACE)
    by_profile = command("test-connection")
    monkeypatch.setenv("SEGMENT_API_KEY", TOKEN)
    monkeypatch.setenv("SEGMENT_BASE_URL", local.url)
    by_environment = command("test-connection")

    assert '(credentials: profile "default")' in by_profile.err
    assert "(credentials: SEGMENT_API_KEY)" in by_environment.err
    assert [request.headers["Authorization"] for request in local.requests[1:]] == [
        "Bearer from-login",
        f"Bearer {TOKEN}",
    ]


@pytest.mark.parametrize("kind", ["env", "file"])
def test_profile_resolves_references(
    command: Command, local: LoopbackServer, config: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    config.parent.mkdir()
    (config.parent / "token").write_text("tok-4712\n")
    monkeypatch.setenv("EU_TOKEN", "tok-4712")
    reference = {"env": "env:EU_TOKEN", "file": "file:token"}[kind]
    login(command, local, "eu", token=reference)

    assert local.requests[0].headers["Authorization"] == "Bearer tok-4712"
    assert "tok-4712" not in config.read_text()
    assert reference in command("profiles").out


@pytest.mark.parametrize(
    ("reference", "message"),
    [("env:NOT_SET", "environment variable NOT_SET is not set"), ("file:none", "cannot read none")],
)
def test_reference_without_a_value_is_named(
    command: Command, local: LoopbackServer, config: Path, reference: str, message: str
) -> None:
    config.parent.mkdir()
    config.write_text(f'[profiles.eu.fields]\napiKey = "{reference}"\n')
    ended = command("test-connection", "--profile", "eu")

    assert (ended.code, local.requests) == (3, [])
    assert f'profile "eu": apiKey: {message}' in ended.err


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ("[profiles.eu.fields]\n", 2, 'unknown profile "ue"\nDid you mean'),
        ("", 2, "Run `connector login ue` to create it."),
        ("[profiles", 3, "invalid TOML in"),
        ("profiles = 1", 3, '"profiles" must be a table'),
        ("[profiles.ue]\ncomponent = 1\n[profiles.ue.fields]", 3, "component: must be a string"),
        ("[profiles.ue]\nfeilds = {}", 3, 'profile "ue" has no table [profiles.ue.fields]'),
        ('[profiles.ue]\ncomponent = "other"\n[profiles.ue.fields]', 3, 'is for component "other", not "segment"'),
    ],
)
def test_profile_that_cannot_be_used_is_named(
    command: Command, config: Path, content: str, code: int, message: str
) -> None:
    config.parent.mkdir()
    config.write_text(content)
    ended = command("test-connection", "--profile", "ue")

    assert ended.code == code
    assert message.replace("Did you mean", "") in ended.err.replace("Did you mean", "").replace("hint: ", "")


@pytest.mark.parametrize("kind", ["folder", "bytes"])
def test_profile_file_that_cannot_be_read_is_named(command: Command, config: Path, kind: str) -> None:
    config.parent.mkdir()
    if kind == "folder":
        config.mkdir()
    else:
        config.write_bytes(b"\xff")
    ended = command("profiles")

    assert (ended.code, f"cannot read {config}" in ended.err) == (3, True)


def test_profile_file_that_cannot_be_written_is_named(
    command: Command, local: LoopbackServer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.parent.write_text("a file, not a folder")
    monkeypatch.setenv("CONNECTOR_CONFIG_HOME", str(config.parent / "below"))
    ended = login(command, local, "eu")

    assert (ended.code, "cannot read" in ended.err or "cannot write" in ended.err) == (3, True)


def test_profile_of_a_component_that_is_not_installed_is_named(command: Command, config: Path) -> None:
    import connector

    config.parent.mkdir()
    config.write_text('[profiles.eu]\ncomponent = "other"\n[profiles.eu.fields]\ntoken = "x"\n')

    with pytest.raises(connector.errors.ComponentError, match='component "other" is not installed'):
        connector.Runner.from_profile("eu")
    assert command("profiles").out.splitlines()[1].split() == ["eu", "other", "token=***"]


def test_profile_without_a_component_is_of_the_bundled_one(local: LoopbackServer, config: Path) -> None:
    import connector

    config.parent.mkdir()
    config.write_text(f'[profiles.eu.fields]\napiKey = "x"\nbaseUrl = "{local.url}"\n')

    with connector.Runner.from_profile("eu") as runner:
        assert runner.component.key == "segment"


def test_config_folder_is_the_one_of_the_platform(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from connector.component.profiles import profiles_file

    home = {"XDG_CONFIG_HOME": "/xdg"}
    monkeypatch.setattr("sys.platform", "linux")
    assert profiles_file(home) == Path("/xdg/connector/config.toml")
    assert profiles_file({"XDG_CONFIG_HOME": "relative"}) == Path.home() / ".config/connector/config.toml"
    assert profiles_file({"CONNECTOR_CONFIG_HOME": "/own", **home}) == Path("/own/config.toml")
    monkeypatch.setattr("sys.platform", "darwin")
    assert profiles_file(home) == Path.home() / "Library/Application Support/connector/config.toml"


@pytest.mark.parametrize("other", [("--sandbox",), ("--connection", "c.json")])
def test_profile_beside_another_connection_is_rejected(
    command: Command, local: LoopbackServer, config: Path, other: tuple[str, ...]
) -> None:
    login(command, local, "eu")
    ended = command("run", "listSources", "--profile", "eu", *other)

    assert (ended.code, "cannot be used together" in ended.err, len(local.requests)) == (2, True, 1)


def test_profiles_lists_no_secret(command: Command, local: LoopbackServer, config: Path) -> None:
    login(command, local, "eu")
    listed = command("profiles")
    as_json = command("profiles", "--json").json

    assert listed.out.splitlines()[1].split()[:3] == ["eu", "segment", "apiKey"]
    assert as_json[0]["fields"] == {"apiKey": "***", "baseUrl": local.url}


def test_logout_removes_one_profile(command: Command, local: LoopbackServer, config: Path) -> None:
    login(command, local, "eu")
    login(command, local, "us")
    ended = command("logout", "eu")

    assert (ended.code, set(tomllib.loads(config.read_text())["profiles"])) == (0, {"us"})
    assert command("logout", "eu").code == 2
    assert command("logout", "us").code == 0
    assert "No profiles in" in command("profiles").err


def test_flow_uses_one_profile_for_all_connections_or_one_for_each(
    command: Command, local: LoopbackServer, config: Path, tmp_path: Path
) -> None:
    login(command, local, "eu", token="tok-eu")
    login(command, local, "us", token="tok-us")
    del local.requests[:]
    local.answer(PAGE, PAGE, PAGE)
    one = command("flow", "run", read_flow(tmp_path), "--profile", "eu")
    each = command("flow", "run", two_connections(tmp_path), "--profile", "One=us", "--profile", "Two=eu")

    assert (one.code, each.code) == (0, 0)
    assert [request.headers["Authorization"] for request in local.requests] == [
        "Bearer tok-eu",
        "Bearer tok-us",
        "Bearer tok-eu",
    ]


def test_flow_connection_is_not_set_by_profile_and_connection(
    command: Command, local: LoopbackServer, config: Path, tmp_path: Path
) -> None:
    login(command, local, "eu")
    file = tmp_path / "connection.json"
    file.write_text(json.dumps({"apiKey": "x"}))
    ended = command("flow", "run", two_connections(tmp_path), "--connection", f"One={file}", "--profile", "One=eu")

    assert (ended.code, '"One" is set by --connection and by --profile' in ended.err) == (2, True)


def test_runner_from_profile_calls_with_its_connection(command: Command, local: LoopbackServer, config: Path) -> None:
    import connector

    login(command, local, "eu")
    local.answer(PAGE)
    with connector.Runner.from_profile("eu", read_only=True) as runner:
        runner.invoke("listSources")

    assert runner.policy.read_only
    assert local.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    with pytest.raises(connector.errors.UnknownKeyError, match='unknown profile "us"'):
        connector.Runner.from_profile("us")


def test_runner_from_environment_reads_the_variables(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import connector

    server.answer(PAGE)
    with connector.Runner.from_environment() as runner:
        runner.invoke("listSources")

    assert server.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    monkeypatch.setenv("CONNECTOR_SANDBOX", "1")
    with pytest.raises(connector.errors.UsageError, match="CONNECTOR_SANDBOX is set"):
        connector.Runner.from_environment()


def test_login_asks_on_a_terminal_and_hides_the_token(local: LoopbackServer, config: Path) -> None:
    from tests.cli.test_terminal import run

    local.answer(WORKSPACE)
    code, _, screen = run(
        "login",
        "eu",
        "--field",
        f"baseUrl={local.url}",
        prompt=b"API Key:",
        typed=f"{TOKEN}\n".encode(),
        then=[(b"[api]:", b"eu1.api\n")],
        fresh=True,
    )

    assert (code, TOKEN in screen) == (0, False), screen
    assert "Region (api (US), eu1.api (EU)) [api]:" in screen
    profile = tomllib.loads(config.read_text())["profiles"]["eu"]
    assert profile["fields"] == {"apiKey": TOKEN, "region": "eu1.api", "baseUrl": local.url}


def test_file_on_the_page_about_credentials_is_valid(command: Command, config: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "credentials.md").read_text(encoding="utf-8")
    config.parent.mkdir()
    config.write_text(page.partition("```toml\n")[2].partition("```")[0])
    profiles = command("profiles", "--json").json

    assert [profile["name"] for profile in profiles] == ["default", "eu"]
    assert profiles[1]["fields"] == {"apiKey": "env:SEGMENT_EU_TOKEN", "region": "eu1.api"}


def test_login_says_what_it_replaced_without_the_token(command: Command, local: LoopbackServer, config: Path) -> None:
    login(command, local, "eu", token="sgp_before")
    local.answer(WORKSPACE)
    fields = ("--field", f"apiKey={TOKEN}", "--field", f"baseUrl={local.url}/")
    ended = command("login", "eu", *fields)
    assert f'Saved profile "eu" to {config}; replaced the earlier one, baseUrl "{local.url}"\n' in ended.err
    assert (ended.code, "sgp_before" in ended.err) == (0, False)

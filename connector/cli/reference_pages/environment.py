"""The page about environment variables and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connector.cli.sandbox_options import FAULTS
from connector.common.state_dir import DATABASE, STATE_HOME
from connector.component.credentials import SANDBOX, VARIABLES
from connector.component.profiles import CONFIG_HOME, FILE
from connector.describe.docs import NOTE

if TYPE_CHECKING:
    from connector.component.component import Component

SETTINGS = {
    VARIABLES[0]: 'The connection as JSON: `{"key", "fields"}`, or the fields alone. It wins over the variables below.',
    VARIABLES[1]: f"The same, as Prismatic sets it. `{VARIABLES[0]}` wins.",
    SANDBOX: "`1` uses the local sandbox for every command, a path the sandbox in that file. Real credentials are "
    "neither read nor sent.",
    FAULTS: "Faults that a sandbox of a command simulates, separated by spaces; see `connector sandbox serve --fault`.",
    "CONNECTOR_MANIFEST": "The `manifest.yaml` of another component; see `--manifest`.",
    "CONNECTOR_COMPONENT": "The key of an installed component; see `--component`.",
    "CONNECTOR_ERROR_FORMAT": "`text` or `json`; see `--error-format`.",
    DATABASE: "URL of the database of submitted runs; see `connector worker --database`. It can hold a password, which "
    "would be visible in the list of processes.",
    "CONNECTOR_SERVE_KEY": "Key that callers of `connector serve` pass, if there are no profiles. Default: a new one "
    "at each start.",
    "CONNECTOR_CALLBACK_TOKEN": "Token that `connector serve` sends with a callback.",
    STATE_HOME: "Folder for sandboxes, journals of runs, and persisted values.",
    CONFIG_HOME: "Folder for the profiles.",
}
LIBRARIES = {
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY": "Proxies of requests. Requests to loopback never use a proxy.",
    "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE": "File with the certificates to trust.",
    "NO_COLOR": "Turns off colors, tables, and progress bars.",
    "XDG_CONFIG_HOME, XDG_STATE_HOME": "Folders for configuration and state on Linux, if the variables above are not "
    "set.",
}
FILES = {
    f"CONFIG/{FILE}": "The profiles, with tokens or references to them. Written by `connector login`.",
    "STATE/COMPONENT/sandbox.sqlite": "The user's sandbox of a component. Written by every command with `--sandbox`.",
    "STATE/runs/RUN.jsonl": "The journal of a run. Written by `connector flow run`; read by `resume`, `undo`, and "
    "`runs`. It can hold inputs and results of steps.",
    "STATE/runs.sqlite": "The journals of submitted runs, unless another database is named. The queue and the locks "
    "are beside it. Written by `connector worker` and `connector flow run --submit`.",
    "STATE/bulk/RUN.jsonl": "The journal of a run of `connector run --each`, with the payloads of its rows. "
    "Deleted when every row is done.",
    "STATE/choices/": "IDs and names that the completion of a shell keeps for 30 s.",
    "STATE/state/": "Values that the steps of a flow persist for its next run, unless its journal is in a database.",
}


def environment_page(component: Component) -> str:
    """Return the page about environment variables and files, in Markdown."""
    from connector.component.connections import environment_names

    fields = {
        name: f"{each.label}. {each.comments}"
        for definition in component.connections.values()
        for (key, name), each in zip(
            environment_names(definition).items(), definition.fields.definitions().values(), strict=True
        )
        if key
    }
    lines = [NOTE, "", "# Environment variables and files", ""]
    lines += ["The command line and `Runner.from_environment()` read these variables. A `Runner` that you create with"]
    lines += ["a connection reads none of them.", "", "## Credentials", ""]
    lines += [*_rows("Variable", {**dict(list(SETTINGS.items())[:2]), **fields}), ""]
    lines += ["## Settings", "", *_rows("Variable", dict(list(SETTINGS.items())[2:])), ""]
    lines += ["## Read by libraries", "", *_rows("Variable", LIBRARIES), "", "## Files", ""]
    lines += [f"CONFIG is `${CONFIG_HOME}`, else `connector` in the user's configuration folder (`~/.config`,"]
    lines += [
        "`~/Library/Application Support`, or `%APPDATA%`). STATE is " + f"`${STATE_HOME}`, else `connector` in the"
    ]
    lines += ["user's state folder (`~/.local/state`, `~/Library/Application Support`, or `%LOCALAPPDATA%`)."]
    lines += ["All of these files are private to the user (mode 0600).", "", *_rows("File", FILES)]
    return "\n".join(lines) + "\n"


def _rows(title: str, rows: dict[str, str]) -> Iterator[str]:
    yield from (f"| {title} | Content |", "|---|---|")
    for names, text in rows.items():
        content = text.replace("|", "\\|")
        yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {content} |"

"""Install each built file in an environment of its own, and run the component from another folder.

python -m scripts.check_dist dist
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

SELECT = "$.data.data.sources[*].slug"


def main(folder: Path) -> None:
    """Check the wheel and the source distribution in a folder.

    Raises:
        SystemExit: If a file is missing, installs more than one name, or does not run.
    """
    files = sorted(file.resolve() for file in folder.iterdir() if file.suffix in {".whl", ".gz"})
    if sorted(file.suffix for file in files) != [".gz", ".whl"]:
        sys.exit(f"{folder} must have one wheel and one source distribution: {[file.name for file in files]}")
    for file in files:
        with tempfile.TemporaryDirectory() as temporary:
            check(file, Path(temporary))
        sys.stdout.write(f"{file.name} installs and runs\n")


def check(file: Path, folder: Path) -> None:
    """Install a file and run the component."""
    venv.create(folder / "environment", with_pip=True)
    python = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    # Nothing of the caller's environment or of the checkout may help.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["CONNECTOR_STATE_HOME"] = str(folder / "state")

    def run(*arguments: str) -> str:
        process = subprocess.run(
            [python, *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return process.stdout

    run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{file}[server]")
    names = {
        line.split("/")[0].strip()
        for line in run("-m", "pip", "show", "--files", "segment-connector").partition("Files:\n")[2].splitlines()
        if not line.strip().startswith("..")
    }
    names = {name for name in names if not name.endswith(".dist-info")}
    if names != {"connector"}:
        sys.exit(f"{file.name} puts more than one name into site-packages: {', '.join(sorted(names))}")
    run("-W", "error", "-c", "import connector; connector.load_component()")
    run("-m", "connector", "check")
    if not json.loads(run("-m", "connector", "run", "listSources", "--sandbox", "--select", SELECT)):
        sys.exit(f"{file.name} does not list the sources of the sandbox")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

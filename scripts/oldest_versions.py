"""Print pip constraints for the oldest versions that pyproject.toml allows: `python scripts/oldest_versions.py`."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1] / "pyproject.toml"

# The name, perhaps extras, the lower bound, and perhaps an upper bound or a marker behind it.
BOUNDED = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,]+\])?\s*>=\s*(?P<version>[\d.]+)(?:,[^;]*)?(?P<marker>;.*)?")


def constraints(project: dict[str, Any]) -> list[str]:
    """Return one constraint for each requirement that has a lower bound, in the project and in its extras."""
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]
    matches = [BOUNDED.fullmatch(requirement) for requirement in requirements]
    return sorted({f"{match['name']}=={match['version']}{match['marker'] or ''}" for match in matches if match})


if __name__ == "__main__":
    sys.stdout.write("\n".join(constraints(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"])) + "\n")

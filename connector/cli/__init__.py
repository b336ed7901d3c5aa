"""The command `connector`: everything that the package does, from a shell.

Standard output holds what was asked for and nothing else; messages go to standard error. Exit codes: 0 done,
1 findings of a check or our own fault, 2 wrong usage or inputs, 3 connection or set-up, 4 the API refused,
5 try later, 6 a write whose outcome is unknown, 130 and 143 on signals, 141 when nobody reads the output on.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]

START_UP_THRESHOLDS = (50_000, 20, 20)
"""Importing makes many objects and no garbage: looking for it less often shortens the start by a twentieth."""


def main(args: Sequence[str] | None = None) -> int:
    """Run one command, by default the process's own, and answer its exit code.

    No error, signal or closed pipe ends in a traceback.
    """
    import gc
    import sys

    thresholds = gc.get_threshold()
    gc.set_threshold(*START_UP_THRESHOLDS)
    try:
        from connector.cli.exit_codes import run

        return run(list(sys.argv[1:] if args is None else args))
    finally:
        gc.set_threshold(*thresholds)
        if args is None:
            # the process is about to end: searching all that it holds for garbage would only take time
            gc.freeze()

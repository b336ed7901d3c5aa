"""The command `connector`: everything that the package does, from a shell.

Only the result goes to standard output; messages go to standard error. Exit codes: 0 success, 1 problems found by a
check, or an internal error, 2 invalid usage or input, 3 setup or connection, 4 rejected by the API, 5 temporary
failure, 6 a write with an unknown outcome, 130 and 143 on signals, 141 if the reader of the output is gone.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]

START_UP_THRESHOLDS = (100_000, 20, 20)
"""Importing makes many objects and no garbage: looking for it less often shortens the start by a twentieth."""


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line, by default the one of the process, and return its exit code.

    No error, signal or closed pipe ends in a traceback.
    """
    import gc
    import sys

    thresholds = gc.get_threshold()
    gc.set_threshold(*START_UP_THRESHOLDS)
    try:
        from connector.cli.exit_codes import run

        return run(list(sys.argv[1:] if args is None else args))
    except KeyboardInterrupt:
        # An interrupt during the imports: `run` handles all later ones.
        sys.stderr.write("interrupted\n")
        return 130
    finally:
        gc.set_threshold(*thresholds)
        if args is None:
            # The process is about to end: searching all its objects for garbage would only take time.
            gc.freeze()

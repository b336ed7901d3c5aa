"""The program `connector`, run by a process that has imported everything: each command is a fork of it.

Starting Python and importing takes longer than what most commands of a page of the docs do. Tests whose subject is the
process itself (its start, its imports, signals, a terminal) run `python -m connector` instead.
"""

from __future__ import annotations

import atexit
import gc
import marshal
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIENT = """\
#!{python} -IS
import _signal, _socket, marshal, os, sys

connection = _socket.socket(_socket.AF_UNIX)
connection.connect({address!r})
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
connection.sendmsg([b"x"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
connection.sendall(marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ))))
connection.shutdown(_socket.SHUT_WR)
process = int.from_bytes(connection.recv(4), "big")
for number in (_signal.SIGINT, _signal.SIGTERM):
    _signal.signal(number, lambda number, frame: os.kill(process, number))
ended = connection.recv(4)
sys.exit(int.from_bytes(ended, "big", signed=True) if ended else 70)
"""


@contextmanager
def prepared_program() -> Iterator[Path]:
    """Start the process, and write the program that hands it each command line."""
    with tempfile.TemporaryDirectory(prefix="connector-") as folder:
        address, program = f"{folder}/socket", Path(folder, "connector")
        program.write_text(CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
        program.chmod(0o755)
        command = [sys.executable, "-m", "tests.support.prepared", address]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            try:
                yield program
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def serve(address: str) -> None:
    """Import everything, then run each command line that arrives."""
    import connector

    for package in ("cli", "common", "component", "describe", "flows", "journal", "rest", "sandbox_kit", "testing"):
        path = [str(ROOT / "connector" / package)]
        for module in pkgutil.walk_packages(path, f"connector.{package}.", onerror=str):
            with suppress(ImportError, connector.ConnectorError):  # of an extra that is not installed
                import_module(module.name)
    connector.load_component()
    gc.freeze()  # a collector that visits all objects would copy the memory that the forks share
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        # Standard input ends with the process that started this one, however that ends.
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    answer(connection)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def answer(connection: socket.socket) -> None:
    """Run one command line in the folder, with the environment and the streams of the caller, and pass on its end."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    received = b"".join(iter(partial(connection.recv, 65536), b""))
    arguments, folder, environment = marshal.loads(received)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    process = os.fork()
    if process == 0:
        connection.close()
        run(arguments)
    connection.sendall(process.to_bytes(4, "big"))
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    connection.sendall(code.to_bytes(4, "big", signed=True))
    os._exit(0)


def run(arguments: list[str]) -> None:
    """Do as the installed program does."""
    from connector.cli import main

    code = 1

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    # To take the interpreter down would free, and so copy, all that the forks share: more work than most commands are.
    atexit.register(end)
    sys.argv = ["connector", *arguments]
    code = main()
    sys.exit()


if __name__ == "__main__":
    serve(*sys.argv[1:])

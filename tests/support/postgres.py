"""A PostgreSQL server on loopback, of the programs that the system has."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PROGRAMS = ("initdb", "postgres", "pg_isready")
MISSING = "PostgreSQL is not installed"


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, if there is one."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("pg_isready")
    candidates = [*folders, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in candidates if all((folder / name).exists() for name in PROGRAMS)), None)


class PostgresServer:
    """A server with an empty database, which can be restarted."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = folder
        self._bin = bin_folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        # PostgreSQL refuses to run as root.
        self._user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        if self._user:
            shutil.chown(folder, "postgres", "postgres")
        command = [
            str(bin_folder / "initdb"),
            "-D",
            str(folder / "data"),
            "-A",
            "trust",
            "-U",
            "connector",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **self._user)
        # Roles in this group need their password.
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text(f"host all +guarded 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://connector@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = [f"-cport={self.port}", "-clisten_addresses=127.0.0.1", f"-cunix_socket_directories={self.folder}"]
        command = [str(self._bin / "postgres"), "-D", str(self.folder / "data"), *options, "-cfsync=off"]
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._user)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            check = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(check, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Stop at once, as a crash does."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: an immediate shutdown
            self._process.wait(30)
            self._process = None

    @contextmanager
    def running(self) -> Iterator[PostgresServer]:
        self.start()
        try:
            yield self
        finally:
            self.stop()


@contextmanager
def postgres_server(bin_folder: Path) -> Iterator[PostgresServer]:
    """Run a server with an empty database in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        with PostgresServer(folder, bin_folder).running() as server:
            yield server
    finally:
        with suppress(OSError):
            shutil.rmtree(folder)

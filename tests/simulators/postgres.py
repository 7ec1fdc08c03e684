"""A PostgreSQL server of one's own: in a temporary folder, on a free loopback port, not as root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import psycopg

START_TIMEOUT_S = 30.0


class PostgresServer:
    """Started by ``with``; ``database()`` makes a fresh, empty database and returns its URL.

    ``durable``: what is committed survives a power cut, as a bureau's must. Tests do without.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._programs = _programs()
        # The server refuses to run as root; any other user does.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="kiosk-postgres-"))
        self._made = 0
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]

    def __enter__(self) -> PostgresServer:
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        data = self._folder / "data"
        self._run("initdb", "-D", str(data), "-U", "kiosk", "-A", "trust", "--no-sync", "-E", "UTF8")
        hasty = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
        self._server = subprocess.Popen(
            [
                *(self._programs / "postgres", "-D", data, "-p", str(self._port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"),
                *(() if self._durable else hasty),
            ],
            user=self._user,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                psycopg.connect(self._url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    self._stop()
                    raise
                time.sleep(0.05)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def database(self) -> str:
        self._made += 1
        name = f"back_office_{self._made}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
        return self._url(name)

    @property
    def pid(self) -> int:
        """The process that all others of the server descend from."""
        return self._server.pid

    def _url(self, database: str) -> str:
        return f"postgresql://kiosk@127.0.0.1:{self._port}/{database}"

    def _stop(self) -> None:
        self._server.send_signal(signal.SIGINT)  # its "fast" shutdown: waits for no client
        self._server.wait(timeout=START_TIMEOUT_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            cwd=self._folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _programs() -> Path:
    """Return the folder with ``initdb`` and ``postgres``; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    if program is None:
        raise FileNotFoundError("PostgreSQL's server programs are missing: apt-get install postgresql")
    return Path(program).resolve().parent

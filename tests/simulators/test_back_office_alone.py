"""The back office as a program of its own: two processes on PostgreSQL, one on SQLite, its wrong starts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators.back_office.__main__ import main
from tests.simulators.postgres import PostgresServer

PATIENCE_S = 120.0
TOKEN = "a token for tests"
OFFICER = """
[[officers]]
login = "wang"
name = "王"
station = "33021201"
roles = ["accepting"]
password = "first 1"
"""


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "BACK_OFFICE_TOKEN": TOKEN}
    command = [sys.executable, "-m", "simulators.back_office", *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)


def _ask(method: str, url: str, **options: Any) -> requests.Response:
    """Ask until somebody answers."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return requests.request(method, url, timeout=5, **options)
        except requests.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_it_serves_kiosks_and_officers_until_it_is_told_to_end(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "officers.toml"
    file.write_text(OFFICER)
    where, processes = f"sqlite:///{tmp_path / 'office.db'}", "1"
    if database == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        where, processes = server.database(), "2"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    started = ("--port", str(port), "--workers", processes, "--personas", "--officers", str(file))
    program = _start("--database", where, *started)
    try:
        url = f"http://127.0.0.1:{port}/v1"
        kiosk = {"Authorization": f"Bearer {TOKEN}"}
        assert _ask("GET", f"{url}/health", headers=kiosk).json()["ready"] is True
        person = {"kiosk": "K1", "id_number": "330212198104129928"}
        assert _ask("POST", f"{url}/progress/mine", headers=kiosk, json=person).json() == {"cases": []}
        log_in = {"login": "wang", "password": "first 1"}
        assert _ask("POST", f"{url}/office/login", json=log_in).json()["roles"] == ["accepting"]
        assert _ask("GET", f"http://127.0.0.1:{port}/office/").status_code == 200
    finally:
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=PATIENCE_S)
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "token", "complaint"),
    [
        (("--database", "sqlite:///x"), "", "BACK_OFFICE_TOKEN is not set"),
        (("--database", "sqlite:///x", "--workers", "2"), TOKEN, "several processes need PostgreSQL"),
    ],
)
def test_a_wrong_start_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    token: str,
    complaint: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["office", *arguments])
    monkeypatch.setenv("BACK_OFFICE_TOKEN", token)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err

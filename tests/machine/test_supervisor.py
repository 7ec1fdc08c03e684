"""What systemd hears of a kiosk: ready, alive, stopping; and nothing without it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kiosk.supervisor import Supervisor


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told_what_happens(tmp_path: Path, abstract: bool) -> None:
    name = f"@kiosk-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name[1:] if abstract else name)
        heard.settimeout(2)
        supervisor = Supervisor({"NOTIFY_SOCKET": name})
        supervisor.ready()
        supervisor.status("in service")
        supervisor.alive()
        supervisor.stopping()
        assert [heard.recv(100) for _ in range(4)] == [
            b"READY=1",
            b"STATUS=in service",
            b"WATCHDOG=1",
            b"STOPPING=1",
        ]
        supervisor.close()


def test_one_that_does_not_listen_holds_nobody(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(address)
        supervisor = Supervisor({"NOTIFY_SOCKET": address})
        for _ in range(5000):
            supervisor.alive()
        supervisor.close()


def test_without_one_nothing_happens() -> None:
    supervisor = Supervisor({})
    supervisor.ready()
    supervisor.close()

"""Debian's real ``upsd`` with its ``dummy-ups`` driver, in a folder and on a port of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

START_S: Final = 20.0
PROGRAMS: Final = Path("/lib/nut")  # /usr/sbin/upsd is a wrapper that obeys the machine's own settings
PASSWORD: Final = "bench"


class NutServer:
    """Started by ``with``; ``set`` changes a variable of the UPS ``kiosk`` at once."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._last = "{}: {}\n".format(*max(variables.items()))
        self._running: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        device = folder / "kiosk.dev"
        files = {
            "nut.conf": "MODE=standalone\n",
            "ups.conf": f"[kiosk]\n driver = dummy-ups\n port = {device}\n",
            "upsd.conf": f"LISTEN 127.0.0.1 {self.port}\nMAXAGE 2\n",
            "upsd.users": f"[bench]\n password = {PASSWORD}\n actions = SET\n instcmds = ALL\n",
            device.name: "".join(f"{name}: {value}\n" for name, value in variables.items()),
        }
        for name, text in files.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(text)

    def __enter__(self) -> NutServer:
        as_me = ("-u", "root") if os.geteuid() == 0 else ()
        places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH")
        self._env = {**os.environ, **dict.fromkeys(places, str(self._folder))}
        self._start("dummy-ups", "-a", "kiosk", "-x", "mode=dummy-once", *as_me, "-D")
        self._start("upsd", *as_me, "-D")
        deadline = time.monotonic() + START_S
        while self._last not in self.upsc().stdout:
            if time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("upsd does not serve")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def upsc(self) -> subprocess.CompletedProcess[str]:
        return self._run("upsc", f"kiosk@127.0.0.1:{self.port}")

    def set(self, name: str, value: str) -> None:
        """Change a variable and wait until the server tells it."""
        address = f"kiosk@127.0.0.1:{self.port}"
        done = self._run("upsrw", "-w", "-s", f"{name}={value}", "-u", "bench", "-p", PASSWORD, address)
        assert done.returncode == 0, done.stderr
        deadline = time.monotonic() + START_S
        while f"{name}: {value}\n" not in self.upsc().stdout:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop_driver(self) -> None:
        """End ``dummy-ups``: the server then has lost the UPS."""
        self._end(self._running.pop(0))

    def stop(self) -> None:
        while self._running:
            self._end(self._running.pop())

    def _start(self, program: str, *arguments: str) -> None:
        with (self._folder / f"{program}.log").open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    [PROGRAMS / program, *arguments],
                    env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )
            )  # fmt: skip

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self._env, capture_output=True, text=True, timeout=START_S, check=False
        )

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(START_S)

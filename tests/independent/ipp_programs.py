"""CUPS' own programs: ``ippeveprinter`` as the other end of our driver, ``ipptool`` for our simulator."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

import requests

START_S: Final = 20.0
SUITES: Final = Path("/usr/share/cups/ipptool")
COMMAND: Final = """\
#!/bin/sh
# What the printer does with a document: keep it, say what the test wants said, go on when told to.
folder=$(dirname "$0")
cp "$1" "$folder/printed-$IPP_JOB_ID"
[ ! -f "$folder/says" ] || cat "$folder/says" >&2
while [ -f "$folder/hold" ]; do sleep 0.02; done
echo "ATTR: job-impressions-completed=2" >&2
[ ! -f "$folder/fails" ]
"""


class EvePrinter:
    """A printer that takes PDF, on a free port, with a D-Bus of its own; started by ``with``.

    It refuses to start without a message bus, and takes an empty one. While the file ``hold`` is in its
    folder a job stays in progress; with ``fails`` it is given up; ``says`` are lines for its state.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"ipp://localhost:{self.port}/ipp/print"

    def __enter__(self) -> EvePrinter:
        bus = f"unix:path={self.folder}/bus"
        self._start("dbus-daemon", "--session", "--nofork", f"--address={bus}")
        self._until(lambda: (self.folder / "bus").exists())
        command = self.folder / "command"
        command.write_text(COMMAND)
        command.chmod(0o755)
        self._start(
            "ippeveprinter", "-p", str(self.port), "-n", "localhost", "-d", str(self.folder),
            "-c", str(command), "-f", "application/pdf", "-r", "off", "Laser",
            DBUS_SYSTEM_BUS_ADDRESS=bus,
        )  # fmt: skip
        self._until(self._listens)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._running:
            process = self._running.pop()
            process.send_signal(signal.SIGTERM)
            process.wait(START_S)

    def set_media(self, sheets: int) -> None:
        """Put A4 into both trays, so many sheets. (Trays without a size cannot be filled again.)"""
        trays = {f"size{n}": "iso_a4_210x297mm" for n in (1, 3)} | {f"type{n}": "stationery" for n in (1, 3)}
        self._page("media", trays | {f"level{n}": str(sheets) for n in (1, 3)})

    def set_supplies(self, percent: int) -> None:
        """Say how full waste tank (never) and toner are."""
        self._page("supplies", {"supply0": "0", "supply1": str(percent)})

    def _page(self, name: str, values: dict[str, str]) -> None:
        answer = requests.get(f"http://localhost:{self.port}/{name}", params=values, timeout=START_S)
        assert "updated" in answer.text

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _start(self, program: str, *arguments: str, **env: str) -> None:
        with (self.folder / f"{program}.log").open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    [program, *arguments],
                    env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )
            )  # fmt: skip

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_S
        while not done():
            if time.monotonic() > deadline or self._running[-1].poll() is not None:
                self.__exit__(None, None, None)
                raise RuntimeError("ippeveprinter does not start")
            time.sleep(0.02)


def suites(folder: Path, document: bytes) -> None:
    """Copy CUPS' suites, with the documents that they name, into ``folder``.

    The second suite includes the first, and has a definition in which Debian's ``ipptool`` 2.4.2 loops for
    ever: both are taken out, a shorter definition stands in its place.
    """
    shutil.copy(SUITES / "ipp-1.1.test", folder)
    text = (SUITES / "ipp-2.0.test").read_text()
    text = re.sub(r"^(INCLUDE|DEFINE MEDIA_REGEX) .*$", "", text, flags=re.MULTILINE)
    size = 'DEFINE MEDIA_REGEX "/^(iso|jis|na|prc)_[a-z0-9-]+_[0-9.]+x[0-9.]+(mm|in)$$/"'
    (folder / "ipp-2.0.test").write_text(f"{size}\n{text}")
    for name in set(re.findall(r"^\s*FILE ([\w.-]+)$", (SUITES / "ipp-1.1.test").read_text(), re.MULTILINE)):
        (folder / name).write_bytes(document)
    (folder / "document.pdf").write_bytes(document)


def ipptool(folder: Path, url: str, suite: str, version: str) -> dict[str, str]:
    """Run a suite to its end; return the verdict of each test by its name."""
    done = subprocess.run(
        ["ipptool", "-tI", "-d", "NOPRINT=1", "-V", version, "-f", "document.pdf", url, suite],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    found = re.findall(r"^    (\S.*?)\s+\[(PASS|FAIL|SKIP)\]$", done.stdout, re.MULTILINE)
    # A name can come more than once: then the worse verdict counts.
    verdicts: dict[str, str] = {}
    for name, verdict in found:
        if verdicts.get(name) != "FAIL":
            verdicts[name] = verdict
    return verdicts

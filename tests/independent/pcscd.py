"""A pcscd of our own: its configuration, its run folder, its socket; nothing of the machine's is touched."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from types import TracebackType

READY_S = 10.0


class Pcscd:
    """Debian's PC/SC daemon with one reader, in a mount namespace where /run is empty and its own.

    Its clients find it by the environment variable ``PCSCLITE_CSOCK_NAME`` = ``socket``.
    """

    def __init__(self, folder: Path, configuration: str) -> None:
        readers = folder / "reader.conf.d"
        readers.mkdir()
        (readers / "simulated").write_text(configuration)
        alone = ["unshare", "--mount"]
        if os.geteuid() != 0:
            alone += ["--user", "--map-root-user"]
        self._log = folder / "pcscd.log"
        start = (
            f"mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec pcscd --foreground --config '{readers}'"
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([*alone, "sh", "-c", start], stdout=log, stderr=log)
        self.socket = Path("/proc", str(self._process.pid), "root", "run", "pcscd", "pcscd.comm")

    def __enter__(self) -> Pcscd:
        deadline_s = time.monotonic() + READY_S
        while not self.socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self._stop()
                raise RuntimeError(f"pcscd does not start: {self._log.read_text()}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

"""The bench as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulators.control_client import World


class BenchProcess:
    """Started at once; ``summary`` is what it says when it is ready. Raises ``RuntimeError``."""

    def __init__(self, state: Path, level: str, seed: int, options: Sequence[str] = ()) -> None:
        state.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "simulators", "--state", str(state)]
        self._process = subprocess.Popen(
            [*command, "--level", level, "--seed", str(seed), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the bench ended with {self._process.wait()}")
        self.summary: dict[str, Any] = json.loads(line)
        self.world = World(self.summary["control"], self.summary["token"])
        self.site = Path(self.summary["site"])

    def stop(self) -> None:
        """End the bench in order."""
        self._process.terminate()
        self._process.wait(15)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> BenchProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

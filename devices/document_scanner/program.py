"""A program as a link: its options are written, and what became of the run is read.

So a run can be recorded and replayed as any wire. A request is ``[most bytes, [option, …]]`` as a line of
JSON; the answer is the line ``[code, messages, size]`` and ``size`` bytes, the program's own output. The code
is None for a program that wrote more than the most bytes and was ended.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from devices.byte_link import LinkLost

_CHUNK: Final = 1 << 16
_MOST_WORDS: Final = 1 << 14
_END_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a run: its exit code (None: ended, it wrote too much), messages, and output."""

    code: int | None
    words: str
    data: bytes


def request(options: Sequence[str], most_bytes: int) -> bytes:
    """Return what is to be written for a run."""
    return json.dumps([most_bytes, list(options)]).encode() + b"\n"


def whole(heard: bytes) -> Run | None:
    """Return the run that an answer tells, None while more of it must come."""
    head, newline, data = heard.partition(b"\n")
    if not newline:
        return None
    code, words, size = json.loads(head)
    return Run(code, words, data[:size]) if len(data) >= size else None


class ProgramLink:
    """Runs ``program``; ``environment`` is added to that of the kiosk."""

    def __init__(self, program: str, environment: Mapping[str, str] | None = None) -> None:
        self.url = f"program:{program}"
        self._program = program
        self._environment = {**os.environ, "LC_ALL": "C", **(environment or {})}
        self._running: subprocess.Popen[bytes] | None = None
        self._most_bytes = 0
        self._answer = b""

    def open(self) -> None:
        """Forget the last run; that there is no such program shows when it is to run."""
        self.close()

    def close(self) -> None:
        """End a program that still runs."""
        if self._running is not None:
            self._running.kill()
            self._running.communicate()
        self._running, self._answer = None, b""

    def write(self, data: bytes) -> None:
        """Start a run; raises ``LinkLost`` when there is no such program."""
        self.close()
        self._most_bytes, options = json.loads(data)
        try:
            self._running = subprocess.Popen(
                [self._program, *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
            )
        except OSError as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return a part of the answer, ``b""`` when the run has not ended within ``timeout_s``."""
        if self._running is not None and (run := self._ended(self._running, timeout_s)) is not None:
            self.close()
            head = json.dumps([run.code, run.words, len(run.data)]).encode()
            self._answer = head + b"\n" + run.data
        part, self._answer = self._answer[:size], self._answer[size:]
        return part

    def discard_input(self) -> None:
        self.close()

    def _ended(self, running: subprocess.Popen[bytes], timeout_s: float) -> Run | None:
        """Read both outputs to their ends; of the messages the last ``_MOST_WORDS`` bytes are kept.

        A run that does not end in time is ended, and None returned.
        """
        deadline_s = time.monotonic() + timeout_s
        data, words = bytearray(), bytearray()
        with selectors.DefaultSelector() as selector:
            for pipe, kept in ((running.stdout, data), (running.stderr, words)):
                assert pipe is not None
                selector.register(pipe, selectors.EVENT_READ, kept)
            while selector.get_map():
                for key, _ in selector.select(max(0.0, deadline_s - time.monotonic())):
                    piece = os.read(key.fd, _CHUNK)
                    key.data.extend(piece)
                    if not piece:
                        selector.unregister(key.fileobj)
                if len(data) > self._most_bytes:
                    return Run(None, "", b"")
                if selector.get_map() and time.monotonic() > deadline_s:
                    self.close()
                    return None
                del words[:-_MOST_WORDS]
        with suppress(subprocess.TimeoutExpired):
            return Run(running.wait(_END_S), words.decode("utf-8", "replace"), bytes(data))
        self.close()
        return None

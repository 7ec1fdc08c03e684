"""A kiosk under test: its process, and the debug link on which it tells its pages."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

START_S = 30.0
ANSWER_S = 40.0
"""A busy machine takes its time, and some questions move a device."""


class KioskGone(Exception):
    """The kiosk's process ended, or hung up."""


class Process(Protocol):
    """A process that was begun here, as ``subprocess`` has them."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal; None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended; raises ``subprocess.TimeoutExpired``."""
        ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


Launch = Callable[[Sequence[str], Mapping[str, str], int], Process]
"""Begins a kiosk: with these arguments, this environment beside our own, its words to this descriptor."""


def interpreter(arguments: Sequence[str], environment: Mapping[str, str], words: int) -> Process:
    """Begin a kiosk in a Python of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "kiosk", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        env={**os.environ, **environment},
    )


class KioskProcess:
    """One run of the kiosk on a bench's site file. ``spawned_s`` is when it was begun (monotonic)."""

    launch: ClassVar[Launch] = interpreter
    """How all of them are begun. Tests know a quicker way."""

    def __init__(
        self,
        site: Path,
        *,
        headless: bool,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.state = site.parent
        self._debug_file = self.state / "debug.json"
        self._debug_file.unlink(missing_ok=True)
        self._errors = (self.state / "kiosk.stderr").open("ab")
        arguments = ["--site", str(site), "run", *options, *(["--headless"] if headless else ())]
        self.spawned_s = time.monotonic()
        self._process = type(self).launch(arguments, environment or {}, self._errors.fileno())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def died(self, timeout_s: float = 5.0) -> int | None:
        """Wait for its end and return the exit code, None when it goes on living."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        return self.exit_code

    def connect(self, timeout_s: float = START_S) -> KioskLink:
        """Wait for the debug link and connect; raises ``KioskGone``."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if self.exit_code is not None:
                break
            try:
                return KioskLink(int(json.loads(self._debug_file.read_text())["port"]))
            except (OSError, ValueError, KeyError):
                time.sleep(0.01)
        raise KioskGone(f"exit code {self.exit_code}: {self.last_words()}")

    def last_words(self) -> str:
        """Return the end of what the process wrote to its standard error."""
        self._errors.flush()
        return (self.state / "kiosk.stderr").read_text(errors="replace")[-2000:]

    def kill(self) -> None:
        """Cut its power: SIGKILL."""
        self._process.kill()
        self._process.wait()

    def stop(self, timeout_s: float = 10.0) -> int:
        """End it in order (SIGTERM); returns its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        code = self._process.wait()
        self._errors.close()
        return code


class KioskLink:
    """The debug link: lines of JSON both ways."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._buffer = b""
        self._waiting: list[dict[str, Any]] = []

    def next(self, timeout_s: float) -> dict[str, Any] | None:
        """Return the next message, None when none comes in time; raises ``KioskGone``."""
        if self._waiting:
            return self._waiting.pop(0)
        return self._read(timeout_s)

    def newest(self) -> dict[str, Any] | None:
        """Return a message that has already come, without waiting."""
        return self.next(0.0)

    def answer(self, page: int, action: str, value: Any = None) -> None:
        """Answer a page."""
        self._write({"answer": {"page": page, "action": action, "value": value}})

    def ask(self, question: str, timeout_s: float = ANSWER_S) -> Any:
        """Ask ``layout``, ``frames`` or ``status``; pages that come meanwhile are kept for ``next``.

        Raises ``KioskGone`` at once when the kiosk has ended, else when no answer comes in time.
        """
        self._write({"ask": question})
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            message = self._read(left_s)
            if message is None:
                break
            if question in message:
                return message[question]
            self._waiting.append(message)
        raise KioskGone(f"no answer to {question}")

    def begin_now(self) -> None:
        """Forget what came so far; the page shown now comes next."""
        page = self.ask("shown")
        self._waiting = [{"page": page}] if page is not None else []

    def hang_up(self) -> None:
        """End the connection from another thread: who waits for a message gets ``KioskGone``."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()

    def _write(self, message: Mapping[str, Any]) -> None:
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise KioskGone(str(error)) from error

    def _read(self, timeout_s: float) -> dict[str, Any] | None:
        deadline_s = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            left_s = deadline_s - time.monotonic()
            self._socket.settimeout(max(left_s, 0.000_001))
            try:
                data = self._socket.recv(65536)
            except (TimeoutError, BlockingIOError):
                return None
            except OSError as error:
                raise KioskGone(str(error)) from error
            if not data:
                raise KioskGone("the kiosk hung up")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message

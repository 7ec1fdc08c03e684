"""One child process and the socket to it, seen from the kiosk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from kiosk import forgetting
from kiosk.matching import wire
from kiosk.matching.decisions import MatcherMisconfigured
from kiosk.matching.memory import wipe
from kiosk.matching.wire import Pixels

_ROOT: Final = Path(__file__).parents[2]
_SOCKET_BUFFER: Final = 1 << 20
_STOP_S: Final = 1.0

# No copy of a face or print stays in the heap; one thread a library, so that the other core is the window's.
_ENVIRONMENT: Final = {
    **forgetting.ENVIRONMENT,
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_INHERITED: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")


class Child:
    """A started child. Its socket carries one exchange at a time and copies no picture on this side."""

    def __init__(self, process: asyncio.subprocess.Process, connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        self._number = 0
        self.warm = False
        """Whether all engines are loaded; until then any answer may take as long as a start."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def spawn(cls, command: Sequence[str], config: Path) -> Child:
        """Start ``command`` with its options; raises ``OSError``."""
        ours, theirs = socket.socketpair()
        try:
            ours.setblocking(False)
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
            process = await asyncio.create_subprocess_exec(
                *command,
                "--fd",
                str(theirs.fileno()),
                "--parent",
                str(os.getpid()),
                "--config",
                str(config.absolute()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                cwd=_ROOT,
                env={name: os.environ[name] for name in _INHERITED if name in os.environ} | _ENVIRONMENT,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, ours)

    async def greeting(self) -> None:
        """Wait until the engines are loaded; raises ``MatcherMisconfigured``, ``WireError``, ``OSError``."""
        self._result(await self._read(), 0)

    async def exchange(self, op: str, arrays: Sequence[Pixels]) -> Any:
        """Send a request and return its result.

        Raises ``Declined``, ``MatcherMisconfigured``; ``WireError`` and ``OSError`` when the child has
        to go. A call that is cancelled leaves the stream in the middle: the child has to go, too.
        """
        self._number += 1
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._connection, wire.request(self._number, op, arrays))
        for array in arrays:
            await self._send(array)
        return self._result(await self._read(), self._number)

    async def end(self, at_once: bool) -> None:
        """Shut the socket, upon which a healthy child exits; else, or ``at_once``, kill it. Reaps it.

        A call still waiting on the socket is woken and sees its end.
        """
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        if not at_once:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_S):
                    await self._process.wait()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        await asyncio.sleep(0)
        self._connection.close()

    async def gone(self) -> int:
        """Wait until the process ends by itself or otherwise."""
        return await self._process.wait()

    async def _send(self, array: Pixels) -> None:
        packed = np.ascontiguousarray(array)
        try:
            await asyncio.get_running_loop().sock_sendall(self._connection, packed.data.cast("B"))
        finally:
            if packed is not array and not np.shares_memory(packed, array):
                wipe(packed)

    async def _read(self) -> dict[str, Any]:
        length = wire.header_length(await self._receive(wire.LENGTH.size))
        return wire.unpack(await self._receive(length))

    async def _receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            more = await asyncio.get_running_loop().sock_recv(self._connection, size - len(data))
            if not more:
                raise wire.WireError("the child closed the socket")
            data += more
        return bytes(data)

    def _result(self, reply: dict[str, Any], number: int) -> Any:
        if reply.get("id") != number:
            raise wire.WireError("a reply to another request")
        self.warm = reply.get("warm") is True
        if "result" in reply:
            return reply["result"]
        error, detail = reply.get("error"), str(reply.get("detail"))
        if error == wire.CONFIGURATION:
            raise MatcherMisconfigured(detail)
        if error in (wire.REFUSED, wire.FAILED):
            raise Declined(f"{error}: {detail}")
        raise wire.WireError("a reply without result")


class Declined(Exception):
    """The child is well and could not do this one thing."""


def default_command() -> tuple[str, ...]:
    """Return how this interpreter starts the child."""
    return (sys.executable, "-m", "kiosk.matching")

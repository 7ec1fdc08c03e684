"""The socket in the state folder through which ``kiosk diagnose`` asks a running kiosk.

A Unix socket of mode 0600; whoever connects must be the kiosk's own user or root (``SO_PEERCRED``). One line
of JSON asks, lines of JSON answer: ``{"finding": …}`` while self-tests run, and last ``{"done": …}`` or
``{"error": word}``. Nothing of a person passes here, and nothing that costs or opens anything but tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kiosk.house import House
from kiosk.maintenance.vendor_mode import Mode

if TYPE_CHECKING:
    from kiosk.maintenance.workshop import Workshop

NAME: Final = "maintenance.sock"
LONGEST_BYTES: Final = 4096
Say = Callable[[Mapping[str, Any]], None]


class Busy(Exception):
    """Somebody is being served, or staff have the machine."""


class ServiceSocket:
    """Serves one question a connection. ``workshop`` loads what answers it."""

    def __init__(self, house: House, workshop: Callable[[], Awaitable[Workshop]]) -> None:
        self._house, self._workshop = house, workshop
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def open(self, folder: Path) -> None:
        """Listen; a socket that a dead kiosk left is replaced."""
        self._path = folder / NAME
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            listening.bind(str(self._path))
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=LONGEST_BYTES)

    async def close(self) -> None:
        if self._server is not None and self._path is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(message: Mapping[str, Any]) -> None:
            writer.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

        try:
            if not _may_ask(writer):
                return
            question = json.loads(await reader.readline())
            say({"done": await self._answer(question, say)})
        except Busy:
            say({"error": "busy"})
        except (ValueError, KeyError, TypeError):
            say({"error": "not-understood"})
        except (ConnectionError, asyncio.CancelledError):
            return  # the other end gone, or the kiosk ends
        finally:
            writer.close()

    async def _answer(self, question: Mapping[str, Any], say: Say) -> Any:
        from kiosk.maintenance.report import make_report

        shop = await self._workshop()
        match question["ask"]:
            case "sheets":
                names = question.get("devices") or list(shop.house.cabinet.workers)
                return [(await shop.inspector.sheet(name)).plain() for name in names]
            case "self-test":
                return await self._self_test(shop, question, say)
            case "report":
                return (await make_report(shop)).body
            case "staff-changed":
                words = (str(question[name]) for name in ("action", "number", "role"))
                return await shop.audit.staff_changed(*words)
        raise KeyError("ask")

    async def _self_test(self, shop: Workshop, question: Mapping[str, Any], say: Say) -> Any:
        """Test as long as nobody is served; a citizen who comes now waits for the end."""
        if self._house.serving or self._house.vendor_mode.mode is not Mode.INACTIVE:
            raise Busy
        async with self._house.one_at_a_time:
            tests = shop.tests.of(question.get("devices") or None, attended=bool(question.get("attended")))
            findings = await shop.tests.run(tests, lambda finding: say({"finding": finding.plain()}))
            for finding in findings:
                await shop.audit.tested(None, finding)
        return [finding.plain() for finding in findings]


def _may_ask(writer: asyncio.StreamWriter) -> bool:
    peer = writer.get_extra_info("socket")
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return user in (0, os.geteuid())


def ask(folder: Path, question: Mapping[str, Any], told: Say = lambda _: None) -> Any:
    """Ask the kiosk that runs in ``folder``; ``told`` hears what comes before the answer.

    Raises ``OSError`` when none does, ``Busy``, ``ValueError`` when it does not understand.
    """
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(folder / NAME))
        line.sendall(json.dumps(question).encode() + b"\n")
        with line.makefile(encoding="utf-8") as answers:
            for answer in answers:
                message = json.loads(answer)
                if "done" in message:
                    return message["done"]
                if message.get("error") == "busy":
                    raise Busy
                if "error" in message:
                    raise ValueError(message["error"])
                told(message)
    raise ConnectionError("the kiosk went away")

"""What root does for the kiosk: one verb at a time, asked of the root helper (``systemd/lib``)."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Final

SOCKET: Final = Path("/run/kiosk-root.sock")
ANSWER_S: Final = 10.0


class Verb(StrEnum):
    """All that can be asked."""

    RESTART_KIOSK = "restart-kiosk"
    RESTART_DISPLAY = "restart-display"
    REBOOT = "reboot"
    POWER_OFF = "power-off"
    SET_CLOCK = "set-clock"


class NotPrivileged(Exception):
    """The root helper is not there, or it refused; the text is its word for why."""


async def ask_root(verb: Verb, address: Path = SOCKET) -> None:
    """Have ``verb`` done; raises ``NotPrivileged``."""
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(address)
            try:
                writer.write(verb.value.encode() + b"\n")
                answer = (await reader.readline()).decode("ascii", "replace").strip()
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        raise NotPrivileged(type(error).__name__) from error
    if answer != "ok":
        raise NotPrivileged(answer or "no answer")

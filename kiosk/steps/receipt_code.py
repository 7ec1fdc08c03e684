"""The slip's code (领证回执): scanned, when somebody has it; it helps to find, and proves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Final

from devices.base import DeviceError, Retry
from kiosk.prompts import Action, Answer, Notice, Place, PlaceItem, Tone
from kiosk.texts import Text, text
from kiosk.visit import Visit

CODE: Final = re.compile(r"[0-9A-Za-z-]{4,40}")
POLL_S: Final = 0.1
MOST_TRIES: Final = 3


async def ask_for_receipt(visit: Visit) -> str:
    """Ask for the slip; return its code, "" from somebody who has none at hand."""
    reader = visit.house.cabinet.barcode_reader
    if reader.fault() is not None:
        return ""
    answer = await visit.ask(
        Notice(
            "have-receipt",
            text("receipt-code.question"),
            paragraphs=(text("receipt-code.body"),),
            actions=(
                Action("without", text("receipt-code.without")),
                Action("scan", text("receipt-code.scan-it")),
            ),
        )
    )
    return await _scan(visit) if answer.action == "scan" else ""


async def _scan(visit: Visit) -> str:
    trouble: Text | None = None
    for _ in range(MOST_TRIES):
        prompt = PlaceItem(
            "scan-receipt",
            text("receipt-code.scan.question"),
            text("receipt-code.scan.body"),
            Tone.NEEDS_YOU if trouble else Tone.PLAIN,
            place=Place.CODE_READER,
            trouble=trouble,
            actions=(Action("without", text("receipt-code.without")),),
        )
        try:
            code = await visit.during(prompt, _read(visit))
        except Retry:
            trouble = text("receipt-code.trouble.foreign")
            continue
        if isinstance(code, Answer):
            return ""
        if CODE.fullmatch(code):
            return code
        trouble = text("receipt-code.trouble.foreign")
    return ""


async def _read(visit: Visit) -> str:
    reader = visit.house.cabinet.barcode_reader
    await visit.device(reader, lambda unit: unit.start())
    try:
        while (code := await reader(lambda unit: unit.poll())) is None:
            await asyncio.sleep(POLL_S)
        return code
    finally:
        with contextlib.suppress(DeviceError):
            await reader(lambda unit: unit.stop())

"""A slip's code: scanned, when somebody has the slip; it helps to find, and proves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import Final

from devices.base import DeviceError, Retry
from kiosk.prompts import Action, Answer, Notice, Place, PlaceItem, Tone
from kiosk.texts import Text, text
from kiosk.visit import Visit

CODE: Final = re.compile(r"[0-9A-Za-z-]{4,40}")
POLL_S: Final = 0.1
MOST_TRIES: Final = 3


async def ask_for_receipt(visit: Visit) -> str:
    """Ask for the slip of collection (领证回执); return its code, "" from somebody who has none at hand."""
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
    if answer.action != "scan":
        return ""
    return await scan(visit, "scan-receipt", "receipt-code", text("receipt-code.without"), number_in)


async def scan_case_no(visit: Visit) -> str:
    """Have the slip of a case (办件回执) scanned; return the case's number, "" when none was read.

    The code is the number itself, or the site's link with the number behind; on the slip of one of the case's
    papers that paper's number comes after it.
    """
    link = visit.house.receipt_url

    def read(code: str) -> str:
        return number_in(code.removeprefix(link).partition("/")[0])

    return await scan(visit, "scan-slip", "case-slip", text("case-slip.without"), read)


def number_in(code: str) -> str:
    """Return a code that may be a slip's number, "" for any other."""
    return code if CODE.fullmatch(code) else ""


async def scan(visit: Visit, name: str, words: str, without: Text, read: Callable[[str], str]) -> str:
    """Have a code scanned until ``read`` makes something of it; "" without, or after some tries.

    The sentences are ``words`` with ``.scan.question``, ``.scan.body`` and ``.trouble.foreign``.
    """
    trouble: Text | None = None
    for _ in range(MOST_TRIES):
        prompt = PlaceItem(
            name,
            text(f"{words}.scan.question"),
            text(f"{words}.scan.body"),
            Tone.NEEDS_YOU if trouble else Tone.PLAIN,
            place=Place.CODE_READER,
            trouble=trouble,
            actions=(Action("without", without),),
        )
        try:
            code = await visit.during(prompt, _poll(visit))
        except Retry:
            trouble = text(f"{words}.trouble.foreign")
            continue
        if isinstance(code, Answer):
            return ""
        if found := read(code):
            return found
        trouble = text(f"{words}.trouble.foreign")
    return ""


async def _poll(visit: Visit) -> str:
    reader = visit.house.cabinet.barcode_reader
    await visit.device(reader, lambda unit: unit.start())
    try:
        while (code := await reader(lambda unit: unit.poll())) is None:
            await asyncio.sleep(POLL_S)
        return code
    finally:
        with contextlib.suppress(DeviceError):
            await reader(lambda unit: unit.stop())

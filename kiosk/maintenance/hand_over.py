"""The hand-over slip (移交单): what a bin held, from which cases, with a line for each of the two to sign.

It is paper because it is filed with what was handed over; the journal has the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from devices.base import DeviceError
from devices.interfaces import ReceiptLine
from kiosk.house import House
from kiosk.maintenance.supplies import Unit
from kiosk.texts import LANGUAGES, text

COPIES: Final = 2
"""One stays with the documents, one with whoever emptied the bin."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """``count`` is what the two counted, ``expected`` what the machine did; both by number, not by name."""

    unit: Unit
    count: int
    expected: int
    cases: tuple[str, ...]
    by: str
    receiver: str
    at: datetime


def slip(house: House, done: HandOver) -> list[ReceiptLine]:
    """Lay the slip out, in Chinese: it is filed where the machine stands."""
    language = LANGUAGES[0]
    say = partial(house.catalogue.say, language=language)
    return [
        ReceiptLine(house.site.name[language], bold=True, centred=True),
        ReceiptLine(say(text("supply.slip.title")), bold=True, large=True, centred=True),
        ReceiptLine(f"{house.site.id} {done.at:%Y-%m-%d %H:%M}"),
        ReceiptLine(say(text(f"supply.name.{done.unit.name}")), bold=True),
        ReceiptLine(say(text("supply.slip.count", count=done.count, expected=done.expected)), bold=True),
        *(
            ReceiptLine(say(text("supply.slip.case", number=number, case=case)))
            for number, case in enumerate(done.cases, 1)
        ),
        ReceiptLine(""),
        ReceiptLine(say(text("supply.slip.by", number=done.by))),
        ReceiptLine(""),
        ReceiptLine(say(text("supply.slip.receiver", number=done.receiver))),
        ReceiptLine(""),
    ]


async def print_slips(house: House, done: HandOver) -> str:
    """Print a copy for each of the two; returns "" or the word for why there is not one for each."""
    lines = slip(house, done)
    try:
        for _ in range(COPIES):
            await house.cabinet.receipt_printer(lambda printer: printer.print(lines))
    except DeviceError as error:
        return error.code
    return ""

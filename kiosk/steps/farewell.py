"""The end of a visit: the rating, the receipt, and the last page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from devices.interfaces import ReceiptLine
from kiosk.journal.records import Letter
from kiosk.platform import Bill
from kiosk.prompts import Action, Notice, Option, Rate, Tone
from kiosk.steps.papers import print_paper
from kiosk.texts import Text, text, verbatim
from kiosk.visit import Visit

LEVELS = (5, 4, 3, 2, 1)
RATE = "rate"


async def ask_rating(visit: Visit) -> None:
    """Ask for a rating (好差评), once: five levels, nothing chosen beforehand, skipping is as easy.

    Looking something up opens no case; it is rated all the same, under the service's name.
    """
    if RATE in visit.prompts:
        return
    prompt = Rate(
        RATE,
        text("rate.question"),
        text("rate.body"),
        levels=tuple(Option(str(level), text(f"rate.level.{level}")) for level in LEVELS),
        skip=Action("skip", text("rate.skip-to-permit" if visit.held.permit else "rate.skip")),
    )
    try:
        async with asyncio.timeout(visit.house.times.rate_s):
            answer = await visit.ask(prompt, idle=False, leave=False)
    except TimeoutError:
        return
    if answer.action == "rate" and str(answer.value) in map(str, LEVELS):
        level = int(answer.value)
        case_no = visit.case_no if visit.has_case else ""
        letter = Letter("rating", {"level": level, "service": visit.service.name}, case_no)
        await visit.house.journal.note(visit.number, "rated", level=level, letter=letter)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says: a title, lines of label and value, and the link behind its code."""

    title: Text
    rows: Sequence[tuple[Text, Text]]
    code: str
    footer: Text


def paid_receipt(
    visit: Visit, rows: Sequence[tuple[Text, Text]], bill: Bill, order_no: str, footer: Text
) -> Receipt:
    """Return the receipt of what was bought (``rows``) and paid with the order ``order_no``."""
    paid = (text("receipt.paid"), text("amount", amount=bill.total_fen))
    order = (text("receipt.order"), verbatim(order_no))
    return Receipt(
        title=visit.service.title,
        rows=[*rows, paid, order],
        code=f"{visit.house.receipt_url}{visit.case_no}",
        footer=footer,
    )


async def print_receipt(visit: Visit, receipt: Receipt) -> bool:
    """Print the receipt, true when it was; else it is shown on the screen and kept by the back office."""
    if await print_paper(visit, receipt_lines(visit, receipt)):
        return True
    await visit.house.journal.note(
        visit.number, "receipt-on-screen", letter=Letter("receipt-by-link", case_no=visit.case_no)
    )
    await _show_receipt_on_screen(visit, receipt)
    return False


def receipt_lines(visit: Visit, receipt: Receipt) -> list[ReceiptLine]:
    """Lay the receipt out in the visit's language, the case number large, the code last."""
    say, language = visit.house.catalogue.say, visit.house.stage.settings.language
    lines = [
        ReceiptLine(visit.house.site.name.get(language, ""), bold=True, centred=True),
        ReceiptLine(say(receipt.title, language), bold=True, large=True, centred=True),
        ReceiptLine(""),
        ReceiptLine(say(text("receipt.case", case=visit.case_no), language), bold=True),
        ReceiptLine(visit.house.now().strftime("%Y-%m-%d %H:%M")),
    ]
    for label, value in receipt.rows:
        lines.append(ReceiptLine(say(text("receipt.row", label=label, value=value), language)))
    lines += [
        ReceiptLine(""),
        ReceiptLine(code=receipt.code, centred=True),
        ReceiptLine(say(receipt.footer, language)),
        ReceiptLine(say(text("receipt.hotline", hotline=visit.house.site.hotline), language)),
    ]
    return lines


async def say_goodbye(visit: Visit, *, receipt_printed: bool) -> None:
    """Say that everything is done; the page goes by itself after a few seconds."""
    prompt = Notice(
        "goodbye",
        text("goodbye.question"),
        text("goodbye.take-receipt" if receipt_printed else "goodbye.body"),
        Tone.DONE,
        actions=(Action("ok", text("goodbye.ok")),),
        case=visit.case_no,
    )
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(visit.house.times.closing_s):
            await visit.ask(prompt, idle=False, leave=False)


async def _show_receipt_on_screen(visit: Visit, receipt: Receipt) -> None:
    await visit.ask(
        Notice(
            "receipt-on-screen",
            text("receipt.screen.question"),
            paragraphs=(text("receipt.screen.body"),),
            rows=(),
            actions=(Action("ok", text("receipt.screen.done")),),
            tone=Tone.DONE,
            case=visit.case_no,
            code=receipt.code,
        )
    )


def amount(fen: int) -> Text:
    """Return an amount of money as a text."""
    return text("amount", amount=fen)


def plain(value: object) -> Text:
    """Return a value that reads the same in every language."""
    return verbatim(str(value))

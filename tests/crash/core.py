"""The core of a kiosk as a process of its own: the real journal, cashier, recovery, outbox and reception.

It serves one person after the other in a hall (``hall.py``) in another process, from the ID card to
the receipt, without a window, wires and the comparison of faces: what is left of a kiosk's start takes a few
hundredths of a second, so that it can be killed hundreds of times.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import threading
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from devices.absent import Absent
from devices.base import Capabilities, DeviceError, Fault
from devices.interfaces import CardType
from kiosk.cabinet import Cabinet, Worker
from kiosk.clock import SystemClock, mono_s
from kiosk.faults import FaultCatalogue
from kiosk.house import House
from kiosk.http import Refused
from kiosk.journal import Journal
from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PAYMENT_TERMINAL,
    PRINT_RECEIPT,
    PRINT_STRIP,
    REFUND_MONEY,
    RETRACT_PERMIT,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.journal.invariants import recent_invariants
from kiosk.money import Cashier, Patience
from kiosk.numbers import Numbers
from kiosk.outbox import Outbox
from kiosk.platform import Platform
from kiosk.ports import PermitAtRecovery, ReceiptAtRecovery, TerminalAtCashier
from kiosk.prompts import Answer, ChooseOne, Notice, Page, Pay, Rate
from kiosk.reception import Reception
from kiosk.recovery import Recovery
from kiosk.rules import Wish
from kiosk.services import Service
from kiosk.settings import Times
from kiosk.stage import Stage
from kiosk.steps import farewell, settle
from kiosk.steps.id_card import ask_to_take_id_card, read_id_card
from kiosk.steps.pay import pay
from kiosk.steps.permit import take_in_permit
from kiosk.strip import StripTemplate
from kiosk.texts import Catalogue, text, verbatim
from kiosk.visit import Visit

ROOT: Final = Path(__file__).parents[2]
KEY: Final = bytes(range(32))
SITE: Final[Any] = SimpleNamespace(
    id="330212K01", name={"zh-CN": "测试大厅", "en": "Hall"}, hotline="0574-00000000"
)
RECEIPT_URL: Final = "https://example.invalid/r/"
TIMES: Final = Times(idle_s=5, warn_s=1, take_s=0.1, pay_s=5, rate_s=5, print_s=5, closing_s=5)
PATIENCE: Final = Patience(
    poll_s=0.002,
    code_poll_s=0.002,
    abort_grace_s=1,
    ask_pauses_s=(0.002,) * 4,
    refund_pause_s=0.01,
    late_grace_s=0.0,
)
FAULTS: Final = FaultCatalogue.load(ROOT / "config" / "faults.toml")
CATALOGUE: Final = Catalogue.load(ROOT / "config" / "strings")
FONT: Final = ROOT / ".cache" / "fonts" / "NotoSansCJKsc-Regular.otf"
TEMPLATE: Final = StripTemplate.load(ROOT / "config" / "templates" / "endorsement_strip.toml", FONT)
WISHES: Final = (Wish("HKG", "G", "P3M", 1),)


class Line:
    """The line to the hall: one question at a time, whoever asks."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def ask(self, who: str, method: str, /, *args: Any, **more: Any) -> Any:
        """Return what the hall answers; raises what it raises."""
        with self._lock:
            self._connection.send((who, method, args, more))
            error, value = self._connection.recv()
        if error is not None:
            raise error(*value)
        return value


def told(error: DeviceError | Refused) -> tuple[type[Exception], tuple[Any, ...]]:
    """Return an error in a form that crosses the line."""
    if isinstance(error, Fault):
        return Fault, (error.device, error.code, error.action)
    if isinstance(error, DeviceError):
        return type(error), (error.device, error.code)
    return Refused, (error.code, error.status)


class FarUnit:
    """A device at the other end of the line."""

    def __init__(self, name: str, line: Line, place: str) -> None:
        self.name, self._line, self._place = name, line, place

    def open(self) -> None: ...

    def close(self) -> None: ...

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._line.ask, self._place, method)


class FarOffice:
    """The back office at the other end of the line, in place of ``Platform``."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def __getattr__(self, method: str) -> Callable[..., Any]:
        async def asked(*args: Any, **more: Any) -> Any:
            return await asyncio.to_thread(partial(self._line.ask, "office", method, *args, **more))

        return asked


class Fingers:
    """The person's fingers on the screen: a view that answers each page once."""

    def __init__(self, stage: Stage) -> None:
        self.person: Any = None
        self._stage, self._answered = stage, 0

    def show(self, page: Page) -> None:
        answer = self._answer(page)
        if answer is not None and page.number != self._answered:
            self._answered = page.number
            asyncio.get_running_loop().call_soon(self._stage.answer, Answer(page.number, *answer))

    def _answer(self, page: Page) -> tuple[str, Any] | None:
        match page.prompt:
            case ChooseOne(name="choose-payment"):
                return "choose", self.person.pay_by
            case Pay(code=str()) if not self.person.pays:
                return "stop", None
            case Notice(name="payment-not-made"):
                return "give-up", None
            case Notice(actions=(first, *_)):
                return first.name, None
            case Rate():
                return "rate", "5"
        return None


class Log:
    """The log, of which the hall is told what must never stand there; nobody listens to the cabinet."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def event(self, name: str, **fields: object) -> None:
        if name == "unexpected-error":
            self._line.ask("hall", "unexpected", str(fields))

    def status_changed(self, *_: object) -> None: ...

    def faulted(self, *_: object) -> None: ...


async def endorse(visit: Visit) -> None:
    """The endorsement from the ID card to the receipt; faces are not compared, and nothing is chosen."""
    house = visit.house
    holder = await read_id_card(visit, accepted={CardType.RESIDENT})
    permit = await take_in_permit(visit, holder)
    bill = await house.platform.quote(visit.case_no, WISHES)
    payment = await pay(visit, bill)
    approval = await settle.deliver(visit, payment, permit, WISHES)
    receipt = farewell.Receipt(
        title=visit.service.title,
        rows=[(text("receipt.order"), verbatim(payment.order_no))],
        code=f"{house.receipt_url}{visit.case_no}",
        footer=text("receipt.footer"),
    )
    printed = bool(approval) and await farewell.print_receipt(visit, receipt)
    await ask_to_take_id_card(visit)
    await farewell.say_goodbye(visit, receipt_printed=printed)


SERVICE: Final = Service(
    "endorsement",
    needs=("id_card_reader", "permit_unit"),
    one_of=(),
    rules=(),
    effects=(
        TAKE_PERMIT, TAKE_MONEY, SUBMIT_ENDORSEMENT, WRITE_CHIP, PRINT_STRIP,
        GIVE_BACK_PERMIT, RETRACT_PERMIT, PRINT_RECEIPT, REFUND_MONEY,
    ),
    minutes=3,
    script=endorse,
)  # fmt: skip
FITTED: Final = {
    "id_card_reader": "reader",
    "permit_unit": "unit",
    PAYMENT_TERMINAL: "terminal",
    "receipt_printer": "printer",
}
"""The devices of this cabinet, and what the hall calls them."""


def live(connection: Connection, folder: Path) -> None:
    """Start, recover, and serve until nobody comes any more, or until the power goes."""
    gc.freeze()
    asyncio.run(_live(Line(connection), folder))


async def _live(line: Line, folder: Path) -> None:
    clock = SystemClock()
    async with (
        await Journal.open(folder / "journal.db", KEY, clock) as journal,
        contextlib.AsyncExitStack() as closing,
    ):
        house = _house(line, journal, clock)
        closing.push_async_callback(house.cabinet.close)
        closing.push_async_callback(house.cashier.close)
        fingers = Fingers(house.stage)
        house.stage.attach(fingers)
        posting = asyncio.create_task(Outbox(journal, house.platform, clock, random.Random()).run())
        closing.callback(posting.cancel)
        await house.cabinet.refresh()
        recovery = Recovery(
            journal,
            house.cashier,
            house.platform,
            clock,
            permit=PermitAtRecovery(house.cabinet.permit_unit, TEMPLATE),
            receipt=ReceiptAtRecovery(house.cabinet.receipt_printer),
            take_wait_s=TIMES.take_s,
            poll_s=0.002,
        )
        await recovery.run()
        reception = Reception(house, {}, lambda _: None)
        while True:
            await recovery.ask_money_again()
            await recovery.ask_devices_again()
            unresolved, waiting = len(await journal.unresolved()), await journal.letters_waiting()
            line.ask("hall", "home", await journal.visits(2), await recent_invariants(journal), unresolved)
            fingers.person = line.ask("hall", "next_person")
            if fingers.person is not None:
                await reception.serve(SERVICE)
            elif not unresolved and not waiting:
                return
            else:
                await asyncio.sleep(0.01)


def _house(line: Line, journal: Journal, clock: SystemClock) -> House:
    log: Any = Log(line)
    cabinet = Cabinet(**{place.name: Worker(_device(place.name, line), log) for place in fields(Cabinet)})
    platform, numbers = cast("Platform", FarOffice(line)), Numbers(journal, clock, SITE.id)
    stage = Stage(site=text("help.question"), simulated=True, now_s=partial(mono_s, clock))
    cashier = Cashier(
        journal,
        numbers,
        platform,
        clock,
        random.Random(),
        terminal=TerminalAtCashier(cabinet.payment_terminal),
        patience=PATIENCE,
    )
    unused: Any = SimpleNamespace()
    return House(
        site=SITE,
        times=TIMES,
        clock=clock,
        timekeeper=unused,
        stage=stage,
        cabinet=cabinet,
        matcher=unused,
        journal=journal,
        cashier=cashier,
        platform=platform,
        events=log,
        catalogue=CATALOGUE,
        faults=FAULTS,
        photo_decoder=unused,
        template_decoder=unused,
        strip_template=TEMPLATE,
        rules_folder=ROOT / "config" / "rules",
        receipt_url=RECEIPT_URL,
        numbers=numbers,
        simulated=True,
    )


def _device(name: str, line: Line) -> Any:
    return FarUnit(name, line, FITTED[name]) if name in FITTED else Absent(name)

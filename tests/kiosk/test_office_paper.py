"""The office's paper of a decision or a notice is compared with who stands there, or does not move."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devices.interfaces import PrintJob, PrintState
from kiosk.cabinet import Worker
from kiosk.clock import SystemClock, mono_s
from kiosk.journal import Journal
from kiosk.journal.effects import PRINT_DOCUMENT
from kiosk.meter import Meter
from kiosk.paper_check import Expected, PaperDiffers
from kiosk.steps import decision_paper, personal_notice, print_document
from kiosk.steps.id_card import Holder
from kiosk.traffic_office import Decision
from kiosk.visit import Refused, Visit
from tests.kiosk.plain_device import Nobody, PlainDevice
from tests.trust.world import KEY

pytestmark = pytest.mark.anyio
LI = Holder("李文静", "330212199003070025", date(1990, 3, 7), "female", 36)
CHEN = Holder("陈浩然", "330212198811230010", date(1988, 11, 23), "male", 38)


class Printer(PlainDevice):
    """Prints what it is given at once, and keeps it."""

    name = "document_printer"

    def __init__(self) -> None:
        self.printed: list[bytes] = []

    def print(self, name: str, document: bytes) -> PrintJob:
        self.printed.append(document)
        return PrintJob(name, PrintState.COMPLETED)

    def job(self, name: str) -> PrintJob:
        return PrintJob(name, PrintState.COMPLETED, 1)


class Reader:
    """Reads papers of one line: their number, their holder's name and number."""

    async def check(self, pdf: bytes, expected: Expected) -> int:
        if pdf.decode() != f"{expected.serial} {expected.name} {expected.number}":
            raise PaperDiffers("name-differs")
        return 1


def paper_of(holder: Holder, number: str) -> bytearray:
    return bytearray(f"{number} {holder.name} {holder.masked_number}".encode())


class Desk:
    """The office's desks: whoever asks gets the paper of ``holder``."""

    def __init__(self, holder: Holder, number: str) -> None:
        self._paper = paper_of(holder, number)

    async def document(self, *_: str) -> bytearray:
        return bytearray(self._paper)


async def handed_over(
    folder: Path, kind: str, *, said_of: Holder, paper_of_whom: Holder
) -> tuple[list[bytes], bool, str]:
    """Hand over to Li Wenjing; return what was printed, whether it was begun, and the word for a refusal."""
    clock, printer = SystemClock(), Printer()
    worker: Worker[Any] = Worker(printer, Nobody())
    async with await Journal.open(folder / "journal.db", KEY, clock) as journal:
        await journal.begin("v1", kind, "C1")
        house: Any = SimpleNamespace(
            journal=journal,
            now_s=lambda: mono_s(clock),
            times=SimpleNamespace(print_s=40.0),
            cabinet=SimpleNamespace(document_printer=worker),
            paper_check=Reader(),
            events=Nobody(),
            stage=Nobody(),
            traffic=Desk(paper_of_whom, "D1"),
            notices=Desk(paper_of_whom, "N1"),
        )
        service: Any = Nobody()
        code = ""
        visit = Visit(house, service, "v1", "C1", clock.wall(), Meter(house.now_s))
        await worker.refresh()
        try:
            if kind == "notice":
                await personal_notice._on_a4(visit, LI, "N1")
            else:
                said = ("公安交通管理简易程序处罚决定书", f"D1 {said_of.name} {said_of.masked_number}")
                decision = Decision("D1", "V1", 20000, 3, date(2026, 11, 23), said)
                await decision_paper.hand_over(visit, LI, decision)
        except Refused as refused:
            code = refused.code
        finally:
            await worker.close()
        record = await journal.visit("v1")
        assert (code == "decision-differs") is (record.noted("decision-differs") is not None)
        return printer.printed, bool(record.every(PRINT_DOCUMENT)), code


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(print_document, "POLL_S", 0.001)


@pytest.mark.parametrize(("kind", "number"), [("decision", "D1"), ("notice", "N1")])
async def test_the_holders_own_is_printed(tmp_path: Path, kind: str, number: str) -> None:
    printed, _, _ = await handed_over(tmp_path, kind, said_of=LI, paper_of_whom=LI)
    assert printed == [bytes(paper_of(LI, number))]


@pytest.mark.parametrize(
    ("kind", "said_of", "paper_of_whom"),
    [("decision", LI, CHEN), ("decision", CHEN, LI), ("notice", LI, CHEN)],
)
async def test_anothers_does_not_move(
    tmp_path: Path, kind: str, said_of: Holder, paper_of_whom: Holder
) -> None:
    printed, begun, code = await handed_over(tmp_path, kind, said_of=said_of, paper_of_whom=paper_of_whom)
    assert (printed, begun) == ([], False)
    assert code == ("decision-differs" if kind == "decision" else "")

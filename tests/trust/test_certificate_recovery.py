"""After a crash each copy is asked about: what is out is good, the rest is void, none is printed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from devices.base import DeviceError, Fault, StaffAction
from devices.interfaces import PrintJob, PrintState
from kiosk import job_recovery
from kiosk.certificate_office import CertificateOffice, Decision, OfCase, Standing
from kiosk.certificate_recovery import VOIDED, CertificateGoods
from kiosk.clock import SystemClock
from kiosk.goods_recovery import GoodsState
from kiosk.journal import EffectState, Journal, Outcome, blocked
from kiosk.journal.effects import PRINT_DOCUMENT, SUBMIT_CERTIFICATE
from kiosk.left_documents import (
    MEDIA_PRESENT,
    PRINTER,
    TAKEN,
    UNRESOLVED,
    kept_out,
    note_cleared,
    note_if_left,
)
from kiosk.platform import PlatformError
from tests.trust.world import KEY, in_loop, unreachable

CASE, VISIT = "330212K01-20261122-0001-I", "v1"
FIRST, SECOND = "330212-20261122-000001-K", "330212-20261122-000002-I"
ISSUED, PRINTED, VOID = Standing.ISSUED, Standing.PRINTED, Standing.VOID


@dataclass
class Desk:
    """The certificates' desk of the back office."""

    decision: Decision | None = Decision.ISSUED
    certificates: dict[str, Standing] = field(default_factory=lambda: {FIRST: ISSUED, SECOND: ISSUED})
    gone: PlatformError | None = None
    told: list[tuple[str, Standing]] = field(default_factory=list)

    async def of_case(self, case_no: str) -> OfCase:
        assert case_no == CASE
        if self.gone is not None:
            raise self.gone
        return OfCase(self.decision, dict(self.certificates))

    async def tell(self, serial: str, standing: Standing, reason: str = "") -> None:
        if self.gone is not None:
            raise self.gone
        self.told.append((serial, standing))
        self.certificates[serial] = standing


@dataclass
class Printer:
    """The printer's jobs by name, and what becomes of one that is cancelled."""

    jobs: Mapping[str, PrintState] = field(default_factory=dict)
    counted: int | None = 100
    gone: DeviceError | None = None
    cancelled_as: PrintState = PrintState.CANCELED
    cancelled: list[str] = field(default_factory=list)

    async def job(self, name: str) -> PrintJob:
        if self.gone is not None:
            raise self.gone
        state = self.jobs.get(name, PrintState.NOT_FOUND)
        return PrintJob(name, self.cancelled_as if name in self.cancelled else state)

    async def cancel(self, name: str) -> None:
        self.cancelled.append(name)

    async def sheets(self) -> int | None:
        return self.counted


async def crashed(folder: Path, *, copies: int = 1, applied: bool = True, begun: bool = True) -> Journal:
    """Return the journal of a kiosk that died while it printed (or before)."""
    journal = await Journal.open(folder / "journal.db", KEY, SystemClock())
    await journal.begin(VISIT, "certificates", CASE)
    before: dict[str, Any] = {"document": "household", "copies": copies, "purpose": "bank"}
    submitted = await journal.intend(VISIT, SUBMIT_CERTIFICATE, f"{CASE}:certificate", before=before)
    if applied:
        await journal.conclude(submitted, EffectState.DONE, after={"state": "issued"})
    for number, serial in list(enumerate((FIRST, SECOND), 1))[: copies if begun else 0]:
        evidence = {"serial": serial, "digest": "d" * 64, "sheets": 100}
        intent = await journal.intend(VISIT, PRINT_DOCUMENT, f"{CASE}-D{number}", before=evidence)
        if number < copies:
            await journal.conclude(intent, EffectState.DONE, after={"state": "completed", "sheets": 101})
    return journal


def goods(journal: Journal, desk: Desk, printer: Printer) -> CertificateGoods:
    return CertificateGoods(journal, cast("CertificateOffice", desk), printer)


@pytest.mark.parametrize("reachable", [True, False])
@in_loop
async def test_a_copy_that_its_holder_was_told_is_void_stays_void(tmp_path: Path, reachable: bool) -> None:
    """The printer fell silent, the copy was declared void, the power went, and the printer had printed it."""
    desk = Desk(certificates={FIRST: VOID}, gone=None if reachable else unreachable())
    async with await crashed(tmp_path) as journal:
        await journal.note(VISIT, VOIDED, serial=FIRST, reason="timeOut")
        asked = goods(journal, desk, Printer({f"{CASE}-D1": PrintState.COMPLETED}, 101))
        assert not (await asked.settle(VISIT)).whole
        record = await journal.visit(VISIT)
        printing = record.last(PRINT_DOCUMENT)
        assert printing is not None
        assert printing.state is EffectState.DONE
        assert not asked.taken(record)
        assert (await kept_out(journal))[PRINTER] == MEDIA_PRESENT
        letters = [posted.letter.body for posted in await journal.letters()]
        assert not [body for body in letters if body.get("status") == PRINTED]
        assert desk.told == []


@pytest.mark.parametrize(
    ("job", "counted", "state", "standing"),
    [
        (PrintState.COMPLETED, 101, EffectState.DONE, PRINTED),
        (PrintState.CANCELED, 100, EffectState.FAILED, VOID),
        (PrintState.ABORTED, 101, EffectState.FAILED, VOID),
        (PrintState.NOT_FOUND, 100, EffectState.FAILED, VOID),
        (PrintState.NOT_FOUND, 101, EffectState.DONE, PRINTED),
        (PrintState.UNKNOWN, 101, EffectState.DONE, PRINTED),
        (PrintState.UNKNOWN, 100, EffectState.FAILED, VOID),
        (PrintState.NOT_FOUND, None, EffectState.FAILED, VOID),
        (PrintState.UNKNOWN, None, EffectState.UNKNOWN, VOID),
    ],
)
@in_loop
async def test_the_job_and_the_counter_tell(
    tmp_path: Path, job: PrintState, counted: int | None, state: EffectState, standing: Standing
) -> None:
    desk, printer = Desk(certificates={FIRST: ISSUED}), Printer({f"{CASE}-D1": job}, counted)
    async with await crashed(tmp_path) as journal:
        found = await goods(journal, desk, printer).settle(VISIT)
        record = await journal.visit(VISIT)
        printed = record.last(PRINT_DOCUMENT)
        assert printed is not None
        assert printed.state is state
        assert desk.told == [(FIRST, standing)]
        assert found.whole is (standing is PRINTED)
        assert goods(journal, desk, printer).taken(record) is (standing is PRINTED)
        assert printer.cancelled == []
        assert blocked([printed]) == (frozenset() if state.resolved else {"document_printer"})


@pytest.mark.parametrize("waiting", [PrintState.PENDING, PrintState.HELD, PrintState.STOPPED])
@in_loop
async def test_a_job_that_still_waits_is_cancelled(tmp_path: Path, waiting: PrintState) -> None:
    desk, printer = Desk(certificates={FIRST: ISSUED}), Printer({f"{CASE}-D1": waiting})
    async with await crashed(tmp_path) as journal:
        assert (await goods(journal, desk, printer).settle(VISIT)).state is GoodsState.NOTHING
    assert printer.cancelled == [f"{CASE}-D1"]
    assert desk.told == [(FIRST, VOID)]


@in_loop
async def test_what_comes_out_while_it_is_cancelled_is_out(tmp_path: Path) -> None:
    desk = Desk(certificates={FIRST: ISSUED})
    printer = Printer({f"{CASE}-D1": PrintState.PROCESSING}, 101, cancelled_as=PrintState.COMPLETED)
    async with await crashed(tmp_path) as journal:
        assert (await goods(journal, desk, printer).settle(VISIT)).whole
        assert [letter.letter.kind for letter in await journal.letters()] == ["documents-left"]
    assert desk.told == [(FIRST, PRINTED)]


@in_loop
async def test_one_copy_is_good_and_the_other_void(tmp_path: Path) -> None:
    desk, printer = Desk(), Printer({f"{CASE}-D2": PrintState.CANCELED})
    async with await crashed(tmp_path, copies=2) as journal:
        assert (await goods(journal, desk, printer).settle(VISIT)).whole
    assert dict(desk.told) == {FIRST: PRINTED, SECOND: VOID}


@in_loop
async def test_what_was_told_before_is_not_told_again(tmp_path: Path) -> None:
    desk = Desk(certificates={FIRST: PRINTED, SECOND: VOID})
    async with await crashed(tmp_path, copies=2) as journal:
        await goods(journal, desk, Printer({f"{CASE}-D2": PrintState.ABORTED})).settle(VISIT)
    assert desk.told == []


@pytest.mark.parametrize(
    ("decision", "state"),
    [(Decision.ISSUED, EffectState.DONE), (Decision.REVIEW, EffectState.DONE), (None, EffectState.FAILED)],
)
@in_loop
async def test_an_application_whose_answer_was_lost(
    tmp_path: Path, decision: Decision | None, state: EffectState
) -> None:
    made = {FIRST: ISSUED} if decision is Decision.ISSUED else {}
    desk = Desk(decision, dict(made))
    async with await crashed(tmp_path, applied=False, begun=False) as journal:
        assert (await goods(journal, desk, Printer()).settle(VISIT)).state is GoodsState.NOTHING
        submitted = (await journal.visit(VISIT)).last(SUBMIT_CERTIFICATE)
        assert submitted is not None
        assert submitted.state is state
    assert desk.told == [(serial, VOID) for serial in made]


@in_loop
async def test_a_back_office_that_is_gone_is_told_by_letters(tmp_path: Path) -> None:
    desk, printer = Desk(gone=unreachable()), Printer({f"{CASE}-D2": PrintState.CANCELED})
    async with await crashed(tmp_path, copies=2, applied=False) as journal:
        await goods(journal, desk, printer).settle(VISIT)
        letters = [posted.letter.body for posted in await journal.letters()]
        told = {body["serial"]: body["status"] for body in letters if "serial" in body}
        assert told == {FIRST: "printed", SECOND: "void"}
        submitted = (await journal.visit(VISIT)).last(SUBMIT_CERTIFICATE)
        assert submitted is not None
        assert submitted.state is EffectState.UNKNOWN
        # Back again, after the visit has ended: only what nobody has told of is void now.
        await journal.end(VISIT, Outcome.CANCELLED, "recovered")
        desk.gone, desk.certificates = None, {FIRST: PRINTED, SECOND: ISSUED}
        await goods(journal, desk, printer).ask_again(await journal.visit(VISIT))
        assert desk.told == [(SECOND, VOID)]
        assert await journal.unresolved() == ()


@in_loop
async def test_a_printer_that_is_gone_is_asked_again_and_makes_nothing_good(tmp_path: Path) -> None:
    desk = Desk(certificates={FIRST: ISSUED})
    printer = Printer({f"{CASE}-D1": PrintState.COMPLETED}, 101, Fault("p", "noDevice", StaffAction.RESET))
    async with await crashed(tmp_path) as journal:
        await goods(journal, desk, printer).settle(VISIT)
        assert desk.told == [(FIRST, VOID)]
        assert blocked(await journal.unresolved()) == {"document_printer"}
        await journal.end(VISIT, Outcome.CANCELLED, "recovered")
        printer.gone = None
        await goods(journal, desk, printer).ask_again(await journal.visit(VISIT))
        assert blocked(await journal.unresolved()) == frozenset()
    assert desk.told == [(FIRST, VOID)], "its holder has gone: it stays void though it is out"


@in_loop
async def test_recovery_may_itself_be_killed(tmp_path: Path) -> None:
    """Whatever was concluded stays; the second run tells what the first did not come to tell."""
    desk, printer = Desk(certificates={FIRST: ISSUED}), Printer({f"{CASE}-D1": PrintState.COMPLETED}, 101)
    async with await crashed(tmp_path) as journal:
        await goods(journal, desk, printer)._jobs.ask(await journal.visit(VISIT))
    async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
        assert (await goods(journal, desk, printer).settle(VISIT)).whole
    assert desk.told == [(FIRST, PRINTED)]


@in_loop
async def test_the_printer_stays_out_of_service_until_the_tray_is_cleared_even_after_a_restart(
    tmp_path: Path,
) -> None:
    """It is noted and told once, however often recovery is killed; another visit's papers count anew."""
    desk, printer = Desk(certificates={FIRST: ISSUED}), Printer({f"{CASE}-D1": PrintState.COMPLETED}, 101)
    async with await crashed(tmp_path) as journal:
        await goods(journal, desk, printer).settle(VISIT)
        await goods(journal, desk, printer).settle(VISIT)
        await journal.end(VISIT, Outcome.DELIVERED, "recovered")
    async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
        assert await kept_out(journal) == {PRINTER: MEDIA_PRESENT}
        assert [letter.letter.kind for letter in await journal.letters()] == ["documents-left"]
        await note_cleared(journal)
        await goods(journal, desk, printer).ask_again(await journal.visit(VISIT))
        assert await kept_out(journal) == {}
    async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
        assert await kept_out(journal) == {}


@pytest.mark.parametrize(("said", "left"), [(None, True), (1, True), (2, False)])
@in_loop
async def test_what_its_holder_said_was_taken_is_not_left(
    tmp_path: Path, said: int | None, left: bool
) -> None:
    """A copy that came out only after the holder had taken the others lies there all the same."""
    printer = Printer({f"{CASE}-D2": PrintState.COMPLETED}, 102)
    async with await crashed(tmp_path, copies=2) as journal:
        if said is not None:
            await journal.note(VISIT, TAKEN, copies=said)
        await goods(journal, Desk(), printer).settle(VISIT)
        assert await kept_out(journal) == ({PRINTER: MEDIA_PRESENT} if left else {})


@in_loop
async def test_a_copy_that_came_out_after_its_visit_lies_in_the_tray(tmp_path: Path) -> None:
    desk = Desk(certificates={FIRST: ISSUED})
    printer = Printer({f"{CASE}-D1": PrintState.COMPLETED}, 101, Fault("p", "noDevice", StaffAction.RESET))
    async with await crashed(tmp_path) as journal:
        await goods(journal, desk, printer).settle(VISIT)
        assert await kept_out(journal) == {PRINTER: UNRESOLVED}
        await journal.end(VISIT, Outcome.CANCELLED, "recovered")
        printer.gone = None
        await goods(journal, desk, printer).ask_again(await journal.visit(VISIT))
        assert await kept_out(journal) == {PRINTER: MEDIA_PRESENT}


@in_loop
async def test_a_copy_found_after_staff_have_looked_closes_the_printer_again(tmp_path: Path) -> None:
    """The first copy lay there and was cleared away; of the second the printer tells only later."""
    printer = Printer({f"{CASE}-D2": PrintState.COMPLETED}, 102, Fault("p", "noDevice", StaffAction.RESET))
    async with await crashed(tmp_path, copies=2) as journal:
        await goods(journal, Desk(), printer).settle(VISIT)
        await journal.end(VISIT, Outcome.CANCELLED, "recovered")
        await note_cleared(journal)
        assert await kept_out(journal) == {PRINTER: UNRESOLVED}
        printer.gone = None
        for _ in range(2):
            await goods(journal, Desk(), printer).ask_again(await journal.visit(VISIT))
        assert await kept_out(journal) == {PRINTER: MEDIA_PRESENT}
        assert [letter.letter.kind for letter in await journal.letters()] == ["documents-left"] * 2


@in_loop
async def test_visits_that_are_asked_about_in_turns_are_told_once_each(tmp_path: Path) -> None:
    async with await crashed(tmp_path, copies=2) as journal:
        await journal.begin("v2", "certificates", "C2")
        evidence = {"serial": "S3", "digest": "d" * 64, "sheets": 102}
        intent = await journal.intend("v2", PRINT_DOCUMENT, "C2-D1", before=evidence)
        await journal.conclude(intent, EffectState.DONE, after={"state": "completed", "sheets": 103})
        for _ in range(3):
            for visit in (VISIT, "v2"):
                await note_if_left(journal, await journal.visit(visit))
        assert [letter.letter.case_no for letter in await journal.letters()] == [CASE, "C2"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_recovery, "PAUSE_S", 0.0)

"""Recovery: for whatever a dead process left, the world is asked, and the visit ends well exactly once."""

from __future__ import annotations

import asyncio
import random
import signal
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from devices.interfaces import Media
from devices.interfaces import PaymentState as P
from kiosk.clock import SystemClock
from kiosk.failpoints import failpoints_from
from kiosk.journal import EffectState as E
from kiosk.journal import Journal, Outcome
from kiosk.journal.effects import (
    FOUND,
    GIVE_BACK_PERMIT,
    PRINT_RECEIPT,
    PRINT_STRIP,
    RESTORE_CHIP,
    RETRACT_PERMIT,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.money import Cashier, Patience
from kiosk.numbers import Numbers
from kiosk.permit_recovery import taken_by_holder
from kiosk.platform import OrderState, Platform
from kiosk.recovery import Recovery
from tests import forking
from tests.counts import Counted
from tests.trust.world import (
    FEE_FEN,
    KEY,
    SITE,
    BackOfficeOrder,
    Cutter,
    PermitDesk,
    ScriptedTerminal,
    SmallBackOffice,
    VirtualClock,
    World,
    approval_of,
    in_loop,
    unreachable,
    world,
)

OLD_CHIP = "0" * 64
NEW_CHIP = approval_of().chip_digest
ORDER = "330212K01TAAAAAA0000001X"


def recovery(w: World, desk: PermitDesk | None, cutter: Cutter | None = None) -> Recovery:
    return Recovery(w.journal, w.cashier, w.platform, w.clock, permit=desk, receipt=cutter, take_wait_s=20.0)


async def leave(w: World, kind: str, key: str, before: dict[str, Any], became: E, **after: Any) -> None:
    """Write into the journal what a process did before it died."""
    intent = await w.journal.intend("v1", kind, key, before=before)
    if became is not E.INTENDED:
        await w.journal.conclude(intent, became, after=after)


@dataclass
class Death:
    """Where the process died: the state of each effect, None where it never began; and the true world."""

    name: str
    outcome: Outcome
    money: E | None = E.DONE
    submit: E | None = None
    chip: E | None = None
    strip: E | None = None
    undo: E | None = None
    given_up: bool = False
    delivered: bool = False
    receipt: E | None = None
    # what is true out there
    host: P = P.APPROVED
    approved: bool = False
    on_strip: str = "OLD"
    on_chip: str = OLD_CHIP
    media: Media = Media.PRESENT
    takes_it: bool = True
    broken: set[str] = field(default_factory=set)
    # what must be true afterwards
    returned_fen: int = 0
    writes: tuple[int, int] = (0, 0)
    reported: tuple[bool, bool, bool] | None = None
    quarantined: set[str] = field(default_factory=set)


DEATHS = [
    Death("permit inside, no money yet", Outcome.CANCELLED, money=None),
    Death("permit left in the gate", Outcome.CANCELLED, money=None, media=Media.ENTERING),
    Death("permit inside, nobody takes it", Outcome.ESCALATED, money=None, takes_it=False),
    Death("while paying, paid", Outcome.REFUNDED, money=E.INTENDED, returned_fen=FEE_FEN),
    Death("while paying, declined", Outcome.CANCELLED, money=E.INTENDED, host=P.DECLINED),
    Death("while paying, the host knows nothing", Outcome.CANCELLED, money=E.INTENDED, host=P.NOT_FOUND),
    Death("while paying, unknown", Outcome.REFUNDED, money=E.UNKNOWN, host=P.UNKNOWN, returned_fen=FEE_FEN),
    Death("paid, not submitted", Outcome.REFUNDED, returned_fen=FEE_FEN),
    Death("submitting, never arrived", Outcome.REFUNDED, submit=E.INTENDED, returned_fen=FEE_FEN),
    Death(
        "submitting, reply lost",
        Outcome.DELIVERED,
        submit=E.INTENDED,
        approved=True,
        writes=(1, 1),
        reported=(True, True, True),
    ),
    Death(
        "approved, permit gone",
        Outcome.REFUNDED,
        submit=E.DONE,
        approved=True,
        media=Media.NOT_PRESENT,
        returned_fen=FEE_FEN,
        reported=(False, False, False),
    ),
    Death(
        "writing the chip, not written",
        Outcome.DELIVERED,
        submit=E.DONE,
        approved=True,
        chip=E.INTENDED,
        writes=(1, 1),
        reported=(True, True, True),
    ),
    Death(
        "writing the chip, written",
        Outcome.DELIVERED,
        submit=E.DONE,
        approved=True,
        chip=E.INTENDED,
        on_chip=NEW_CHIP,
        writes=(1, 0),
        reported=(True, True, True),
    ),
    Death(
        "printing, not printed",
        Outcome.DELIVERED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        on_chip=NEW_CHIP,
        strip=E.INTENDED,
        on_strip="",
        writes=(1, 0),
        reported=(True, True, True),
    ),
    Death(
        "printing, printed",
        Outcome.DELIVERED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        on_chip=NEW_CHIP,
        strip=E.INTENDED,
        on_strip="STRIP-1",
        reported=(True, True, True),
    ),
    Death(
        "strip printed, chip not written",
        Outcome.DELIVERED,
        submit=E.DONE,
        approved=True,
        strip=E.DONE,
        on_strip="STRIP-1",
        writes=(0, 1),
        reported=(True, True, True),
    ),
    Death(
        "chip written, the printer is broken",
        Outcome.ESCALATED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        on_chip=NEW_CHIP,
        broken={"print_strip"},
        returned_fen=FEE_FEN,
        reported=(False, True, False),
    ),
    Death(
        "the chip cannot be written",
        Outcome.REFUNDED,
        submit=E.DONE,
        approved=True,
        broken={"write_chip"},
        returned_fen=FEE_FEN,
        reported=(False, False, False),
    ),
    Death(
        "undoing the chip, undone",
        Outcome.ESCALATED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        strip=E.FAILED,
        undo=E.INTENDED,
        on_strip="",
        returned_fen=FEE_FEN,
        reported=(False, False, False),
    ),
    Death(
        "undoing the chip, not undone",
        Outcome.ESCALATED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        on_chip=NEW_CHIP,
        strip=E.FAILED,
        undo=E.INTENDED,
        returned_fen=FEE_FEN,
        reported=(False, True, False),
    ),
    Death(
        "endorsed and taken, not yet noted",
        Outcome.DELIVERED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        strip=E.DONE,
        media=Media.NOT_PRESENT,
        reported=(True, True, True),
    ),
    Death(
        "printing, and the permit is gone",
        Outcome.ESCALATED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        strip=E.INTENDED,
        media=Media.NOT_PRESENT,
    ),
    Death(
        "printing, and the unit is silent",
        Outcome.ESCALATED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        strip=E.INTENDED,
        broken={"all"},
        quarantined={"permit_unit"},
    ),
    Death("jammed", Outcome.ESCALATED, money=None, broken={"eject", "retract"}, quarantined={"permit_unit"}),
    Death(
        "delivered, printing the receipt",
        Outcome.DELIVERED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        strip=E.DONE,
        delivered=True,
        media=Media.NOT_PRESENT,
        receipt=E.INTENDED,
        reported=(True, True, True),
    ),
    Death(
        "endorsed, and nobody takes it",
        Outcome.ESCALATED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        strip=E.DONE,
        on_chip=NEW_CHIP,
        on_strip="STRIP-1",
        takes_it=False,
        reported=(True, True, True),
    ),
    Death(
        "given up though it carries both, not yet refunded",
        Outcome.ESCALATED,
        submit=E.DONE,
        approved=True,
        chip=E.DONE,
        strip=E.DONE,
        on_chip=NEW_CHIP,
        on_strip="STRIP-1",
        given_up=True,
        returned_fen=FEE_FEN,
        reported=(False, True, True),
    ),
    Death(
        "given up as not endorsed, not yet refunded",
        Outcome.REFUNDED,
        submit=E.DONE,
        approved=True,
        chip=E.FAILED,
        given_up=True,
        returned_fen=FEE_FEN,
        reported=(False, False, False),
    ),
]


async def die(w: World, death: Death) -> tuple[PermitDesk, Cutter]:
    """Bring journal and world to where ``death`` says."""
    await leave(w, TAKE_PERMIT, "v1:1", {"media": "notPresent"}, E.DONE, media="present")
    if death.money is not None:
        before = {"channel": "payment_terminal", "amount_fen": FEE_FEN}
        await leave(w, TAKE_MONEY, ORDER, before, death.money, state="approved")
        w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN, OrderState.PAID)
    if death.approved:
        w.office.cases["C1"], w.office.approvals["A1"] = "A1", approval_of()
    if death.submit is not None:
        before = {"order_no": ORDER, "bill_no": "B1"}
        await leave(w, SUBMIT_ENDORSEMENT, "C1:endorse", before, death.submit, approval_no="A1")
    if death.chip is not None:
        before = {"chip_digest": OLD_CHIP}
        await leave(w, WRITE_CHIP, "A1:chip:1", before, death.chip, chip_digest=NEW_CHIP)
    if death.strip is not None:
        await leave(w, PRINT_STRIP, "A1:strip:1", {"strip_code": "OLD"}, death.strip, strip_code="STRIP-1")
    if death.undo is not None:
        await leave(w, RESTORE_CHIP, "A1:chip:undo", {"chip_digest": NEW_CHIP}, death.undo)
    if death.given_up:
        await w.journal.note("v1", "not-endorsed", approval_no="A1")
    if death.delivered:
        await leave(w, GIVE_BACK_PERMIT, "v1:1", {"media": "present"}, E.DONE, media="notPresent")
        await w.journal.note("v1", "delivered")
    if death.receipt is not None:
        await leave(w, PRINT_RECEIPT, "v1:receipt:1", {"cuts": 7}, death.receipt)
    desk = PermitDesk(death.media, strip=death.on_strip, chip=death.on_chip)
    desk.takes_it, desk.broken = death.takes_it, set(death.broken)
    return desk, Cutter(8)


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.name)
@in_loop
async def test_every_death_ends_well(tmp_path: Path, death: Death) -> None:
    terminal = ScriptedTerminal(queries=[death.host])
    async with world(tmp_path, terminal) as w:
        desk, cutter = await die(w, death)
        report = await recovery(w, desk, cutter).run()
        assert [(visit.visit, visit.outcome) for visit in report.visits] == [("v1", death.outcome)]
        assert report.quarantined == death.quarantined
        assert terminal.count("refund") * FEE_FEN == death.returned_fen
        assert terminal.count("start") == 0
        assert (desk.printed, desk.written) == death.writes
        assert w.office.outcomes.get("A1") == death.reported
        if not death.quarantined:
            assert desk.where is Media.NOT_PRESENT
            assert desk.bin == (0 if death.takes_it and death.media is not Media.ENTERING else desk.bin)
        record = await w.journal.visit("v1")
        if death.receipt is not None:
            receipt = record.last(PRINT_RECEIPT)
            assert receipt is not None
            assert receipt.state is E.DONE
        escalations = [p.letter for p in await w.journal.letters() if p.letter.kind == "escalation"]
        assert [letter.case_no for letter in escalations] == ["C1"] * (death.outcome is Outcome.ESCALATED)
        await w.check()
        # A second start finds nothing to do.
        head = w.journal.head()
        again = await recovery(w, desk, cutter).run()
        assert again.visits == ()
        if not death.quarantined:
            assert w.journal.head() == head


@pytest.mark.parametrize(
    ("kind", "before", "media", "count", "state"),
    [
        (TAKE_PERMIT, {"media": "notPresent"}, Media.PRESENT, 0, E.DONE),
        (TAKE_PERMIT, {"media": "notPresent"}, Media.NOT_PRESENT, 0, E.FAILED),
        (GIVE_BACK_PERMIT, {"media": "present"}, Media.NOT_PRESENT, 0, E.DONE),
        (GIVE_BACK_PERMIT, {"media": "present"}, Media.ENTERING, 0, E.FAILED),
        (RETRACT_PERMIT, {"bin_count": 4}, Media.NOT_PRESENT, 5, E.DONE),
        (RETRACT_PERMIT, {"bin_count": 4}, Media.PRESENT, 4, E.FAILED),
    ],
)
@in_loop
async def test_the_permits_place_answers(
    tmp_path: Path, kind: str, before: dict[str, Any], media: Media, count: int, state: E
) -> None:
    async with world(tmp_path) as w:
        if kind != TAKE_PERMIT:
            await leave(w, TAKE_PERMIT, "v1:1", {"media": "notPresent"}, E.DONE, media="present")
        await leave(w, kind, "v1:x", before, E.INTENDED)
        desk = PermitDesk(media)
        desk.bin = count
        await recovery(w, desk).run()
        effect = (await w.journal.visit("v1")).every(kind)[0]
        assert effect.state is state
        assert desk.where is Media.NOT_PRESENT
        await w.check()


@in_loop
async def test_a_retained_permit_is_told_with_its_case(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        desk, _ = await die(w, Death("", Outcome.ESCALATED, money=None, takes_it=False))
        await recovery(w, desk).run()
        assert desk.bin == 1
        letters = [(p.letter.kind, p.letter.case_no, p.letter.body) for p in await w.journal.letters()]
        assert letters == [
            ("permit-retained", "C1", {"device": "permit_unit", "bin_count": 1}),
            ("escalation", "C1", {"reason": "permit-retained", "device": "permit_unit", "code": ""}),
        ]


@pytest.mark.parametrize("died", ["found", "moving", "in the bin"])
@in_loop
async def test_a_permit_that_was_found_inside_goes_to_staff_and_not_to_who_stands_there(
    tmp_path: Path, died: str
) -> None:
    """The power goes while it is put away: recovery does that, and the visit's own person loses nothing."""
    async with world(tmp_path) as w:
        found = {"media": "present", "reason": FOUND}
        await leave(w, TAKE_PERMIT, "v1:1", found, E.DONE, media="present")
        if died != "found":
            await leave(w, RETRACT_PERMIT, "v1:retract:1", {"bin_count": 0, "reason": FOUND}, E.INTENDED)
        desk, heard = PermitDesk(Media.NOT_PRESENT if died == "in the bin" else Media.PRESENT), Heard()
        desk.bin = int(died == "in the bin")
        work = Recovery(
            w.journal, w.cashier, w.platform, w.clock,
            permit=desk, receipt=None, bystander=heard, take_wait_s=20,
        )  # fmt: skip
        await work.run()
        assert (desk.where, desk.bin, heard.words) == (Media.NOT_PRESENT, 1, [])
        body = {"device": "permit_unit", "bin_count": 1, "reason": FOUND}
        letters = [(posted.letter.kind, posted.letter.body) for posted in await w.journal.letters()]
        assert letters == [("permit-retained", body)]
        record = await w.journal.visit("v1")
        assert not record.every(GIVE_BACK_PERMIT)
        assert not taken_by_holder(record)
        await w.check()


class Heard:
    """What somebody who stands before the machine is told."""

    def __init__(self) -> None:
        self.words: list[tuple[str, Outcome] | None] = []

    def please_take(self, case_no: str, outcome: Outcome, seconds_left: float) -> None:
        assert 0 < seconds_left <= 20.0
        self.words.append((case_no, outcome))

    def please_wait(self) -> None:
        self.words.append(None)


@pytest.mark.parametrize(
    ("death", "told"),
    [
        (Death("", Outcome.CANCELLED, money=None), Outcome.CANCELLED),
        (Death("", Outcome.REFUNDED, money=E.DONE), Outcome.REFUNDED),
        (Death("", Outcome.DELIVERED, submit=E.INTENDED, approved=True), Outcome.DELIVERED),
        (
            Death("", Outcome.ESCALATED, submit=E.DONE, approved=True, broken={"print_strip"}),
            Outcome.ESCALATED,
        ),
    ],
    ids=lambda part: str(part) if isinstance(part, Outcome) else "",
)
@in_loop
async def test_who_stands_there_is_told_to_take_the_permit(
    tmp_path: Path, death: Death, told: Outcome
) -> None:
    async with world(tmp_path, ScriptedTerminal()) as w:
        desk, _ = await die(w, death)
        desk.slow_hand = 2
        heard = Heard()
        work = Recovery(
            w.journal,
            w.cashier,
            w.platform,
            w.clock,
            permit=desk,
            receipt=None,
            bystander=heard,
            take_wait_s=20.0,
        )
        await work.run()
        assert heard.words == [("C1", told), ("C1", told), None]
        letters = [p.letter.kind for p in await w.journal.letters()]
        assert letters.count("receipt-by-link") == (told is Outcome.DELIVERED)
        await w.check()


@in_loop
async def test_a_mended_unit_returns_to_service(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        desk, _ = await die(w, Death("", Outcome.ESCALATED, money=None, broken={"all"}))
        work = recovery(w, desk)
        assert (await work.run()).quarantined == {"permit_unit"}
        assert await work.ask_devices_again() == {"permit_unit"}
        desk.broken = set()
        assert await work.ask_devices_again() == frozenset()
        assert (desk.bin, desk.where) == (1, Media.NOT_PRESENT)
        await w.check()


@pytest.mark.parametrize("pays", [True, False])
@in_loop
async def test_a_code_left_open_is_closed_or_watched(tmp_path: Path, pays: bool) -> None:
    async with world(tmp_path) as w:
        before = {"channel": "wechat", "amount_fen": FEE_FEN, "lifetime_s": 120}
        await leave(w, TAKE_MONEY, ORDER, before, E.INTENDED)
        w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN)
        w.office.closes_to = OrderState.WAITING
        report = await recovery(w, None).run()
        assert report.visits[0].outcome is Outcome.CANCELLED
        if pays:
            w.office.pay(ORDER)
        await w.cashier.drain()
        taken = (await w.journal.visit("v1")).last(TAKE_MONEY)
        assert taken is not None
        assert taken.state is (E.COMPENSATED if pays else E.FAILED)
        await w.check()


@in_loop
async def test_a_clock_that_jumped_ahead_ends_no_order_that_can_still_be_paid(tmp_path: Path) -> None:
    async with world(tmp_path, clock_agrees=False) as w:
        before = {"channel": "wechat", "amount_fen": FEE_FEN, "lifetime_s": 120}
        await leave(w, TAKE_MONEY, ORDER, before, E.INTENDED)
        w.clock.wall_offset = timedelta(days=1)
        w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN)
        w.office.closes_to = OrderState.WAITING
        await recovery(w, None).run()
        taken = (await w.journal.visit("v1")).last(TAKE_MONEY)
        assert taken is not None
        assert not taken.state.resolved, "by the wrong clock its lifetime is over; by the host it is not"
        await w.clock.sleep(100)
        w.office.pay(ORDER)
        await w.cashier.drain()
        taken = (await w.journal.visit("v1")).last(TAKE_MONEY)
        assert taken is not None
        assert taken.state is E.COMPENSATED
        await w.check()


@in_loop
async def test_a_clock_that_was_set_back_watches_no_longer_than_the_lifetime(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        before = {"channel": "wechat", "amount_fen": FEE_FEN, "lifetime_s": 120}
        await leave(w, TAKE_MONEY, ORDER, before, E.INTENDED)
        w.clock.wall_offset = timedelta(days=-365)
        w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN)
        w.office.closes_to = OrderState.WAITING
        begun_ns = w.clock.mono_ns()
        await recovery(w, None).run()
        await w.cashier.drain()
        assert w.clock.mono_ns() - begun_ns < 600e9
        taken = (await w.journal.visit("v1")).last(TAKE_MONEY)
        assert taken is not None
        assert taken.state is E.FAILED
        await w.check()


@in_loop
async def test_a_silent_back_office_escalates_and_is_asked_again_later(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        before = {"channel": "alipay", "amount_fen": FEE_FEN, "lifetime_s": 60}
        await leave(w, TAKE_MONEY, ORDER, before, E.INTENDED)
        w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN, OrderState.PAID)
        w.office.trouble = {"order": [unreachable()], "close_order": [unreachable()]}
        report = await recovery(w, None).run()
        assert report.visits[0].outcome is Outcome.ESCALATED
        await w.cashier.drain()
        w.office.trouble = {}
        await recovery(w, None).ask_money_again()
        assert sum(w.office.orders[ORDER].returned.values()) == FEE_FEN
        await w.check()


@in_loop
async def test_a_submission_that_cannot_be_asked_is_refunded_and_escalated(tmp_path: Path) -> None:
    async with world(tmp_path, ScriptedTerminal()) as w:
        desk, _ = await die(w, Death("", Outcome.ESCALATED, submit=E.INTENDED))
        w.office.trouble["case"] = [unreachable()]
        report = await recovery(w, desk).run()
        assert report.visits[0].outcome is Outcome.ESCALATED
        assert desk.where is Media.NOT_PRESENT
        await w.check()


# --- killed again during recovery ------------------------------------------------------------------


def child(folder: str, environment: dict[str, str]) -> None:
    """Recover in a process of its own; the world out there is kept in a file beside the journal."""
    asyncio.run(recover_in(Path(folder), environment))


async def recover_in(place: Path, environment: dict[str, str]) -> None:
    points, system = failpoints_from(environment), SystemClock()
    async with await Journal.open(place / "journal.db", KEY, system, failpoints=points) as journal:
        office = SmallBackOffice(VirtualClock())
        office.cases["C1"], office.approvals["A1"] = "A1", approval_of()
        cashier = Cashier(
            journal,
            Numbers(journal, system, SITE),
            cast("Platform", office),
            system,
            random.Random(1),
            terminal=ScriptedTerminal(queries=[P.APPROVED]),
            patience=Patience(),
        )
        desk = LastingDesk(place / "world")
        work = Recovery(
            journal, cashier, cast("Platform", office), system, permit=desk, receipt=None, take_wait_s=5
        )
        await work.run()


class LastingDesk(PermitDesk):
    """A permit unit that is the same after the kiosk died: its state lies in a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            where, self.strip, self.chip, printed, written = path.read_text().split("|")
            self.where, self.printed, self.written = Media(where), int(printed), int(written)

    def keep(self) -> None:
        parts = [self.where.value, self.strip, self.chip, str(self.printed), str(self.written)]
        self._path.write_text("|".join(parts))

    async def print_strip(self, approval: Any) -> None:
        await super().print_strip(approval)
        self.keep()

    async def write_chip(self, approval: Any) -> None:
        await super().write_chip(approval)
        self.keep()

    async def eject(self) -> None:
        await super().eject()
        self.keep()


@pytest.mark.parametrize(
    "death",
    [
        Death("delivers", Outcome.DELIVERED, submit=E.INTENDED, approved=True, writes=(1, 1)),
        Death("refunds", Outcome.REFUNDED, money=E.INTENDED),
    ],
    ids=lambda death: death.name,
)
@in_loop
async def test_killed_at_every_point_of_recovery_it_still_converges(
    tmp_path: Path, death: Death, counted: Counted
) -> None:
    """Two kills in a row at each point, then a start that ends it: three starts, nothing done twice."""

    async def prepare(folder: Path) -> None:
        folder.mkdir()
        async with world(folder) as w:
            await die(w, death)
        LastingDesk(folder / "world").keep()

    def start(folder: Path, **environment: str) -> int:
        process = forking.FORKING.Process(target=child, args=(str(folder), environment))
        forking.start(process)
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    await prepare(tmp_path / "good")
    assert start(tmp_path / "good", KIOSK_FAILPOINT_LOG=str(tmp_path / "points")) == 0
    points = (tmp_path / "points").read_text().split()
    assert len(points) > 15
    counted(f"recovery that {death.name}: {len(points)} points, killed at each and once more, three starts")
    for number, point in enumerate(points):
        folder = tmp_path / str(number)
        await prepare(folder)
        assert start(folder, KIOSK_FAILPOINT=point) == -signal.SIGKILL, point
        start(folder, KIOSK_FAILPOINT="journal.recovery-began.after:1")
        assert start(folder) == 0
        desk = LastingDesk(folder / "world")
        assert (desk.where, desk.printed, desk.written) == (Media.NOT_PRESENT, *death.writes), point
        async with world(folder) as w:
            assert (await w.journal.visit("v1")).outcome is death.outcome, point
            await w.check()

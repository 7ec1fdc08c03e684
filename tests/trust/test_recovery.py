"""Recovery: for whatever a dead process left, the world is asked, and the visit ends well exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.interfaces import Media
from devices.interfaces import PaymentState as P
from kiosk.journal import EffectState as E
from kiosk.journal import Outcome
from kiosk.journal.effects import PRINT_RECEIPT, SUBMIT_ENDORSEMENT
from kiosk.rules import Wish
from tests.trust.deaths import NEW_CHIP, ORDER, Death, die, leave, recovery
from tests.trust.world import FEE_FEN, ScriptedTerminal, approval_of, in_loop, unreachable, world

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
        "submitting, and another's approval comes back",
        Outcome.REFUNDED,
        submit=E.INTENDED,
        approved=True,
        asked=(Wish("HKG", "G", "P3M", 1),),
        returned_fen=FEE_FEN,
    ),
    Death(
        "another's approval, nothing written yet",
        Outcome.REFUNDED,
        submit=E.DONE,
        approved=True,
        asked=(Wish("HKG", "G", "P3M", 1),),
        returned_fen=FEE_FEN,
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
            if death.takes_it and death.media is not Media.ENTERING:
                assert desk.bin == 0
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
    ("approved", "state", "told"), [(True, E.DONE, (False, False, False)), (False, E.FAILED, None)]
)
@in_loop
async def test_an_approval_whose_answer_never_came_is_given_up_at_the_office(
    tmp_path: Path, approved: bool, state: E, told: tuple[bool, bool, bool] | None
) -> None:
    """The visit has ended and the permit is as it came: no approval may stay open."""
    async with world(tmp_path) as w:
        await leave(w, SUBMIT_ENDORSEMENT, "C1:endorse", {"order_no": ORDER, "bill_no": "B1"}, E.UNKNOWN)
        await w.journal.end("v1", Outcome.CANCELLED)
        if approved:
            w.office.cases["C1"], w.office.approvals["A1"] = "A1", approval_of()
        asked = recovery(w, None)
        for silent in ("case", "report_outcome") if approved else ("case",):
            w.office.trouble[silent] = [unreachable(), None]
            await asked.ask_devices_again()
            open_effects = await w.journal.unresolved()
            assert [effect.kind for effect in open_effects] == [SUBMIT_ENDORSEMENT]
        await asked.ask_devices_again()
        submitted = (await w.journal.visit("v1")).last(SUBMIT_ENDORSEMENT)
        assert submitted is not None
        assert submitted.state is state
        assert w.office.outcomes.get("A1") == told
        await w.check()

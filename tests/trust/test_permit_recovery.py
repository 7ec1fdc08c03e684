"""Recovery of the permit: it is asked where it is, goes to its holder or into the bin, and both are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devices.interfaces import Media
from kiosk.journal import EffectState as E
from kiosk.journal import Letter, Outcome
from kiosk.journal.effects import FOUND, GIVE_BACK_PERMIT, RETRACT_PERMIT, SURRENDERED, TAKE_PERMIT
from kiosk.permit_recovery import taken_by_holder
from tests.trust.deaths import Death, die, leave, recovery
from tests.trust.world import PermitDesk, ScriptedTerminal, in_loop, world


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
        await recovery(w, desk, bystander=heard).run()
        assert (desk.where, desk.bin, heard.words) == (Media.NOT_PRESENT, 1, [])
        body = {"device": "permit_unit", "bin_count": 1, "reason": FOUND}
        letters = [(posted.letter.kind, posted.letter.body) for posted in await w.journal.letters()]
        assert letters == [("permit-retained", body)]
        record = await w.journal.visit("v1")
        assert not record.every(GIVE_BACK_PERMIT)
        assert not taken_by_holder(record)
        await w.check()


@in_loop
async def test_a_permit_found_before_does_not_hide_the_persons_own(tmp_path: Path) -> None:
    """One was put away at the visit's beginning, and its own stays in the slot after the power cut."""
    async with world(tmp_path) as w:
        await leave(w, TAKE_PERMIT, "v1:0", {"media": "present", "reason": FOUND}, E.DONE, media="present")
        before = {"bin_count": 0, "reason": FOUND}
        await leave(w, RETRACT_PERMIT, "v1:retract:1", before, E.DONE, bin_count=1)
        body = {"device": "permit_unit", "bin_count": 1, "reason": FOUND}
        letter = Letter("permit-retained", body, "C1")
        await w.journal.note("v1", "permit-retained", letter=letter, **body)
        desk, _ = await die(w, Death("", Outcome.ESCALATED, money=None, takes_it=False))
        desk.bin = 1
        await recovery(w, desk).run()
        assert desk.bin == 2
        letters = [(posted.letter.kind, posted.letter.body) for posted in await w.journal.letters()]
        assert letters == [
            ("permit-retained", body),
            ("permit-retained", {"device": "permit_unit", "bin_count": 2}),
            ("escalation", {"reason": "permit-retained", "device": "permit_unit", "code": ""}),
        ]
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
        await recovery(w, desk, bystander=heard).run()
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


@pytest.mark.parametrize(("reason", "kept_under"), [({}, 1), ({"reason": SURRENDERED}, 2)])
@in_loop
async def test_a_bin_that_stays_full_fills_no_journal(
    tmp_path: Path, reason: dict[str, str], kept_under: int
) -> None:
    """It is tried again under the intent that there is; a permit that was to be handed in is kept instead."""
    async with world(tmp_path) as w:
        await leave(w, TAKE_PERMIT, "v1:1", {"media": "notPresent"}, E.DONE, media="present")
        await leave(w, RETRACT_PERMIT, "v1:retract:1", {"bin_count": 0, **reason}, E.UNKNOWN)
        await w.journal.end("v1", Outcome.ESCALATED)
        desk = PermitDesk(Media.PRESENT)
        desk.broken = {"retract"}
        work = recovery(w, desk)
        assert await work.ask_devices_again() == {"permit_unit"}
        head = w.journal.head()
        for _ in range(3):
            assert await work.ask_devices_again() == {"permit_unit"}
        assert w.journal.head() == head
        desk.broken = set()
        assert await work.ask_devices_again() == frozenset()
        record = await w.journal.visit("v1")
        retracts = record.every(RETRACT_PERMIT)
        assert (len(retracts), retracts[-1].state, desk.bin) == (kept_under, E.DONE, 1)
        assert record.noted("permit-retained") is not None
        assert record.noted("permit-surrendered") is None
        await w.check()

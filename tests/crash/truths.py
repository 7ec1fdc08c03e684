"""What must be true once the kiosk is home again: the journal, the hosts, the permit and the papers agree."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import requests

from kiosk.journal import EffectState, Outcome, database, read_key
from kiosk.journal.effects import (
    PRINT_RECEIPT,
    PRINT_STRIP,
    REFUND_MONEY,
    RETRACT_PERMIT,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    TAKE_PERMIT,
)
from kiosk.journal.verify import verify_file
from simulators.people import load_personas
from tests.crash.ground import Ground, Recovery

PATIENCE_S: Final = 15.0
"""How long the last letters may take, and a code until it can be paid no more."""
FEE_FEN: Final = 3000
KEPT: Final = (EffectState.DONE, EffectState.COMPENSATED)


@dataclass(frozen=True, slots=True)
class Done:
    """An effect as the journal's tables have it."""

    kind: str
    key: str
    state: EffectState
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """A visit as the journal's tables have it, read beside the kiosk. ``events`` are their kinds."""

    visit: str
    case_no: str
    outcome: Outcome | None
    reason: str
    effects: tuple[Done, ...]
    events: tuple[str, ...]

    def every(self, kind: str, *states: EffectState) -> list[Done]:
        return [e for e in self.effects if e.kind == kind and (not states or e.state in states)]


@dataclass(frozen=True, slots=True)
class Before:
    """How it was before the visit: the newest visit's row, and what the permit carried."""

    row: int
    strip: str
    chip: str

    @classmethod
    def of(cls, ground: Ground, persona: str) -> Before:
        permit = load_personas()[persona].permit
        assert permit is not None
        return cls(_last_row(ground), permit.strip_code, permit.endorsements.hex())


def false(ground: Ground, before: Before, recovery: Recovery | None) -> list[str]:
    """Return what is not true; what is only late gets the time to arrive."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        found = list(_false(ground, before, recovery))
        if not found or time.monotonic() > deadline_s:
            return found
        time.sleep(0.1)


def written(ground: Ground, since: int) -> list[Written]:
    """Return the visits of the journal after row ``since``."""
    with closing(connect(ground)) as connection:
        rows = connection.execute(
            "SELECT visit, case_no, outcome, reason FROM visit WHERE rowid > ? ORDER BY rowid", (since,)
        ).fetchall()
        return [
            Written(
                visit,
                case_no,
                Outcome(outcome) if outcome else None,
                reason,
                tuple(
                    Done(kind, key, EffectState(state), json.loads(first), json.loads(last))
                    for kind, key, state, first, last in connection.execute(
                        "SELECT kind, key, state, before, after FROM effect WHERE visit = ? ORDER BY number",
                        (visit,),
                    )
                ),
                tuple(
                    row[0]
                    for row in connection.execute(
                        "SELECT kind FROM event WHERE visit = ? ORDER BY seq", (visit,)
                    )
                ),
            )
            for visit, case_no, outcome, reason in rows
        ]


def _false(ground: Ground, before: Before, recovery: Recovery | None) -> Iterator[str]:
    visits, seen = written(ground, before.row), ground.world.state()
    report = verify_file(ground.state / "journal.db", read_key(ground.state / "journal.key"))
    yield from report.faults
    for said in recovery.reports if recovery else ():
        held = said["invariants"].items()
        yield from (f"invariant {name}: {verdict}" for name, verdict in held if verdict is not True)
    if len(visits) > 1:
        yield f"{len(visits)} visits"
    if not visits:
        yield from _nothing_happened(before, seen)
    for visit in visits:
        if visit.outcome is None:
            yield "the visit has not ended"
        yield from _money(visit, seen["orders"])
        yield from _permit(visit, before, seen["permit"])
        yield from _person(visit, recovery)
        yield from _papers(visit, ground.world.printed())
        yield from back_office(ground, visit)
    unusable = [
        name for name, device in ground.link.ask("status")["devices"].items() if device["fault"] is not None
    ]
    if unusable:
        yield f"out of service: {unusable}"


def _nothing_happened(before: Before, seen: Mapping[str, Any]) -> Iterator[str]:
    if seen["orders"]:
        yield f"no visit, but orders: {seen['orders']}"
    if seen["permit"]["where"] != "pocket":
        yield f"no visit, but the permit is at {seen['permit']['where']}"


def _money(visit: Written, orders: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The hosts kept what the journal says, and what the outcome means."""
    taken = visit.every(TAKE_MONEY, *KEPT)
    own = sum(int(e.before["amount_fen"]) for e in taken)
    own -= sum(int(e.after["refunded_fen"]) for e in visit.every(REFUND_MONEY, EffectState.DONE))
    hosts = sum(
        order["amount_fen"] - order.get("refunded_fen", 0)
        for order in orders.values()
        if order["state"] in ("paid", "refunded")
    )
    if own != hosts:
        yield f"the hosts kept {hosts} fen, the journal says {own}"
    if visit.outcome is Outcome.DELIVERED and hosts != FEE_FEN:
        yield f"delivered for {hosts} fen"
    if visit.outcome in (Outcome.REFUNDED, Outcome.CANCELLED, Outcome.REFUSED) and hosts:
        yield f"{visit.outcome}, but the hosts keep {hosts} fen"
    if [number for number, order in orders.items() if order["state"] == "waiting"]:
        yield "an order can still be paid"
    known = {effect.key for effect in visit.every(TAKE_MONEY)}
    if orders.keys() - known:
        yield f"orders without an intent: {sorted(orders.keys() - known)}"
    if open_ := [f"{e.kind} {e.state}" for e in visit.effects if not e.state.resolved]:
        yield f"unresolved: {open_}"


def _permit(visit: Written, before: Before, permit: Mapping[str, Any]) -> Iterator[str]:
    """The permit is with its holder or in the bin; strip and chip tell one story, or staff were told."""
    retained = bool(visit.every(RETRACT_PERMIT, EffectState.DONE))
    if permit["where"] != ("bin" if retained else "pocket"):
        yield f"the permit is at {permit['where']}"
    if (visit.outcome is Outcome.ESCALATED) != ("escalated" in visit.events):
        yield f"{visit.outcome}, events {visit.events}"
    if not visit.every(TAKE_PERMIT, *KEPT):
        return  # it never left the pocket, so that the world has not looked at it
    strip, chip = permit["strip"]["code"] != before.strip, permit["chip_endorsements"] != before.chip
    erased = strip and not permit["strip"]["code"]
    if visit.outcome is Outcome.DELIVERED and (erased or not (strip and chip)):
        yield f"delivered, but strip new: {strip}, erased: {erased}, chip new: {chip}"
    if visit.outcome not in (Outcome.DELIVERED, Outcome.ESCALATED) and (strip or chip):
        yield f"{visit.outcome}, but strip new: {strip}, erased: {erased}, chip new: {chip}"


def _person(visit: Written, recovery: Recovery | None) -> Iterator[str]:
    """Who stood there was told to take the permit, with the case number, and has it."""
    if recovery is None:
        return
    for prompt in recovery.taking:
        if prompt.get("case") != visit.case_no:
            yield f"the screen named the case {prompt.get('case')}, not {visit.case_no}"
    if recovery.stays and visit.every(RETRACT_PERMIT, EffectState.DONE):
        yield "the permit went into the bin before the eyes of its holder"
    if recovery.inside and not recovery.taking:
        yield "the screen never said to take the permit"


def _papers(visit: Written, printed: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    failed = len(visit.every(PRINT_STRIP, EffectState.FAILED))
    if len(printed["strips"]) > 1 + failed:
        yield f"{len(printed['strips'])} strips printed, {failed} known to have failed"
    if len(visit.every(PRINT_STRIP, EffectState.DONE)) > 1:
        yield "the strip was printed twice"
    if len(printed["receipts"]) > 1:
        yield f"{len(printed['receipts'])} receipts"
    if visit.every(PRINT_RECEIPT, EffectState.DONE) and len(printed["receipts"]) != 1:
        yield "the journal says that a receipt was printed"


def back_office(ground: Ground, visit: Written) -> Iterator[str]:
    """Its books say the same of the endorsement and of the case."""
    approved = [e for e in visit.every(SUBMIT_ENDORSEMENT, EffectState.DONE) if e.after.get("approval_no")]
    if not approved:
        return
    case = _get(ground, f"/v1/cases/{quote(visit.case_no)}")
    states = {Outcome.DELIVERED: ("issued",), Outcome.REFUNDED: ("failed",)}
    wanted = states.get(visit.outcome, ("issued", "failed")) if visit.outcome else ()
    if case["approval_no"] != approved[0].after["approval_no"]:
        yield f"approval {case['approval_no']} at the back office"
    # A case that became staff's is of that state afterwards; its history says what came before.
    steps = {step["step"] for step in case["history"]}
    if visit.outcome is not Outcome.ESCALATED and not steps & set(wanted):
        yield f"{visit.outcome}, the back office knows {sorted(steps)}"
    if {"issued", "failed"} <= steps:
        yield "the back office was told both: issued and failed"


def _get(ground: Ground, path: str) -> dict[str, Any]:
    url, token = ground.office
    reply = requests.get(url + path, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    answer: dict[str, Any] = reply.json()
    return answer


def connect(ground: Ground) -> database.Connection:
    """Open the journal beside the kiosk, for reading."""
    return database.connect(
        ground.state / "journal.db", read_key(ground.state / "journal.key"), query_only=True
    )


def _last_row(ground: Ground) -> int:
    with closing(connect(ground)) as connection:
        row = connection.execute("SELECT coalesce(max(rowid), 0) FROM visit").fetchone()
        return int(row[0])

"""Deciding a violation: its pictures and everything that is proposed first; then accept, object, or leave it.

What is accepted is declared to be the driver's own, signed for, proved by a fresh comparison, and then
decided. Who refuses to sign is decided about all the same, and the decision says so (程序规定 art 44). It is
handed over on paper at once, or electronically with consent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kiosk.http import PlatformError
from kiosk.journal import effects
from kiosk.platform import Refused as PlatformRefused
from kiosk.prompts import Action, ChooseOne, LookAtPictures, Notice, Option, Picture, Row, Tone, Working
from kiosk.signature import Signature
from kiosk.steps.contact import ask_for_contact
from kiosk.steps.decision_paper import hand_over, link
from kiosk.steps.farewell import Receipt, receipt_lines
from kiosk.steps.id_card import Holder
from kiosk.steps.opening import Proof
from kiosk.steps.papers import print_paper
from kiosk.steps.prove import camera_warm, prove_identity
from kiosk.steps.sign import ask_to_sign
from kiosk.steps.submitting import submitting
from kiosk.steps.violations import plate_text, shown_plate, when_and_where
from kiosk.texts import Text, text, verbatim
from kiosk.traffic import Licence, Violation
from kiosk.traffic_office import HANDLED_ELSEWHERE, LIMIT_REACHED, PENALTY_DIFFERS, Decision, Evidence
from kiosk.traffic_rules import TrafficRules
from kiosk.visit import Refused, Visit

TOLD = (HANDLED_ELSEWHERE, PENALTY_DIFFERS, LIMIT_REACHED)
"""Refusals of the desk that have a sentence of their own."""


@dataclass(slots=True)
class Handled:
    """What became of the chosen violations. ``points`` are those added in this visit; ``phone`` is where
    messages go, masked: None before it was asked for, "" without one."""

    decided: list[Decision] = field(default_factory=list)
    objected: list[str] = field(default_factory=list)
    printed: bool = False
    points: int = 0
    phone: str | None = None


@dataclass(slots=True)
class _Said:
    """What the person did about one violation: ``reason`` is that of an objection, "" without one;
    ``signature`` None for who would not sign."""

    action: str = ""
    reason: str = ""
    signature: Signature | None = None

    @property
    def accepted(self) -> bool:
        return self.action == "accept"


async def decide_each(
    visit: Visit,
    rules: TrafficRules,
    holder: Holder,
    way: Proof,
    licence: Licence,
    chosen: Sequence[Violation],
) -> Handled:
    """Go through the chosen violations one by one.

    Raises ``Refused`` when the person is not the holder any more, or when the desk falls silent. What has
    been decided by then stands.
    """
    handled = Handled()
    for number, violation in enumerate(chosen, start=1):
        place = text("traffic-violations.look.place", number=number, count=len(chosen))
        evidence = await _evidence(visit, violation)
        if evidence is None:
            await _not_decided(visit, "evidence")
            continue
        page = _page(rules, violation, place, evidence, licence.points + handled.points)
        async with camera_warm(visit, way):
            said = await _ask(visit, rules, violation, page)
            if said.accepted:
                way = await prove_identity(visit, holder, way, again=True)
        if said.accepted:
            await _decide(visit, rules, holder, violation, said.signature, way, handled)
        elif said.reason:
            await _object(visit, holder, violation, said.reason, handled)
    return handled


async def _evidence(visit: Visit, violation: Violation) -> tuple[Evidence, ...] | None:
    """Return the pictures, None when they can't be had: nothing is decided unseen."""
    try:
        with visit.meter.devices():
            return await visit.house.traffic.evidence(visit.case_no, violation.number)
    except PlatformError as error:
        visit.house.events.event("evidence-unavailable", visit=visit.number, code=error.code)
        return None


def _page(
    rules: TrafficRules, violation: Violation, place: Text, evidence: Sequence[Evidence], points: int
) -> LookAtPictures:
    look = "traffic-violations.look"
    return LookAtPictures(
        "look-at-violation",
        violation.act.text,
        place,
        pictures=tuple(Picture(one.data, one.caption.text, one.focus) for one in evidence),
        rows=(
            Row(text(f"{look}.penalty"), _penalty(violation, points)),
            Row(text(f"{look}.at"), text(f"{look}.when-where", **when_and_where(violation))),
            Row(text(f"{look}.vehicle"), plate_text(violation)),
            Row(text(f"{look}.basis"), violation.basis.text),
            Row(text(f"{look}.authority"), violation.authority.text),
        ),
        paragraphs=(rules.declaration, rules.remedies),
        actions=(
            Action("accept", text(f"{look}.accept")),
            Action("object", text(f"{look}.object")),
            Action("skip", text(f"{look}.skip")),
        ),
    )


def _penalty(violation: Violation, points: int) -> Text:
    """Return what is proposed; ``points`` are those on the licence before."""
    look = "traffic-violations.look"
    if violation.points:
        return text(
            f"{look}.fine-and-points",
            amount=violation.fine_fen,
            points=violation.points,
            total=points + violation.points,
        )
    return text(f"{look}.fine" if violation.fine_fen else f"{look}.warning", amount=violation.fine_fen)


async def _ask(visit: Visit, rules: TrafficRules, violation: Violation, page: LookAtPictures) -> _Said:
    said = _Said()

    async def look() -> None:
        said.action = (await visit.ask(page)).action

    async def object_() -> None:
        said.reason = await visit.choose(_reasons(rules)) if said.action == "object" else ""

    async def sign() -> None:
        if said.accepted:
            said.signature = await _sign(visit, violation, page)

    await visit.walk(look, object_, sign)
    return said


async def _sign(visit: Visit, violation: Violation, page: LookAtPictures) -> Signature | None:
    """Each decision is signed for by itself, under what was proposed in it."""
    return await ask_to_sign(
        visit,
        "sign-decision",
        text("traffic-violations.sign.question"),
        text(
            "traffic-violations.sign.body",
            plate=verbatim(shown_plate(violation.plate)),
            penalty=page.rows[0].value,
        ),
        without=text("traffic-violations.sign.without"),
    )


def _reasons(rules: TrafficRules) -> ChooseOne:
    return ChooseOne(
        "choose-objection",
        text("traffic-violations.objection.question"),
        text("traffic-violations.objection.body"),
        options=tuple(
            Option(reason, text(f"traffic-violations.objection.reason.{reason}"))
            for reason in rules.objections
        ),
    )


# --- accepted -------------------------------------------------------------------------------------


async def _decide(
    visit: Visit,
    rules: TrafficRules,
    holder: Holder,
    violation: Violation,
    signature: Signature | None,
    way: Proof,
    handled: Handled,
) -> None:
    try:
        async with visit.working():
            visit.tell(
                Working(
                    "deciding",
                    text("traffic-violations.deciding.question"),
                    if_it_fails=text("traffic-violations.deciding.if-it-fails"),
                )
            )
            decision = await _submit(visit, violation, signature, way)
    except PlatformRefused as refused:
        await _not_decided(visit, refused.code if refused.code in TOLD else "other")
        return
    except PlatformError as error:
        raise Refused(f"back-office:{error.code}", text("traffic-violations.closed.unsure")) from error
    handled.decided.append(decision)
    handled.points += decision.points
    day = rules.pay_by.isoformat()
    visit.held.leaving = text("traffic-violations.leave-unpaid", day=day)
    visit.held.stands = text("traffic-violations.pay-later", day=day)
    handled.printed = await hand_over(visit, holder, decision) or handled.printed


async def _submit(visit: Visit, violation: Violation, signature: Signature | None, way: Proof) -> Decision:
    before = {
        "violation_no": violation.number,
        "fine_fen": violation.fine_fen,
        "points": violation.points,
        "way": "unsigned" if signature is None else "signed",
    }
    part = f"decide:{violation.number}"
    async with submitting(visit, effects.SUBMIT_DECISION, part, before=before) as act:
        decision = await visit.house.traffic.decide(
            visit.case_no, violation, proof=way.value, signature=signature
        )
        act.after["decision_no"] = decision.decision_no
    return decision


async def _not_decided(visit: Visit, why: str) -> None:
    await visit.ask(
        Notice(
            "not-decided",
            text("traffic-violations.not-decided.question"),
            paragraphs=(text(f"traffic-violations.refused.{why}"),),
            actions=(Action("next", text("traffic-violations.not-decided.next")),),
            tone=Tone.NEEDS_YOU,
        )
    )


# --- objected to ----------------------------------------------------------------------------------


async def _object(visit: Visit, holder: Holder, violation: Violation, reason: str, handled: Handled) -> None:
    try:
        objection_no = await _submit_objection(visit, violation, reason)
    except PlatformRefused as refused:
        await _not_decided(visit, refused.code if refused.code in TOLD else "other")
        return
    handled.objected.append(objection_no)
    slip = _objection_slip(visit, violation, reason, objection_no)
    handled.printed = await print_paper(visit, receipt_lines(visit, slip)) or handled.printed
    if handled.phone is None:
        handled.phone = await ask_for_contact(visit, holder)
    told = text("traffic-violations.objection.sent.told", phone=handled.phone)
    await visit.ask(
        Notice(
            "objection-sent",
            text("traffic-violations.objection.sent.question"),
            paragraphs=(told if handled.phone else text("traffic-violations.objection.sent.body"),),
            rows=(Row(text("traffic-violations.paper.objection-number"), verbatim(objection_no)),),
            actions=(Action("next", text("traffic-violations.objection.sent.next")),),
            tone=Tone.DONE,
            case=visit.case_no,
        ),
        leave=False,
    )


async def _submit_objection(visit: Visit, violation: Violation, reason: str) -> str:
    before = {"violation_no": violation.number, "reason": reason}
    part = f"object:{violation.number}"
    async with visit.working(), submitting(visit, effects.SUBMIT_OBJECTION, part, before=before) as act:
        objection_no = await visit.house.traffic.object(visit.case_no, violation.number, reason)
        act.after["objection_no"] = objection_no
    return objection_no


def _objection_slip(visit: Visit, violation: Violation, reason: str, objection_no: str) -> Receipt:
    rows: list[tuple[Text, Text]] = [
        (text("traffic-violations.paper.objection-number"), verbatim(objection_no)),
        (text("traffic-violations.paper.violation"), verbatim(violation.number)),
        (text("traffic-violations.paper.reason"), text(f"traffic-violations.objection.reason.{reason}")),
    ]
    return Receipt(
        text("traffic-violations.paper.objection"),
        rows,
        link(visit, objection_no),
        text("traffic-violations.paper.objection-footer"),
    )

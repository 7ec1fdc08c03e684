"""The list of violations: what the register has, what can be handled here, and which of it is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.prompts import Action, ChooseRecords, Notice, Option, Tone
from kiosk.steps.id_card import Holder
from kiosk.texts import Text, text, verbatim
from kiosk.traffic import Records, Violation
from kiosk.traffic_rules import TrafficRules
from kiosk.visit import Visit


async def ask_for_records(visit: Visit, holder: Holder) -> Records:
    """Open the case and ask for the holder's licence and violations; raises ``PlatformError``."""
    await visit.open_case()
    with visit.meter.devices():
        return await visit.house.traffic.records(visit.case_no, id_number=holder.number, name=holder.name)


async def say_there_are_none(visit: Visit) -> None:
    """Say that there is nothing to handle or to pay."""
    await visit.ask(
        Notice(
            "no-violations",
            text("traffic-violations.none.question"),
            paragraphs=(text("traffic-violations.none.body"),),
            actions=(Action("ok", text("goodbye.ok")),),
            tone=Tone.DONE,
        ),
        leave=False,
    )


async def choose_violations(visit: Visit, rules: TrafficRules, records: Records) -> list[Violation]:
    """Ask which violations are to be handled; what can't be is shown with its reason.

    The only one that can be handled is marked already: what is decided is asked on the next page. Where
    there is nothing else at all that page comes at once.
    """
    open_here = [one for one in records.violations if rules.refusal(one, records.licence) is None]
    by_number = {one.number: one for one in open_here}
    if len(records.violations) == len(open_here) == 1 and not open_here[0].decided:
        return open_here
    trouble: Text | None = None
    marked: set[str] = {open_here[0].number} if len(open_here) == 1 else set()
    while True:
        answer = await visit.ask(_list(rules, records, marked, trouble))
        chosen = [number for number in by_number if number in set(answer.value or ())]
        violations = [by_number[number] for number in chosen]
        refusal = rules.refusal_of_all(violations, records.licence)
        if refusal is None and violations:
            return violations
        marked = set(chosen)
        trouble = text("traffic-violations.list.limit", reason=refusal.reason) if refusal else None


def owed_fen(rules: TrafficRules, violations: Sequence[Violation]) -> int:
    """Return what ``violations`` cost today, all together."""
    return sum(rules.owed_fen(violation) for violation in violations)


def plate_text(violation: Violation) -> Text:
    """Return the plate with the kind of vehicle."""
    known = ("01", "02", "15", "16", "51", "52")
    kind = violation.plate_kind if violation.plate_kind in known else "other"
    return text(
        "traffic-violations.look.plate",
        plate=shown_plate(violation.plate),
        kind=text(f"traffic-violations.plate-kind.{kind}"),
    )


def shown_plate(plate: str) -> str:
    """Return a plate as it is written: 浙B·9T101."""
    return f"{plate[:2]}·{plate[2:]}"


def when_and_where(violation: Violation) -> dict[str, str | Text]:
    """Return the arguments of a sentence that says when and where."""
    return {"at": f"{violation.at:%Y-%m-%d %H:%M}", "place": violation.place.text}


def _list(rules: TrafficRules, records: Records, marked: set[str], trouble: Text | None) -> ChooseRecords:
    licence = records.licence
    said = (
        text("traffic-violations.list.no-licence")
        if licence is None
        else text(
            "traffic-violations.list.body", points=licence.points, until=licence.cycle_until.isoformat()
        )
    )
    return ChooseRecords(
        "choose-violations",
        text("traffic-violations.list.question"),
        trouble or said,
        Tone.NEEDS_YOU if trouble else Tone.PLAIN,
        options=tuple(_option(rules, records, one, marked) for one in records.violations),
        confirm=text("traffic-violations.list.confirm"),
        points=licence.points if licence is not None else 0,
        most_points=rules.most_points,
    )


def _option(rules: TrafficRules, records: Records, violation: Violation, marked: set[str]) -> Option:
    refusal = rules.refusal(violation, records.licence)
    surcharge_fen = rules.surcharge_fen(violation)
    detail = text("traffic-violations.list.detail", **when_and_where(violation))
    if surcharge_fen:
        detail = text("traffic-violations.list.late", surcharge=surcharge_fen, **when_and_where(violation))
    elif violation.decided:
        detail = text("traffic-violations.list.unpaid", **when_and_where(violation))
    return Option(
        violation.number,
        text(
            "traffic-violations.list.option",
            plate=verbatim(shown_plate(violation.plate)),
            act=violation.act.text,
        ),
        detail,
        price_fen=rules.owed_fen(violation),
        refused=refusal.reason if refusal else None,
        chosen=violation.number in marked,
        points=0 if violation.decided else violation.points,
    )

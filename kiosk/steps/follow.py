"""How cases stand: asked for by the case number with a proof, shown one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from kiosk.http import Refused as OfficeRefused
from kiosk.progress_office import NextStep, Outstanding, Progress
from kiosk.prompts import LETTERS_AND_DIGITS, Action, ChooseOne, EnterText, Notice, Option, Row, Tone
from kiosk.texts import Text, text, verbatim
from kiosk.visit import Refused, Visit

MOST_TRIES: Final = 3
LAST_FOUR: Final = 4
NEEDS_THE_PERSON: Final = frozenset(NextStep) - {NextStep.NONE, NextStep.WAIT}


async def enter_case_no(visit: Visit) -> str:
    """Have the number of a case typed."""
    answer = await visit.ask(
        EnterText(
            "case-number",
            text("progress.number.question"),
            text("progress.number.body"),
            least=4,
            keys=f"{LETTERS_AND_DIGITS}-",
        )
    )
    return str(answer.value)


async def enter_last_four(visit: Visit, *, wrong: bool) -> str:
    """Have the last four of the holder's ID number typed; ``wrong`` when they, or the number, were before."""
    answer = await visit.ask(
        EnterText(
            "last-four",
            text("progress.last-four.question"),
            text("progress.last-four.wrong" if wrong else "progress.last-four.body"),
            Tone.NEEDS_YOU if wrong else Tone.PLAIN,
            least=LAST_FOUR,
            most=LAST_FOUR,
            keys="1234567890X",
        )
    )
    return str(answer.value)


async def ask_by_number(visit: Visit, case_no: str) -> Progress:
    """Ask for a case by its number and the proof, some times.

    A number that nobody knows and a proof that is wrong get the same answer: else one could find out which
    numbers there are. Raises ``Refused`` with ``case-unknown`` or ``too-many-tries``.
    """
    for tries in range(MOST_TRIES):
        last_four = await enter_last_four(visit, wrong=tries > 0)
        try:
            with visit.meter.devices():
                return await visit.house.progress.by_case(case_no, last_four)
        except OfficeRefused as refused:
            if refused.code == "too-many-tries":
                raise Refused("too-many-tries", text("progress.refused.too-many-tries")) from refused
            if refused.status not in (400, 404, 422):
                raise
    raise Refused("case-unknown", text("progress.refused.unknown"))


async def choose_case(visit: Visit, cases: Sequence[Progress]) -> Progress:
    """Have one of a person's cases chosen; the only one is chosen already."""
    if len(cases) == 1:
        return cases[0]
    chosen = await visit.choose(
        ChooseOne(
            "choose-case",
            text("progress.choose.question", count=len(cases)),
            options=tuple(
                Option(
                    one.case_no,
                    one.title,
                    text("progress.choose.detail", day=_day(one.opened), stage=_stage(one)),
                )
                for one in cases
            ),
        )
    )
    return next(one for one in cases if one.case_no == chosen)


async def show_case(visit: Visit, case: Progress, *, more: bool) -> bool:
    """Show how a case stands; true when the person wants to see another of theirs."""
    rows = [
        Row(text("progress.what"), case.title),
        Row(text("progress.opened"), verbatim(_day(case.opened))),
        Row(text("progress.next"), text(f"progress.next-step.{case.next_step.value}")),
    ]
    if case.due is not None:
        rows.append(Row(text("progress.due"), _until(case.due, provisional=case.provisional)))
    if case.holder is not None:
        rows.append(Row(text("progress.holder"), case.holder))
    rows += [Row(text("progress.missing"), _missing(paper)) for paper in case.outstanding]
    actions = [Action("done", text("progress.done"))]
    if more:
        actions.append(Action("another", text("progress.another")))
    answer = await visit.ask(
        Notice(
            "case-progress",
            _stage(case),
            tone=Tone.NEEDS_YOU if case.next_step in NEEDS_THE_PERSON else Tone.PLAIN,
            rows=tuple(rows),
            actions=tuple(actions),
            case=case.case_no,
        )
    )
    return answer.action == "another"


def _stage(case: Progress) -> Text:
    return text(f"progress.stage.{case.stage.value}")


def _missing(paper: Outstanding) -> Text:
    if paper.due is None:
        return paper.title
    until = _until(paper.due, provisional=paper.provisional)
    return text("progress.missing-until", title=paper.title, until=until)


def _until(due: date, *, provisional: bool) -> Text:
    return text("progress.until-provisional" if provisional else "progress.until", day=_day(due))


def _day(day: date) -> str:
    return day.isoformat()

"""The client of the progress desk: how cases stand, and the results that wait for this kiosk.

Raises as ``kiosk.platform``: ``Unreachable`` (nothing is known) or ``Refused`` with the desk's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from kiosk.platform import Platform, question_key
from kiosk.texts import Text, bilingual


class Stage(StrEnum):
    """What a case's state means to the person."""

    APPLYING = "applying"
    IN_REVIEW = "in-review"
    WAITING_DOCUMENTS = "waiting-documents"
    FOR_DECISION = "for-decision"
    DONE = "done"
    REFUSED = "refused"
    RETURNED = "returned"


class NextStep(StrEnum):
    """What the person does next."""

    FINISH_AT_KIOSK = "finish-at-kiosk"
    WAIT = "wait"
    BRING_DOCUMENTS = "bring-documents"
    PAY = "pay"
    COLLECT = "collect"
    ASK_AT_WINDOW = "ask-at-window"
    APPLY_AGAIN = "apply-again"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A paper that is still missing, and its last day."""

    title: Text
    due: date | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How a case stands. ``due`` is the last day of the decision, in working days, None when none runs;
    ``provisional`` while the holidays of a year involved are not announced. ``holder`` is the station that
    has it."""

    case_no: str
    title: Text
    opened: date
    stage: Stage
    next_step: NextStep
    due: date | None
    provisional: bool
    holder: Text | None
    outstanding: tuple[Outstanding, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A result of a case that this kiosk took in; ``number`` counts up."""

    number: int
    case_no: str
    kind: str


@dataclass(frozen=True, slots=True)
class Results:
    """Some results, the number to ask after next, whether there are more already."""

    results: tuple[Result, ...]
    after: int
    more: bool


class ProgressOffice:
    """See the module. ``kiosk`` is the machine's id."""

    def __init__(self, platform: Platform, kiosk: str) -> None:
        self._platform, self._kiosk = platform, kiosk

    async def by_case(self, case_no: str, last_four: str) -> Progress:
        """Ask for a case by its number and the last four of its holder's ID number.

        ``Refused``: 404 for a number or proof that is wrong, one like the other; ``too-many-tries``.
        """
        body = {"case_no": case_no, "last_four": last_four}
        return await self._platform.post("/v1/progress", body, question_key(), _progress)

    async def mine(self, id_number: str) -> tuple[Progress, ...]:
        """Ask for the cases of the person who was identified here, newest first."""
        body = {"kiosk": self._kiosk, "id_number": id_number}
        return await self._platform.post(
            "/v1/progress/mine",
            body,
            question_key(),
            lambda value: tuple(_progress(one) for one in value["cases"]),
        )

    async def results(self, since: int) -> Results:
        """Ask for what came after number ``since``, in one exchange."""
        path = f"/v1/kiosks/{quote(self._kiosk, safe='')}/results?since={since}"
        return await self._platform.get(path, _results, deadline_s=0)

    async def acknowledge(self, up_to: int) -> None:
        """Tell that everything up to a number is here, in one exchange; whoever fails says it again later."""
        key = f"{self._kiosk}:results:{up_to}"
        path = f"/v1/kiosks/{quote(self._kiosk, safe='')}/results/acknowledge"
        await self._platform.post(path, {"up_to": up_to}, key, lambda value: int(value["open"]), deadline_s=0)


def _progress(value: Any) -> Progress:
    return Progress(
        case_no=str(value["case_no"]),
        title=_titled(value["title"]) or bilingual(str(value["service"]), str(value["service"])),
        opened=datetime.fromisoformat(value["opened_at"]).date(),
        stage=Stage(value["stage"]),
        next_step=NextStep(value["next_step"]),
        due=_day(value["due"]),
        provisional=bool(value["provisional"]),
        holder=_titled(value["holder"]),
        outstanding=tuple(
            Outstanding(
                _titled(one["title"]) or bilingual(str(one["code"]), str(one["code"])),
                _day(one["due"]),
                bool(one["provisional"]),
            )
            for one in value["outstanding"]
        ),
    )


def _results(value: Any) -> Results:
    return Results(
        tuple(Result(int(one["number"]), str(one["case_no"]), str(one["kind"])) for one in value["results"]),
        int(value["next"]),
        bool(value["more"]),
    )


def _titled(title: Any) -> Text | None:
    return bilingual(str(title["zh-CN"]), str(title.get("en") or title["zh-CN"])) if title else None


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None

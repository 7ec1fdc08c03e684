"""The client of the notice desk: what a person needs for an item, and the notice filed (一次性告知单).

Raises as ``kiosk.platform``: ``Unreachable`` (nothing is known) or ``Refused`` with the desk's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from kiosk.pdf import MAKING_S, pdf_of
from kiosk.platform import Platform, Refused, question_key
from kiosk.signature import Signature
from kiosk.texts import Text, bilingual


class Standing(StrEnum):
    """Who has a paper: the office already, or it is to be brought, or may be brought later."""

    HELD = "held"
    BRING = "bring"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that an item needs; one to be brought later has ``grace_days`` working days."""

    code: str
    title: Text
    standing: Standing
    grace_days: int


@dataclass(frozen=True, slots=True)
class Needed:
    """What a person needs for an item; ``days`` are working days, 0 at once; ``source`` is the basis."""

    service: str
    papers: tuple[Paper, ...]
    days: int
    source: str


class NoticeOffice:
    """See the module. ``kiosk`` is the machine's id."""

    def __init__(self, platform: Platform, kiosk: str) -> None:
        self._platform, self._kiosk = platform, kiosk

    async def needed(self, service: str, *, id_number: str, name: str) -> Needed:
        """Ask what the person who was identified here needs. ``Refused``: ``not-offered``."""
        body = {"kiosk": self._kiosk, "service": service, "id_number": id_number, "name": name}
        return await self._platform.post("/v1/notices/questions", body, question_key(), _needed)

    async def file(
        self,
        case_no: str,
        needed: Needed,
        *,
        id_number: str,
        name: str,
        language: str,
        signature: Signature | None,
    ) -> str:
        """File the notice as it was shown and return its number; asked again it is the same one.

        ``Refused``: ``notice-differs`` when something else is needed by now.
        """
        body = {
            "case_no": case_no,
            "service": needed.service,
            "id_number": id_number,
            "name": name,
            "language": language,
            "papers": [{"code": p.code, "standing": p.standing.value} for p in needed.papers],
            "signature": None if signature is None else signature.to_json(),
        }
        return await self._platform.post("/v1/notices", body, f"{case_no}:notice", _number)

    async def document(self, case_no: str) -> bytearray:
        """Return a case's notice as a signed PDF."""
        path = f"/v1/cases/{quote(case_no, safe='')}/notice/document"
        return await self._platform.get(path, pdf_of, deadline_s=MAKING_S)

    async def of_case(self, case_no: str) -> str:
        """Return the number of a case's notice, "" when it has none, in one exchange; for recovery."""
        path = f"/v1/cases/{quote(case_no, safe='')}/notice"
        try:
            return await self._platform.get(path, _number, deadline_s=0)
        except Refused as refused:
            if refused.status == 404:
                return ""
            raise


def _number(value: Any) -> str:
    return str(value["notice_no"])


def _needed(value: Any) -> Needed:
    return Needed(
        service=str(value["service"]),
        papers=tuple(
            Paper(
                str(one["code"]),
                _titled(one["title"], str(one["code"])),
                Standing(one["standing"]),
                int(one["grace_days"]),
            )
            for one in value["papers"]
        ),
        days=int(value["limit_days"]),
        source=str(value["source"]),
    )


def _titled(title: Any, code: str) -> Text:
    chinese = str(title.get("zh-CN") or code)
    return bilingual(chinese, str(title.get("en") or chinese))

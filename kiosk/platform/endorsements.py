"""Endorsements at the back office: a permit checked, a quote, an approval, what became of it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from kiosk.platform.line import Line, digest_of, path_part
from kiosk.platform.orders import Bill, bill_of
from kiosk.rules import Wish


@dataclass(frozen=True, slots=True)
class HeldEndorsement:
    """An endorsement that the holder has: destination HKG or MAC, entries 0 = multiple."""

    destination: str
    type: str
    valid_until: date
    entries_left: int


@dataclass(frozen=True, slots=True)
class PermitCheck:
    """What the register says of a permit and its holder. ``refusal`` never says why."""

    permit_status: str
    held_by_applicant: bool
    refusal: str | None
    first_time: bool
    household: str
    individual_travel: bool
    last_issued: date | None
    endorsements: tuple[HeldEndorsement, ...]
    strip_rewrites: int


@dataclass(frozen=True, slots=True)
class IssuedEndorsement:
    """One endorsement of an approval."""

    number: str
    destination: str
    type: str
    valid_from: date
    valid_until: date
    entries: int
    stay_days: int

    @property
    def months(self) -> int:
        """How long it is valid, to the day before the same day of a later month."""
        end = self.valid_until + timedelta(days=1)
        return (end.year - self.valid_from.year) * 12 + end.month - self.valid_from.month


@dataclass(frozen=True, slots=True)
class Approval:
    """An approved case: what to print on the strip, what to write into the chip."""

    approval_no: str
    endorsements: tuple[IssuedEndorsement, ...]
    chip_record: bytes
    strip_code: str

    @property
    def chip_digest(self) -> str:
        """SHA-256 of the chip's record in hex: the journal's evidence of what the chip holds."""
        return hashlib.sha256(self.chip_record).hexdigest()

    def grants(self, wishes: Sequence[Wish]) -> bool:
        """Tell whether it is for just what was asked and paid for; another's would be for something else."""
        asked = sorted((wish.destination, wish.type, wish.entries, wish.months) for wish in wishes)
        granted = sorted((one.destination, one.type, one.entries, one.months) for one in self.endorsements)
        return asked == granted


class Endorsements(Line):
    """What is asked about a permit and its endorsements."""

    async def check_permit(
        self, case_no: str, *, id_number: str, name: str, permit_number: str, permit_expires: date
    ) -> PermitCheck:
        """Ask the register about a permit and its holder."""
        body = {
            "kiosk": self._kiosk,
            "id_number": id_number,
            "name": name,
            "permit_number": permit_number,
            "permit_expires": permit_expires.isoformat(),
        }
        return await self.post("/v1/permits/check", body, f"{case_no}:check:{digest_of(body)}", _permit_check)

    async def quote(self, case_no: str, wishes: Sequence[Wish]) -> Bill:
        """Ask what ``wishes`` cost."""
        body = {"case_no": case_no, "items": [asdict(wish) for wish in wishes]}
        return await self.post(
            "/v1/quotes", body, f"{case_no}:quote:{digest_of(body)}", lambda value: bill_of(case_no, value)
        )

    async def endorse(
        self, bill: Bill, order_no: str, *, permit_number: str, wishes: Sequence[Wish]
    ) -> Approval:
        """Submit a paid case. ``Refused``: ``not-paid``, ``refused``."""
        body = {
            "case_no": bill.case_no,
            "permit_number": permit_number,
            "bill_no": bill.bill_no,
            "order_no": order_no,
            "items": [asdict(wish) for wish in wishes],
        }
        return await self.post("/v1/endorsements", body, f"{bill.case_no}:endorse", _approval)

    async def approval(self, approval_no: str) -> Approval:
        """Return an approval again, for recovery."""
        return await self.get(f"/v1/endorsements/{path_part(approval_no)}", _approval)

    async def report_outcome(
        self, approval_no: str, *, issued: bool, chip: bool, strip: bool, deadline_s: float | None = None
    ) -> str:
        """Tell what became of an approval on the permit; return its state."""
        body = {"outcome": "issued" if issued else "failed", "chip": chip, "strip": strip}
        return await self.post(
            f"/v1/endorsements/{path_part(approval_no)}/outcome",
            body,
            f"{approval_no}:outcome:{digest_of(body)}",
            lambda value: str(value["state"]),
            deadline_s=deadline_s,
        )


def _permit_check(value: Any) -> PermitCheck:
    return PermitCheck(
        permit_status=str(value["permit_status"]),
        held_by_applicant=bool(value["held_by_applicant"]),
        refusal=value["refusal"],
        first_time=bool(value["first_time"]),
        household=str(value["household"]),
        individual_travel=bool(value["individual_travel"]),
        last_issued=_date(value["last_issued"]) if value["last_issued"] else None,
        endorsements=tuple(
            HeldEndorsement(
                held["destination"], held["type"], _date(held["valid_until"]), int(held["entries_left"])
            )
            for held in value["endorsements"]
        ),
        strip_rewrites=int(value["strip_rewrites"]),
    )


def _approval(value: Any) -> Approval:
    return Approval(
        str(value["approval_no"]),
        tuple(
            IssuedEndorsement(
                str(issued["number"]),
                str(issued["destination"]),
                str(issued["type"]),
                _date(issued["valid_from"]),
                _date(issued["valid_until"]),
                int(issued["entries"]),
                int(issued["stay_days"]),
            )
            for issued in value["endorsements"]
        ),
        base64.b64decode(value["chip_record"], validate=True),
        str(value["strip_code"]),
    )


def _date(value: str) -> date:
    return date.fromisoformat(value[:10])

"""The client of the traffic police's desk at the back office: records, evidence, decisions, fines.

Raises as ``kiosk.platform``: ``Unreachable`` (nothing is known) or ``Refused`` with the desk's code. Each
POST has a key of its own, so that asking again after a lost reply is harmless.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote

from PIL import Image

from kiosk.pdf import MAKING_S, pdf_of
from kiosk.platform import Bill, Platform, bill_of
from kiosk.signature import Signature
from kiosk.traffic import Licence, Records, Violation, Words

HANDLED_ELSEWHERE: Final = "handled-elsewhere"
PENALTY_DIFFERS: Final = "penalty-differs"
LIMIT_REACHED: Final = "limit-reached"
"""Why the desk does not make a decision that looked possible when the list was shown."""

MOST_PICTURE_BYTES: Final = 400_000
MOST_PICTURE_SIDE_PX: Final = 4096
PICTURE_FORMATS: Final = ("PNG", "JPEG")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A picture of a violation: PNG or JPEG, and where to look, as shares of its width and height."""

    data: bytes
    caption: Words
    focus: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that was made. ``document`` is the 处罚决定书, line by line, as the authority has it."""

    decision_no: str
    violation_no: str
    fine_fen: int
    points: int
    received_on: date
    document: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FineReceipt:
    """The treasury's electronic receipt (财政电子票据) of a fine that was paid."""

    receipt_no: str
    decision_no: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Handled:
    """What the desk has of a case: by violation the decision's or objection's number, and its receipts."""

    decisions: dict[str, str]
    objections: dict[str, str]
    receipts: tuple[FineReceipt, ...]


class TrafficOffice:
    """See the module. ``kiosk`` is the machine's id."""

    def __init__(self, platform: Platform, kiosk: str) -> None:
        self._platform, self._kiosk = platform, kiosk

    async def records(self, case_no: str, *, id_number: str, name: str) -> Records:
        """Return a person's licence and violations; no licence and no records for one who has none."""
        body = {"kiosk": self._kiosk, "case_no": case_no, "id_number": id_number, "name": name}
        return await self._platform.post("/v1/traffic/records", body, f"{case_no}:records", _records)

    async def evidence(self, case_no: str, violation_no: str) -> tuple[Evidence, ...]:
        """Return the pictures of a violation that was listed for this case."""
        path = f"{_case(case_no)}/violations/{quote(violation_no, safe='')}/evidence"
        return await self._platform.get(path, _evidence)

    async def decide(
        self, case_no: str, violation: Violation, *, proof: str, signature: Signature | None
    ) -> Decision:
        """Have a violation decided as it was shown; ``proof`` is how the driver was identified just now,
        ``signature`` theirs, None when they would not sign.

        ``Refused``: ``handled-elsewhere``, ``penalty-differs``, ``limit-reached``.
        """
        body = {
            "case_no": case_no,
            "violation_no": violation.number,
            "fine_fen": violation.fine_fen,
            "points": violation.points,
            "proof": proof,
            "declared": True,
            "signature": None if signature is None else signature.to_json(),
        }
        return await self._platform.post(
            "/v1/traffic/decisions", body, f"{case_no}:decide:{violation.number}", _decision
        )

    async def document(self, case_no: str, decision_no: str) -> bytearray:
        """Return a decision of a case as a signed PDF."""
        return await self._platform.get(
            f"{_case(case_no)}/decisions/{quote(decision_no, safe='')}/document", pdf_of, deadline_s=MAKING_S
        )

    async def object(self, case_no: str, violation_no: str, reason: str) -> str:
        """Record an objection and have it sent to the place of the violation; return its number.

        ``Refused``: ``handled-elsewhere``.
        """
        body = {"case_no": case_no, "violation_no": violation_no, "reason": reason}
        return await self._platform.post(
            "/v1/traffic/objections",
            body,
            f"{case_no}:object:{violation_no}",
            lambda value: str(value["objection_no"]),
        )

    async def bill(self, case_no: str, decisions: Sequence[str]) -> Bill:
        """Ask for a bill of what ``decisions`` owe today, in their order."""
        body = {"case_no": case_no, "decisions": list(decisions)}
        digest = hashlib.sha256("\n".join(decisions).encode()).hexdigest()[:24]
        return await self._platform.post(
            "/v1/traffic/bills", body, f"{case_no}:fines:{digest}", lambda value: bill_of(case_no, value)
        )

    async def settle(self, bill: Bill, order_no: str) -> tuple[FineReceipt, ...]:
        """Have the paid fines of a bill booked; return a receipt for each. ``Refused``: ``not-paid``."""
        body = {"case_no": bill.case_no, "bill_no": bill.bill_no, "order_no": order_no}
        return await self._platform.post(
            "/v1/traffic/settlements",
            body,
            f"{bill.case_no}:settle",
            lambda value: _receipts(value["receipts"]),
        )

    async def handled(self, case_no: str) -> Handled:
        """Return what the desk has of a case, in one exchange; for recovery."""
        return await self._platform.get(_case(case_no), _handled, deadline_s=0)


def _case(case_no: str) -> str:
    return f"/v1/traffic/cases/{quote(case_no, safe='')}"


def _records(value: Any) -> Records:
    licence = value["licence"]
    return Records(
        licence=None
        if licence is None
        else Licence(
            state=str(licence["state"]),
            points=int(licence["points"]),
            cycle_until=date.fromisoformat(licence["cycle_until"]),
            other_vehicles=frozenset(str(plate) for plate in licence["other_vehicles"]),
        ),
        violations=tuple(_violation(one) for one in value["violations"]),
    )


def _violation(value: Any) -> Violation:
    return Violation(
        number=str(value["violation_no"]),
        plate=str(value["plate"]),
        plate_kind=str(value["plate_kind"]),
        owned=bool(value["owned"]),
        at=datetime.fromisoformat(value["at"]),
        place=_words(value["place"]),
        act_code=str(value["act_code"]),
        act=_words(value["act"]),
        basis=_words(value["basis"]),
        fine_fen=int(value["fine_fen"]),
        points=int(value["points"]),
        authority=_words(value["authority"]),
        other_licences=int(value["other_licences"]),
        decision_no=str(value["decision_no"]),
        received_on=date.fromisoformat(value["received_on"]) if value["received_on"] else None,
        suspended_days=int(value["suspended_days"]),
    )


def _words(value: Any) -> Words:
    return Words(str(value["zh"]), str(value["en"]))


def _evidence(value: Any) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            _picture(base64.b64decode(one["data"], validate=True)),
            _words(one["caption"]),
            (float(one["focus_x"]), float(one["focus_y"])),
        )
        for one in value["pictures"]
    )


def _picture(data: bytes) -> bytes:
    """Return ``data`` if it is a picture that the window can show; raises ``ValueError``."""
    if len(data) > MOST_PICTURE_BYTES:
        raise ValueError("a picture this large is no evidence")
    try:
        with Image.open(io.BytesIO(data), formats=PICTURE_FORMATS) as picture:
            if max(picture.size) > MOST_PICTURE_SIDE_PX:
                raise ValueError("a picture with this many dots is no evidence")
            picture.load()
    except OSError as error:
        raise ValueError("not a picture") from error
    return data


def _decision(value: Any) -> Decision:
    return Decision(
        decision_no=str(value["decision_no"]),
        violation_no=str(value["violation_no"]),
        fine_fen=int(value["fine_fen"]),
        points=int(value["points"]),
        received_on=date.fromisoformat(value["received_on"]),
        document=tuple(str(line) for line in value["document"]),
    )


def _receipts(value: Any) -> tuple[FineReceipt, ...]:
    return tuple(
        FineReceipt(str(one["receipt_no"]), str(one["decision_no"]), int(one["amount_fen"])) for one in value
    )


def _handled(value: Any) -> Handled:
    return Handled(
        {str(one["violation_no"]): str(one["decision_no"]) for one in value["decisions"]},
        {str(one["violation_no"]): str(one["objection_no"]) for one in value["objections"]},
        _receipts(value["receipts"]),
    )

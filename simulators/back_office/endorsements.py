"""Endorsements (签注): whether one is issued, decided at once (即办), and what then stands on the card.

Issued only when the bill is paid and the registers have nothing against it at this moment; one
approval for one payment, however often it is asked for. The registers change when the kiosk tells
that the card was really made.
"""

from __future__ import annotations

import calendar
from base64 import b64encode
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, RowMapping, Table, UniqueConstraint, delete, select, update
from sqlalchemy.exc import IntegrityError

from simulators.back_office.acceptance import note, note_approval
from simulators.back_office.bills import find_bill
from simulators.back_office.chip import IssuedEndorsement, chip_record, strip_code
from simulators.back_office.contract import Base64, CaseNo, Number, OrderNo, Part, PermitNo, Validity
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import get, post
from simulators.back_office.orders import mark_delivered, require_paid
from simulators.back_office.payments import show_payment
from simulators.back_office.registers import held, holder_of, people, permit_of, permits, stands_back
from simulators.back_office.store import (
    add,
    draw_number,
    find,
    key,
    metadata,
    of,
    serial,
    text,
    values,
    whole,
)
from simulators.back_office.tariff import Wish, is_for
from simulators.back_office.traffic_cases import ordered

approvals: Final = Table(
    "approvals",
    metadata,
    key("approval_no"),
    whole("sequence"),
    of("case_no", "cases.case_no"),
    text("permit_number"),
    text("bill_no"),
    of("order_no", "payments.order_no"),
    values("endorsements"),
    text("chip_record"),
    text("strip_code"),
    text("state"),
    UniqueConstraint("sequence"),
    UniqueConstraint("order_no", name="one_approval_for_one_payment"),
)

approval_numbers: Final = Table("approval_numbers", metadata, serial())

STAY_DAYS: Final = 7
"""Days a stay for G and L, the types a kiosk issues."""

MONTHS: Final[dict[Validity, int]] = {"P3M": 3, "P1Y": 12}


class EndorsementAsked(Part):
    case_no: CaseNo
    permit_number: PermitNo
    bill_no: Number
    order_no: OrderNo
    items: Annotated[list[Wish], Field(min_length=1, max_length=2)]


class Approval(Part):
    """``chip_record`` is the whole content of the chip's endorsement file in base64, at most 255 bytes."""

    approval_no: str
    state: Literal["approved", "issued", "failed"]
    endorsements: list[IssuedEndorsement]
    chip_record: Base64
    strip_code: str


class Outcome(Part):
    outcome: Literal["issued", "failed"]
    chip: bool
    strip: bool


class OutcomeTaken(Part):
    state: Literal["issued", "failed"]


def issue(office: Office, asked: EndorsementAsked) -> Approval:
    """Decide at once. Raises ``Refused`` 409 ``not-paid``, ``bill-differs``, ``refused``."""
    try:
        try:
            return _issue(office, asked)
        except Refused as refused:
            # Asks the payment host when nobody has yet heard that it is paid.
            if refused.error != "not-paid" or show_payment(office, asked.order_no).state != "paid":
                raise
            return _issue(office, asked)
    except Refused as refused:
        if refused.error == "refused":
            with office.store.begin() as db:
                note(db, office, asked.case_no, "refused", asked.order_no, becomes="refused")
        raise
    except IntegrityError:
        # Another request for the same payment was faster.
        return _issue(office, asked)


def _issue(office: Office, asked: EndorsementAsked) -> Approval:
    with office.store.begin() as db:
        row = _of_order(db, asked.order_no)
        return _decide(db, office, asked) if row is None else _repeated(row, asked)


def show_approval(db: Connection, office: Office, approval_no: Number) -> Approval:
    """Return an approval; raises ``Refused`` 404."""
    return _approval(_of_number(db, approval_no))


def take_outcome(db: Connection, office: Office, approval_no: Number, outcome: Outcome) -> OutcomeTaken:
    """Register what became of the card. The same outcome again changes nothing."""
    row = _of_number(db, approval_no, lock=True)
    if row["state"] != "approved":
        if row["state"] != outcome.outcome:
            raise Refused(409, "outcome-differs")
        return OutcomeTaken(state=row["state"])
    db.execute(update(approvals).where(approvals.c.approval_no == approval_no).values(state=outcome.outcome))
    done = f"chip {'ok' if outcome.chip else 'not'}, strip {'ok' if outcome.strip else 'not'}"
    note(db, office, row["case_no"], outcome.outcome, f"{approval_no} {done}", becomes=outcome.outcome)
    if outcome.outcome == "issued":
        mark_delivered(db, row["order_no"])
        _enter(db, office, row)
    return OutcomeTaken(state=outcome.outcome)


def _decide(db: Connection, office: Office, asked: EndorsementAsked) -> Approval:
    bill = find_bill(db, asked.bill_no)
    if bill is None or not is_for(bill, asked.case_no, asked.items):
        raise Refused(409, "bill-differs")
    require_paid(db, asked.order_no, asked.bill_no)
    granted = _somebody_elses(asked.items) if ordered(office, "mixes_up") else asked.items
    today = office.today()
    permit = permit_of(db, asked.permit_number)
    until = max(end_of(wish.validity, today) for wish in asked.items)
    if (
        permit is None
        or permit["status"] != "valid"
        or permit["expires"] < until.isoformat()
        or stands_back(holder_of(db, permit))
    ):
        raise Refused(409, "refused")
    sequence = draw_number(db, approval_numbers)
    digits = f"{today:%y%m%d}{sequence:08d}"
    endorsements = [
        IssuedEndorsement(
            number=f"{today:%y%m%d}{sequence:06d}{index}",
            destination=wish.destination,
            type=wish.type,
            valid_from=today,
            valid_until=end_of(wish.validity, today),
            entries=wish.entries,
            stay_days=STAY_DAYS,
        )
        for index, wish in enumerate(granted, start=1)
    ]
    record = chip_record([*endorsements, *_staying(db, asked.permit_number, endorsements, today)])
    row: dict[str, Any] = {
        "approval_no": f"A{digits}",
        "sequence": sequence,
        "case_no": asked.case_no,
        "permit_number": asked.permit_number,
        "bill_no": asked.bill_no,
        "order_no": asked.order_no,
        "endorsements": [endorsement.model_dump(mode="json") for endorsement in endorsements],
        "chip_record": b64encode(record).decode("ascii"),
        "strip_code": strip_code(digits),
        "state": "approved",
    }
    add(db, approvals, **row)
    note_approval(db, office, asked.case_no, row["approval_no"])
    return _approval(row)


def _somebody_elses(wishes: Sequence[Wish]) -> list[Wish]:
    """Return what another person asked for at the same moment: the bench mixes the two up."""
    return [
        wish.model_copy(update={"validity": "P1Y" if wish.validity == "P3M" else "P3M"}) for wish in wishes
    ]


def end_of(validity: Validity, first: date) -> date:
    """Return the last day of ``validity`` that begins on ``first``: the day before the same day then."""
    month = first.month - 1 + MONTHS[validity]
    year, month = first.year + month // 12, month % 12 + 1
    day = min(first.day, calendar.monthrange(year, month)[1])
    return date(year, month, day) - timedelta(days=1)


def _staying(
    db: Connection, permit_number: str, new: Sequence[IssuedEndorsement], today: date
) -> list[IssuedEndorsement]:
    """Return what is valid on the permit and not replaced by a new one of the same kind."""
    replaced = {(endorsement.destination, endorsement.type) for endorsement in new}
    rows = db.execute(
        select(held)
        .where(held.c.permit_number == permit_number, held.c.valid_until >= today.isoformat())
        .order_by(held.c.valid_until.desc())
    ).mappings()
    return [
        IssuedEndorsement(
            number=row["number"],
            destination=row["destination"],
            type=row["type"],
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_until=date.fromisoformat(row["valid_until"]),
            entries=row["entries"],
            stay_days=row["stay_days"],
        )
        for row in rows
        if (row["destination"], row["type"]) not in replaced
    ]


def _enter(db: Connection, office: Office, approval: RowMapping) -> None:
    """Write the issued endorsements into the registers, in the place of those of the same kind."""
    permit = permit_of(db, approval["permit_number"])
    if permit is None:
        return
    for entry in approval["endorsements"]:
        db.execute(
            delete(held).where(
                held.c.permit_number == permit["permit_number"],
                held.c.destination == entry["destination"],
                held.c.type == entry["type"],
            )
        )
        add(db, held, permit_number=permit["permit_number"], entries_left=entry["entries"], **entry)
    db.execute(
        update(permits)
        .where(permits.c.permit_number == permit["permit_number"])
        .values(strip_rewrites=permits.c.strip_rewrites + 1)
    )
    db.execute(
        update(people)
        .where(people.c.id_number == permit["id_number"])
        .values(last_issued=office.today().isoformat(), first_time=False)
    )


def _repeated(row: RowMapping, asked: EndorsementAsked) -> Approval:
    approval = _approval(row)
    kept = (row["case_no"], row["permit_number"], row["bill_no"])
    wishes = {(e.destination, e.type, e.valid_until, e.entries) for e in approval.endorsements}
    wished = {
        (w.destination, w.type, end_of(w.validity, approval.endorsements[0].valid_from), w.entries)
        for w in asked.items
    }
    if kept != (asked.case_no, asked.permit_number, asked.bill_no) or wishes != wished:
        raise Refused(409, "order-differs")
    return approval


def _of_order(db: Connection, order_no: str) -> RowMapping | None:
    return find(db, approvals.c.order_no, order_no)


def _of_number(db: Connection, approval_no: str, *, lock: bool = False) -> RowMapping:
    row = find(db, approvals.c.approval_no, approval_no, lock=lock)
    if row is None:
        raise Refused(404, "not-found", approval_no)
    return row


def _approval(row: RowMapping | dict[str, Any]) -> Approval:
    return Approval(
        approval_no=row["approval_no"],
        state=row["state"],
        endorsements=[IssuedEndorsement.model_validate(entry, strict=False) for entry in row["endorsements"]],
        chip_record=row["chip_record"],
        strip_code=row["strip_code"],
    )


OPERATIONS: Final = (
    post(
        "/v1/endorsements", issue, "Decide on paid endorsements: what to write on the card, or no", status=201
    ),
    get("/v1/endorsements/{approval_no}", show_approval, "An approval and what became of it"),
    post("/v1/endorsements/{approval_no}/outcome", take_outcome, "Tell whether the card was made"),
)

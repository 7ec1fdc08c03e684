"""Fines (罚款) of traffic decisions: billed with their surcharge, paid, booked.

What was paid is booked with a receipt for each fine, and is then not refunded any more.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, update

from simulators.back_office.acceptance import note
from simulators.back_office.bills import bills, draw_bill, find_bill
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import post
from simulators.back_office.orders import mark_delivered, require_paid
from simulators.back_office.payments import show_payment
from simulators.back_office.store import find, next_number
from simulators.back_office.traffic_cases import ordered, person_of
from simulators.back_office.traffic_contract import (
    BillAsked,
    BilledFine,
    FineBill,
    FineReceipt,
    Settlement,
    SettlementAsked,
)
from simulators.back_office.traffic_register import AREA, violations
from simulators.back_office.traffic_tariff import surcharge_fen

SUBJECT: Final = "交通违法罚款"
FEE_CHANGES_BY_FEN: Final = 1000


def bill(db: Connection, office: Office, asked: BillAsked) -> FineBill:
    """Make a bill of what the person's decisions owe today."""
    person = person_of(db, asked.case_no)
    if len(set(asked.decisions)) < len(asked.decisions):
        raise Refused(409, "not-offered", "a decision twice")
    items = []
    for decision_no in asked.decisions:
        row = find(db, violations.c.decision_no, decision_no)
        if row is None or row["state"] != "decided" or row["driver"] != person["id_number"]:
            raise Refused(409, "not-offered", decision_no)
        late_fen = surcharge_fen(row, office.today())
        items.append(
            BilledFine(
                decision_no=decision_no,
                fine_fen=row["fine_fen"],
                surcharge_fen=late_fen,
                fee_fen=row["fine_fen"] + late_fen,
            )
        )
    bill_no, total, until = draw_bill(
        db, office, asked.case_no, SUBJECT, [item.model_dump() for item in items]
    )
    if ordered(office, "fee_changes"):
        changed = update(bills).where(bills.c.bill_no == bill_no)
        db.execute(changed.values(total_fen=total + FEE_CHANGES_BY_FEN))
    return FineBill(bill_no=bill_no, items=items, total_fen=total, valid_until=until)


def settle(office: Office, asked: SettlementAsked) -> Settlement:
    """Book the fines of a paid bill, a receipt for each.

    Raises ``Refused`` 409 ``not-paid``, ``bill-differs``.
    """
    with office.store.begin() as db:
        found = find_bill(db, asked.bill_no)
        if found is None or found["case_no"] != asked.case_no:
            raise Refused(409, "bill-differs")
        if (done := receipts_of(db, asked.case_no)) is not None:
            return done
    # Asks the payment host when nobody has yet heard that it is paid.
    if show_payment(office, asked.order_no).state != "paid":
        raise Refused(409, "not-paid")
    with office.store.begin() as db:
        require_paid(db, asked.order_no, asked.bill_no)
        if (done := receipts_of(db, asked.case_no)) is not None:
            return done
        for item in found["items"]:
            receipt_no = f"{AREA}7{office.today():%y%m%d}{next_number(db, 'fine receipts'):05d}"
            db.execute(
                update(violations)
                .where(violations.c.decision_no == item["decision_no"])
                .values(
                    state="paid", receipt_no=receipt_no, paid_fen=item["fee_fen"], paid_case=asked.case_no
                )
            )
        mark_delivered(db, asked.order_no)
        note(db, office, asked.case_no, "settled", asked.order_no, becomes="settled")
        done = receipts_of(db, asked.case_no)
    assert done is not None
    return done


def receipts_of(db: Connection, case_no: str) -> Settlement | None:
    """Return the receipts of the fines paid in a case; None when none was."""
    rows = db.execute(
        select(violations).where(violations.c.paid_case == case_no).order_by(violations.c.receipt_no)
    ).mappings()
    receipts = [
        FineReceipt(receipt_no=r["receipt_no"], decision_no=r["decision_no"], amount_fen=r["paid_fen"])
        for r in rows
    ]
    return Settlement(receipts=receipts) if receipts else None


OPERATIONS: Final = (
    post("/v1/traffic/bills", bill, "Make a bill of what decisions owe today"),
    post("/v1/traffic/settlements", settle, "Book the fines of a paid bill", status=201),
)

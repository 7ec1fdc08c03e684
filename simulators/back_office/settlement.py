"""The books of a day for one kiosk, as each asks for them the next day; and the journal heads it pushed.

A settlement has two sources: our own orders and refunds by the moments at which they moved, and the payment
hosts' bills of that day. A host that cannot be asked is named, so that nobody takes silence for "nothing".
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Final, Literal

from pydantic import StringConstraints
from sqlalchemy import Connection, select

from simulators.back_office.acceptance import case_history, cases
from simulators.back_office.contract import Day, Fen, Number, Part
from simulators.back_office.desk import BEIJING, Office, Refused
from simulators.back_office.merchant import HostRefused, HostSilent
from simulators.back_office.operation import get
from simulators.back_office.orders import payments
from simulators.back_office.refunds import refunds
from simulators.back_office.reports import events
from simulators.back_office.store import moment, stamp

PAID: Final = ("paid", "paid-too-late")
REFUNDED: Final = "refunded"

JournalId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class Movement(Part):
    """Money that moved: a payment, or with ``refund_no`` what went back of one."""

    order_no: str
    refund_no: str
    channel: str
    amount_fen: Fen


class Settlement(Part):
    """``office``: what we have; ``hosts``: what the payment hosts' bills say of our orders, by ``channel``.

    ``silent``: the hosts whose bill could not be had.
    """

    day: date
    office: list[Movement]
    hosts: list[Movement]
    silent: list[Literal["wechat", "alipay"]]


class JournalHead(Part):
    """The newest link of a kiosk's journal that was pushed to us: number, hash in hex, when it was posted."""

    number: int
    head: str
    at: datetime


def settle(office: Office, kiosk: Number, day: Day) -> Settlement:
    """Return a day's movements of one kiosk's orders. The hosts have a bill only of a day that is over."""
    with office.store.begin() as db:
        own = _own(db, kiosk, day)
        ours = set(
            db.scalars(
                select(payments.c.order_no)
                .join(cases, cases.c.case_no == payments.c.case_no)
                .where(cases.c.kiosk == kiosk)
            )
        )
    hosts: list[Movement] = []
    silent: list[Literal["wechat", "alipay"]] = []
    for name, channel in office.channels.items():
        try:
            if day >= office.today():
                raise HostSilent(f"{day} is not over")
            moved = channel.bill(day)
        except (HostSilent, HostRefused):
            silent.append("wechat" if name == "wechat" else "alipay")
            continue
        hosts += [
            Movement(order_no=one.order_no, refund_no=one.refund_no, channel=name, amount_fen=one.amount_fen)
            for one in moved
            if one.order_no in ours
        ]
    return Settlement(day=day, office=own, hosts=hosts, silent=silent)


def _own(db: Connection, kiosk: str, day: date) -> list[Movement]:
    """Return what our own books say: each order and refund at the moment when its case's history has it."""
    begin = datetime.combine(day, time(), BEIJING)
    steps = db.execute(
        select(case_history.c.step, case_history.c.detail)
        .join(cases, cases.c.case_no == case_history.c.case_no)
        .where(
            cases.c.kiosk == kiosk,
            case_history.c.step.in_((*PAID, REFUNDED)),
            case_history.c.at >= stamp(begin),
            case_history.c.at < stamp(begin + timedelta(days=1)),
        )
        .order_by(case_history.c.at)
    ).all()
    found: list[Movement] = []
    for step, detail in steps:
        number = str(detail).split()[0]
        if step in PAID:
            row = db.execute(select(payments).where(payments.c.order_no == number)).mappings().first()
            if row is not None:
                found.append(_movement(row["order_no"], "", row["channel"], row["amount_fen"]))
        else:
            row = (
                db.execute(
                    select(refunds.c.refund_no, refunds.c.amount_fen, payments.c.order_no, payments.c.channel)
                    .join(payments, payments.c.order_no == refunds.c.order_no)
                    .where(refunds.c.refund_no == number)
                )
                .mappings()
                .first()
            )
            if row is not None:
                found.append(_movement(row["order_no"], number, row["channel"], row["amount_fen"]))
    return found


def _movement(order_no: str, refund_no: str, channel: str, amount_fen: int) -> Movement:
    return Movement(order_no=order_no, refund_no=refund_no, channel=channel, amount_fen=amount_fen)


def newest_head(db: Connection, office: Office, journal: JournalId) -> JournalHead:
    """Return the newest head that a journal pushed; its letters carry the journal's id in their own."""
    rows = db.execute(
        select(events.c.at, events.c.body).where(
            events.c.kind == "journal-head", events.c.id.like(f"{journal}-%")
        )
    ).all()
    heads = [
        JournalHead(number=int(body["number"]), head=str(body["head"]), at=moment(at)) for at, body in rows
    ]
    if not heads:
        raise Refused(404, "not-found", journal)
    return max(heads, key=lambda head: head.number)


OPERATIONS: Final = (
    get("/v1/kiosks/{kiosk}/settlements/{day}", settle, "The books of a day, for one kiosk"),
    get("/v1/journals/{journal}/head", newest_head, "The newest head that a journal has pushed"),
)

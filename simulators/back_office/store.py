"""The tables, on SQLite (embedded) or PostgreSQL (by URL).

Times are kept as ISO 8601 text in UTC and dates as ISO text, so that both databases sort and
compare them alike; money is whole fen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

POSTGRES_CONNECTIONS: Final = 8

metadata = MetaData()

people = Table(
    "people",
    metadata,
    Column("id_number", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("household", String, nullable=False),
    Column("individual_travel", Boolean, nullable=False),
    Column("first_time", Boolean, nullable=False),
    Column("last_issued", String),
    Column("exit_ban", Boolean, nullable=False),
    Column("state_employee", Boolean, nullable=False),
    Column("soldier", Boolean, nullable=False),
)

permits = Table(
    "permits",
    metadata,
    Column("permit_number", String, primary_key=True),
    Column("id_number", ForeignKey("people.id_number", ondelete="CASCADE"), nullable=False),
    Column("status", String, nullable=False),
    Column("expires", String, nullable=False),
    Column("strip_rewrites", Integer, nullable=False),
)

held = Table(
    "held_endorsements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("permit_number", ForeignKey("permits.permit_number", ondelete="CASCADE"), nullable=False),
    Column("number", String, nullable=False),
    Column("destination", String, nullable=False),
    Column("type", String, nullable=False),
    Column("valid_from", String, nullable=False),
    Column("valid_until", String, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("entries_left", Integer, nullable=False),
    Column("stay_days", Integer, nullable=False),
    Index("held_by_permit", "permit_number"),
)

cases = Table(
    "cases",
    metadata,
    Column("case_no", String, primary_key=True),
    Column("kiosk", String, nullable=False),
    Column("service", String, nullable=False),
    Column("opened_at", String, nullable=False),
    Column("permit_number", String),
    Column("state", String, nullable=False),
)

case_history = Table(
    "case_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_no", ForeignKey("cases.case_no"), nullable=False),
    Column("at", String, nullable=False),
    Column("step", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("history_of_case", "case_no"),
)

bills = Table(
    "bills",
    metadata,
    Column("bill_no", String, primary_key=True),
    Column("case_no", ForeignKey("cases.case_no"), nullable=False),
    Column("items", JSON, nullable=False),
    Column("total_fen", Integer, nullable=False),
    Column("valid_until", String, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("order_no", String, primary_key=True),
    Column("case_no", ForeignKey("cases.case_no"), nullable=False),
    Column("bill_no", ForeignKey("bills.bill_no"), nullable=False),
    Column("channel", String, nullable=False),
    Column("method", String, nullable=False),
    Column("host_reference", String, nullable=False),
    Column("amount_fen", Integer, nullable=False),
    Column("code", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("state", String, nullable=False),
    Column("refunded_fen", Integer, nullable=False),
    Index("payments_of_bill", "bill_no"),
    Index("payments_by_state", "state"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("refund_no", String, primary_key=True),
    Column("order_no", ForeignKey("payments.order_no"), nullable=False),
    Column("amount_fen", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("state", String, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("approval_no", String, primary_key=True),
    Column("sequence", Integer, nullable=False, unique=True),
    Column("case_no", ForeignKey("cases.case_no"), nullable=False),
    Column("permit_number", String, nullable=False),
    Column("bill_no", String, nullable=False),
    Column("order_no", ForeignKey("payments.order_no"), nullable=False),
    Column("endorsements", JSON, nullable=False),
    Column("chip_record", String, nullable=False),
    Column("strip_code", String, nullable=False),
    Column("state", String, nullable=False),
    UniqueConstraint("order_no", name="one_approval_for_one_payment"),
)

events = Table(
    "events",
    metadata,
    Column("id", String, primary_key=True),
    Column("at", String, nullable=False),
    Column("received_at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("case_no", String),
    Column("body", JSON, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("last", Integer, nullable=False),
)

answers = Table(
    "stored_answers",
    metadata,
    Column("key", String, primary_key=True),
    Column("request_digest", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", String, nullable=False),
    Column("at", String, nullable=False),
)


def open_store(url: str) -> Engine:
    """Open the database at ``url`` (``sqlite:///path`` or ``postgresql://...``), making its tables.

    SQLite runs in WAL with one connection, which serialises writers by itself. It syncs at
    checkpoints: whatever was answered survives the death of this process; a power cut may cost the
    last moments, which is why a real bureau gives a PostgreSQL URL.
    """
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"), pool_size=POSTGRES_CONNECTIONS, max_overflow=0
        )
    else:
        engine = create_engine(
            address,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"check_same_thread": False},
        )
        event.listen(engine, "connect", _tune_sqlite)
    metadata.create_all(engine)
    return engine


def _tune_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def stamp(moment: datetime) -> str:
    """Return ``moment`` as the text that is stored: UTC, microseconds, sortable."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """Return the time that ``stamp`` stored."""
    return datetime.fromisoformat(text)

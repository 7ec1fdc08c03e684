"""The database: SQLite (embedded) or PostgreSQL (by URL); each desk declares its own tables on ``metadata``.

Times are kept as ISO 8601 text in UTC and dates as ISO text, so that both databases sort and
compare them alike; money is whole fen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Insert,
    Integer,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import QueuePool

POSTGRES_CONNECTIONS: Final = 8

metadata = MetaData()


def key(name: str) -> Column[str]:
    """A text by which a row is known."""
    return Column(name, String, primary_key=True)


def number_key(name: str) -> Column[int]:
    """A number that we count up ourselves: without gaps, in the order of the transactions."""
    return Column(name, Integer, primary_key=True, autoincrement=False)


def serial(name: str = "id") -> Column[int]:
    """A number that the database counts up."""
    return Column(name, Integer, primary_key=True)


def text(name: str) -> Column[str]:
    """A text that is always there; also times, dates and states."""
    return Column(name, String, nullable=False)


def text_or_none(name: str) -> Column[str]:
    """A text that may be missing."""
    return Column(name, String)


def whole(name: str) -> Column[int]:
    """A whole number that is always there; money is fen."""
    return Column(name, Integer, nullable=False)


def flag(name: str) -> Column[bool]:
    """Yes or no."""
    return Column(name, Boolean, nullable=False)


def values(name: str) -> Column[Any]:
    """JSON values."""
    return Column(name, JSON, nullable=False)


def of(name: str, target: str, *, dies_with: bool = False, key: bool = False) -> Column[str]:
    """A reference to the ``target`` column (``cases.case_no``); the row may die with its owner, and be
    known by it."""
    reference = ForeignKey(target, ondelete="CASCADE" if dies_with else None)
    return Column(name, reference, nullable=False, primary_key=key)


counters: Final = Table("counters", metadata, key("name"), whole("last"))


def find(db: Connection, column: Column[Any], value: object, *, lock: bool = False) -> RowMapping | None:
    """Return the row of the column's table with this value, locked until the transaction ends if asked."""
    return db.execute(_finding(column, lock), {"value": value}).mappings().first()


def add(db: Connection, table: Table, **row: object) -> None:
    """Put a row into a table."""
    db.execute(_adding(table), row)


@cache
def _finding(column: Column[Any], lock: bool) -> Select[Any]:
    # Made once for each column: making a statement costs more than the database takes to answer it.
    query = select(column.table).where(column == bindparam("value"))
    return query.with_for_update() if lock else query


@cache
def _adding(table: Table) -> Insert:
    return insert(table)


def next_number(db: Connection, name: str) -> int:
    """Return the counter's next number; the row stays locked until the transaction ends."""
    count = update(counters).where(counters.c.name == name).values(last=counters.c.last + 1)
    count = count.returning(counters.c.last)
    last = db.scalars(count).first()
    if last is None:
        try:
            with db.begin_nested():
                add(db, counters, name=name, last=1)
            return 1
        except IntegrityError:  # somebody else was the first at the same moment
            last = db.scalars(count).one()
    return int(last)


def draw_number(db: Connection, table: Table) -> int:
    """Return a number that nobody else gets from a table of nothing but ``serial()``. There may be gaps, but
    nobody waits for another's transaction to end, as for a counter they do."""
    return int(db.scalars(_adding(table).returning(table.c.id)).one())


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


def connections(engine: Engine) -> int:
    """Return how many may be used at once."""
    return POSTGRES_CONNECTIONS if engine.dialect.name == "postgresql" else 1


def reading(engine: Engine) -> Engine:
    """Return the same database for single questions, each a transaction by itself: no BEGIN, no COMMIT."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _tune_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def stamp(moment: datetime) -> str:
    """Return ``moment`` as the text that is stored: UTC, microseconds, sortable."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(stamped: str) -> datetime:
    """Return the time that ``stamp`` stored."""
    return datetime.fromisoformat(stamped)

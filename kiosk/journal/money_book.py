"""The journal's money of some days, read beside the writer: what was taken and what went back, and when."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from kiosk.clock import iso
from kiosk.journal import database
from kiosk.journal.effects import REFUND_MONEY, TAKE_MONEY
from kiosk.journal.records import EffectState

LONGEST_OPEN: Final = timedelta(days=2)
"""How long before its conclusion an effect may have been intended and still be found by its time."""

_MOVED: Final = (EffectState.DONE, EffectState.COMPENSATED)
_EFFECTS: Final = "SELECT visit, kind, key, state, before, after FROM effect WHERE kind IN (?, ?)"


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """One payment, or (with ``refund_no``) money that went back. ``at`` is None while it is open."""

    order_no: str
    refund_no: str
    channel: str
    amount_fen: int
    state: EffectState
    at: datetime | None

    @property
    def moved(self) -> bool:
        """Tell whether the money went its way, even if it came back later."""
        return self.state in _MOVED


def read_money(
    path: Path, key: bytes, *, begin: datetime, end: datetime, orders: Collection[str] = ()
) -> tuple[MoneyLine, ...]:
    """Return what was concluded from ``begin`` to before ``end``, and all that is known of ``orders``.

    Raises ``JournalRefused`` when the journal can't be read.
    """
    connection = database.connect(path, key, query_only=True)
    with closing(connection):
        connection.execute("BEGIN")
        first, last = _number_at(connection, begin - LONGEST_OPEN), _number_at(connection, end)
        rows = connection.execute(
            f"{_EFFECTS} AND number BETWEEN ? AND ?", (TAKE_MONEY, REFUND_MONEY, first, last)
        ).fetchall()
        lines = {line for line in _lines(connection, rows) if line.at is not None and begin <= line.at < end}
        for order_no in orders:
            rows = connection.execute(
                f"{_EFFECTS} AND visit IN (SELECT visit FROM effect WHERE kind = ? AND key = ?)",
                (TAKE_MONEY, REFUND_MONEY, TAKE_MONEY, order_no),
            ).fetchall()
            lines |= {line for line in _lines(connection, rows) if line.order_no == order_no}
        return tuple(sorted(lines, key=lambda line: (line.order_no, line.refund_no)))


def _number_at(connection: database.Connection, moment: datetime) -> int:
    """Return the number of the first event at or after ``moment``, found by halves: time goes on here.

    Where the clock jumped it may be off; ``LONGEST_OPEN`` is more than clocks are off.
    """
    low, high, wanted = 1, database.head(connection).number + 1, iso(moment)
    while low < high:
        middle = (low + high) // 2
        (wall,) = connection.execute("SELECT wall FROM event WHERE number = ?", (middle,)).fetchone()
        low, high = (middle + 1, high) if wall < wanted else (low, middle)
    return low


def _lines(connection: database.Connection, rows: Iterable[Any]) -> Iterator[MoneyLine]:
    for visit, kind, key, state, before_text, after_text in rows:
        before, after = json.loads(before_text), json.loads(after_text)
        refund, amount_fen = kind == REFUND_MONEY, int(before["amount_fen"])
        yield MoneyLine(
            order_no=str(before["order_no"]) if refund else key,
            refund_no=key if refund else "",
            channel=str(before["channel"]),
            amount_fen=int(after.get("refunded_fen", amount_fen)) if refund else amount_fen,
            state=EffectState(state),
            at=_concluded_at(connection, visit, kind, key),
        )


def _concluded_at(connection: database.Connection, visit: str, kind: str, key: str) -> datetime | None:
    """Return when the money moved, or when it was certain that it did not."""
    for wall, text in connection.execute(
        "SELECT wall, body FROM event WHERE visit = ? AND kind = 'effect-concluded' ORDER BY seq", (visit,)
    ):
        body = json.loads(text)
        if (body["effect"], body["key"]) == (kind, key) and EffectState(body["state"]).resolved:
            return datetime.fromisoformat(wall)
    return None

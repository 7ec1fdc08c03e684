"""What a journal costs that has seen many visits: starting, committing, recovering, verifying.

The journals are written in bulk, six events a visit, by the code that links and checks real events, with the
database's guard out of the way while it lasts. What is measured afterwards is the journal as it is.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from devices.interfaces import Media
from devices.interfaces import PaymentState as P
from kiosk.clock import SystemClock, iso
from kiosk.journal import Journal, chain, database, schema
from kiosk.journal.effects import TAKE_MONEY, TAKE_PERMIT
from kiosk.journal.fields import checked
from kiosk.journal.verify import verify_file
from kiosk.money import Cashier, Patience
from kiosk.numbers import Numbers
from kiosk.platform import Platform
from kiosk.recovery import Recovery
from tests.trust.world import (
    FEE_FEN,
    KEY,
    SITE,
    Cutter,
    PermitDesk,
    ScriptedTerminal,
    SmallBackOffice,
    VirtualClock,
)

SIZES: Final = {"1e4": 10_000, "1e5": 100_000, "1e6": 1_000_000}
BATCH: Final = 20_000
BEGUN: Final = datetime(2020, 1, 1, tzinfo=UTC)
COMMITS: Final = 200
STARTS: Final = 5

Bodies = tuple[tuple[str, dict[str, Any]], ...]


def measure(folder: Path | None = None, sizes: dict[str, int] | None = None) -> dict[str, float]:
    """Return seconds and milliseconds, by size of the journal."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path, before = Path(place) / "journal.db", 0
        for name, visits in (sizes or SIZES).items():
            fill(path, before, visits)
            figures |= asyncio.run(_measured(path, name))
            before = visits
            if name == "1e5":
                begun = time.perf_counter()
                report = verify_file(path, KEY)
                assert report.whole, report.faults[0]
                figures["journal.verify_per_1e5_s"] = time.perf_counter() - begun
        figures["journal.size_per_visit_bytes"] = path.stat().st_size / before
    return figures


async def _measured(path: Path, name: str) -> dict[str, float]:
    opened, commit_ms = [], []
    for _ in range(STARTS):
        begun = time.perf_counter()
        async with await Journal.open(path, KEY, SystemClock()) as journal:
            assert await journal.open_visits() == ()
            assert await journal.unresolved() == ()
            opened.append(time.perf_counter() - begun)
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        await journal.begin(f"now-{name}", "endorsement", "C1")
        for _ in range(COMMITS):
            begun = time.perf_counter()
            await journal.note(f"now-{name}", "step-done", step="measure")
            commit_ms.append((time.perf_counter() - begun) * 1000)
        before = {"channel": "payment_terminal", "amount_fen": FEE_FEN}
        async with journal.acting(f"now-{name}", TAKE_PERMIT, f"{name}:1", before={"media": "no"}) as act:
            act.after["media"] = "present"
        await journal.intend(f"now-{name}", TAKE_MONEY, f"order{name}", before=before)
    return {
        f"journal.start_{name}_s": statistics.median(opened),
        f"journal.commit_{name}_p50_ms": statistics.median(commit_ms),
        f"journal.commit_{name}_p99_ms": statistics.quantiles(commit_ms, n=100)[98],
        f"recovery.one_visit_{name}_s": await _recovered(path),
    }


async def _recovered(path: Path) -> float:
    """Return how long it takes from opening the journal to having ended the visit that was open.

    Devices and hosts answer at once, and the permit is taken at once: their time is not the kiosk's.
    """
    begun = time.perf_counter()
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        clock = VirtualClock()
        terminal = ScriptedTerminal(queries=[P.APPROVED])
        terminal.amount_fen = FEE_FEN
        office = cast("Platform", SmallBackOffice(clock))
        cashier = Cashier(
            journal,
            Numbers(journal, clock, SITE),
            office,
            clock,
            random.Random(1),
            terminal=terminal,
            patience=Patience(),
        )
        desk = PermitDesk(Media.PRESENT)
        recovery = Recovery(journal, cashier, office, clock, permit=desk, receipt=Cutter(1))
        assert len((await recovery.run()).visits) == 1
        return time.perf_counter() - begun


def fill(path: Path, first: int, visits: int) -> None:
    """Write the visits from number ``first`` to before ``visits`` into the journal, made when missing."""
    with closing(database.connect(path, KEY)) as connection:
        database.prepare(connection, iso(BEGUN))
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -2000000")  # the index of hashes is met all over
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DROP TRIGGER event_next")
        head = database.head(connection)
        number, digest = head.number, head.hash
        for begin in range(first, visits, BATCH):
            events: list[chain.Row] = []
            rows: list[tuple[str, ...]] = []
            effects: list[tuple[Any, ...]] = []
            for visit in range(begin, min(begin + BATCH, visits)):
                name, wall = f"v{visit}", iso(BEGUN + timedelta(seconds=90 * visit))
                rows.append((name, "endorsement", f"C{visit}", wall, "delivered", ""))
                for seq, (kind, body) in enumerate(_visit(visit), 1):
                    number += 1
                    text = checked(body)
                    own = chain.link(digest, number, name, seq, kind, text, wall, number)
                    events.append((number, name, seq, kind, text, wall, number, digest, own))
                    digest = own
                    if kind == "effect-intended":
                        after = checked({"state": "approved"})
                        effects.append(
                            (number, name, "take-money", body["key"], "done", checked(body["before"]), after)
                        )
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO visit VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", events)
            connection.executemany("INSERT INTO effect VALUES (?, ?, ?, ?, ?, ?, ?)", effects)
            connection.execute("UPDATE head SET number = ?, hash = ?", (number, digest))
            connection.execute("COMMIT")
        for statement in _guard():
            connection.execute(statement)


def _visit(number: int) -> Bodies:
    """Return the events of a visit that was paid and delivered."""
    key, before = f"O{number:012d}", {"channel": "wechat", "amount_fen": 1500, "bill_no": f"B{number}"}
    return (
        ("visit-began", {"service": "endorsement", "case_no": f"C{number}"}),
        ("identified", {"way": "face", "score_permille": 900}),
        ("effect-intended", {"effect": "take-money", "key": key, "before": before}),
        (
            "effect-concluded",
            {"effect": "take-money", "key": key, "state": "done", "after": {"state": "approved"}},
        ),
        ("delivered", {"order_no": key}),
        ("visit-ended", {"outcome": "delivered", "reason": ""}),
    )


def _guard() -> Iterator[str]:
    """Yield the statements that put the guard back."""
    begin = schema.TABLES.index("CREATE TRIGGER event_next")
    yield schema.TABLES[begin : schema.TABLES.index("END;", begin) + 4]


if __name__ == "__main__":
    for figure, value in measure().items():
        print(f"{figure:<32} {value:10.3f}")

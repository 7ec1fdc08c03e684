"""The hash chain: each event holds the hash of the one before, so that nothing can be changed or
taken out without every later hash being wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from kiosk.journal.fields import canonical
from kiosk.journal.records import Event, Head

Row = tuple[int, str, int, str, str, str, int, bytes, bytes]
"""A row of the event table: number, visit, seq, kind, body, wall, mono_ns, prev_hash, hash."""

COLUMNS: Final = "number, visit, seq, kind, body, wall, mono_ns, prev_hash, hash"


def beginning(journal_id: str) -> Head:
    """Return the head of the empty journal ``journal_id``."""
    return Head(0, hashlib.sha256(f"kiosk journal v1 {journal_id}".encode()).digest())


def link(
    prev: bytes, number: int, visit: str, seq: int, kind: str, body: str, wall: str, mono_ns: int
) -> bytes:
    """Return the SHA-256 over the canonical JSON of an event's fields (``body`` as its stored text)."""
    fields: dict[str, Any] = {
        "body": body,
        "kind": kind,
        "mono_ns": mono_ns,
        "number": number,
        "prev": prev.hex(),
        "seq": seq,
        "visit": visit,
        "wall": wall,
    }
    return hashlib.sha256(canonical(fields).encode()).digest()


def event_of(row: Row) -> Event:
    """Return the event that ``row`` holds."""
    number, visit, seq, kind, body, wall, mono_ns, prev_hash, own_hash = row
    return Event(number, visit, seq, kind, json.loads(body), wall, mono_ns, bytes(prev_hash), bytes(own_hash))


def faults(rows: Iterable[Row], after: Head, expect: Head | None = None) -> Iterator[str]:
    """Yield what is wrong with ``rows``, which should be the chain right after ``after``.

    With ``expect`` the chain must pass through that head: one known from before finds a truncation.
    """
    number, digest = after.number, after.hash
    met = expect is None or (expect == after)
    for row in rows:
        if row[0] != number + 1:
            yield f"event {number + 1} is missing"
        elif bytes(row[7]) != digest:
            yield f"event {row[0]} does not follow the one before it"
        if link(bytes(row[7]), row[0], row[1], row[2], row[3], row[4], row[5], row[6]) != bytes(row[8]):
            yield f"event {row[0]} was changed"
        number, digest = row[0], bytes(row[8])
        met = met or expect == Head(number, digest)
    if not met and expect is not None:
        if expect.number > number:
            yield f"events {number + 1} to {expect.number} are missing at the end"
        else:
            yield f"event {expect.number} is not the one that was known"

"""``kiosk journal verify|show|export``: functions that print and return the exit code.

0: whole. 1: something is wrong. 2: the journal can't be read (code on the error stream). 3: whole, but behind
its last commit lies what a power cut leaves and the next start clears away; a changed byte looks the same.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TextIO

from kiosk.journal import chain, database
from kiosk.journal.fields import canonical
from kiosk.journal.keys import read_key
from kiosk.journal.records import Head, JournalRefused
from kiosk.journal.verify import verify_file

WHOLE, BROKEN, UNREADABLE, UNFINISHED = 0, 1, 2, 3


def verify(path: Path, key_file: Path, *, head: str | None = None, out: TextIO = sys.stdout) -> int:
    """Verify every page and link; ``head`` ("number:hex", known from before) finds what was cut off."""
    try:
        expect = Head.parse(head) if head else None
        report = verify_file(_existing(path), read_key(key_file), expect)
    except (JournalRefused, ValueError) as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    for fault in (*report.faults, *report.unfinished):
        print(fault, file=out)
    word, code = ("whole", WHOLE) if report.whole else ("BROKEN", BROKEN)
    if report.whole and report.unfinished:
        word, code = "whole so far, the next start clears the rest away", UNFINISHED
    print(f"{report.events} events, head {report.head}, {word}", file=out)
    return code


def show(path: Path, key_file: Path, *, visit: str | None = None, out: TextIO = sys.stdout) -> int:
    """Print the visits, one a line; with ``visit`` that visit's events."""
    try:
        connection = database.connect(_existing(path), read_key(key_file), query_only=True)
    except JournalRefused as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    with closing(connection):
        if visit is None:
            rows = connection.execute(
                "SELECT opened, case_no, service, outcome, reason, visit FROM visit ORDER BY rowid"
            )
            for opened, case_no, service, outcome, reason, name in rows:
                print(
                    f"{opened}  {case_no:<28} {service:<14} {outcome or 'open':<10} {reason:<24} {name}",
                    file=out,
                )
            return WHOLE
        rows = connection.execute(f"SELECT {chain.COLUMNS} FROM event WHERE visit = ? ORDER BY seq", (visit,))
        found = [chain.event_of(row) for row in rows]
        for event in found:
            print(f"{event.number:>8} {event.wall}  {event.kind:<18} {canonical(event.body)}", file=out)
        return WHOLE if found else BROKEN


def export(path: Path, key_file: Path, *, out: TextIO = sys.stdout) -> int:
    """Write the chain as JSON lines, hashes in hex, so that anybody can verify it without the key."""
    try:
        connection = database.connect(_existing(path), read_key(key_file), query_only=True)
    except JournalRefused as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    with closing(connection):
        start = chain.beginning(database.meta(connection, "journal_id"))
        print(
            json.dumps({"journal": database.meta(connection, "journal_id"), "beginning": start.hash.hex()}),
            file=out,
        )
        for row in connection.execute(f"SELECT {chain.COLUMNS} FROM event ORDER BY number"):
            number, name, seq, kind, body, wall, mono_ns, prev_hash, digest = row
            line = {
                "number": number,
                "visit": name,
                "seq": seq,
                "kind": kind,
                "body": body,
                "wall": wall,
                "mono_ns": mono_ns,
                "prev": bytes(prev_hash).hex(),
                "hash": bytes(digest).hex(),
            }
            print(canonical(line), file=out)
    return WHOLE


def _existing(path: Path) -> Path:
    if not path.exists():
        raise JournalRefused("missing", path.name)
    return path

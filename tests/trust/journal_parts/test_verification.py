"""The verification of a whole journal says each thing that is wrong."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from kiosk.journal import Head, database
from kiosk.journal import verify as verification
from kiosk.journal.verify import verify_file, verify_newest
from tests.library_in import stand_in
from tests.trust.journal_parts.written import closed
from tests.trust.world import KEY


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            ["UPDATE visit SET outcome = 'refused' WHERE visit = 'v1'"],
            "visit v1: its row is not what its events say",
        ),
        (
            ["UPDATE visit SET reason = 'x' WHERE visit = 'v2'"],
            "visit v2: its row is not what its events say",
        ),
        (
            ["UPDATE visit SET case_no = 'x' WHERE visit = 'v2'"],
            "visit v2: its row is not what its events say",
        ),
        (
            ["UPDATE visit SET service = 'x' WHERE visit = 'v1'"],
            "visit v1: its row is not what its events say",
        ),
        (
            ["DROP TRIGGER visit_no_delete", "DELETE FROM visit WHERE visit = 'v2'"],
            "visit v2: its row is not what its events say",
        ),
        (
            ["INSERT INTO visit VALUES ('v3', 's', 'C3', 'w', NULL, '')"],
            "visit v3: its row is not what its events say",
        ),
        (["UPDATE effect SET state = 'unknown'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET before = '{}'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET after = '{}'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET key = 'O2'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET kind = 'x'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET visit = 'v2'"], "effect 2: its row is not what its events say"),
        (["UPDATE head SET number = 5"], "the last event is 6, the head says 5"),
        (["UPDATE head SET hash = zeroblob(32)"], "the last event is 6, the head says 6"),
    ],
)
def test_a_verification_says_what_was_derived_wrongly(
    files: tuple[Path, Path], statements: list[str], said: str
) -> None:
    asyncio.run(closed(files[0]))
    connection = database.connect(files[0], KEY)
    for statement in ("PRAGMA foreign_keys = OFF", *statements):
        connection.execute(statement)
    connection.close()
    report = verify_file(files[0], KEY)
    assert (report.events, report.faults, report.unfinished) == (6, (said,), ())
    assert not report.whole


def test_a_verification_rebuilds_what_events_say() -> None:
    """Against rows that the code itself would never write: sequences broken, effects that nobody intended."""
    rebuilt = verification._Rebuilt()
    begun: list[Any] = [
        (1, "v1", 1, "visit-began", '{"service":"s","case_no":"C1"}', "w", 0, b"", b"1"),
        (2, "v1", 3, "noted", "{}", "w", 0, b"", b"2"),
        (
            3,
            "v1",
            4,
            "effect-concluded",
            '{"effect":"e","key":"k","state":"done","after":{}}',
            "w",
            0,
            b"",
            b"3",
        ),
        (4, "v2", 1, "visit-ended", '{"outcome":"refused","reason":"r"}', "w", 0, b"", b"4"),
        (5, "v1", 5, "effect-intended", '{"effect":"e","key":"k","before":{"cuts":1}}', "w", 0, b"", b"5"),
        (
            6,
            "v1",
            6,
            "effect-concluded",
            '{"effect":"e","key":"k","state":"done","after":{"cuts":2}}',
            "w",
            0,
            b"",
            b"6",
        ),
    ]
    start = Head(0, b"0")
    assert rebuilt.last(start) == start
    assert list(rebuilt.reading(iter(begun))) == begun
    assert (rebuilt.events, rebuilt.last(start)) == (6, Head(6, b"6"))
    assert rebuilt._wrong == [
        "visit v1: event 2 is missing",
        "event 3 concludes an effect that nobody intended",
    ]
    assert rebuilt._visits == {"v1": ("s", "C1", None, ""), "v2": ("", "", "refused", "r")}
    assert rebuilt._effects == {5: ["v1", "e", "k", "done", {"cuts": 1}, {"cuts": 2}]}


def test_what_looks_unfinished_is_looked_at_again(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer may be in the middle of a commit: only what stays so is told as unfinished."""
    asyncio.run(closed(files[0]))
    whole = verify_file(files[0], KEY)
    torn = dataclasses.replace(whole, unfinished=("frame 3 is torn",))
    looks = [torn, torn, whole]
    waited: list[float] = []
    monkeypatch.setattr(verification, "_look", lambda *_: looks.pop(0))
    stand_in(monkeypatch, "kiosk.journal.verify", "time", sleep=waited.append)
    assert verify_file(files[0], KEY) == whole
    assert (looks, len(waited)) == ([], 2)
    looks += [whole, torn]
    assert verify_file(files[0], KEY) == whole
    assert looks == [torn], "what is whole is looked at once"
    looks[:] = [torn] * verification.LOOKS
    assert verify_file(files[0], KEY) == torn


def test_a_file_that_cannot_be_opened_has_no_newest_events(tmp_path: Path) -> None:
    report = verify_newest(tmp_path / "none.db", KEY)
    assert (report.events, report.head, report.whole) == (0, Head(0, bytes(32)), False)
    assert report.faults[0].startswith("not verified: ")

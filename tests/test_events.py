"""The event log: the catalogue rules what is written, and nothing of a person gets in."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import events
from kiosk.events import Catalogue, EventLog, NotInCatalogue, PersonalData
from kiosk.personal import looks_like
from kiosk.settings import ROOT, Log, SettingsError

ID_NUMBER = "330212199001010010"  # fictitious: sequence 001 of a made-up day, check digit right
CARD_NUMBER = "6222020200112230"  # fictitious: passes Luhn's check
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return events.read_catalogue()


class Written:
    """A log in memory, read back as objects."""

    def __init__(self, catalogue: Catalogue, *, strict: bool) -> None:
        self.lines: list[str] = []
        self.log = EventLog(catalogue, self.lines.append, wall=lambda: NOON, strict=strict)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (json.loads(line) for line in self.lines)


@pytest.fixture
def strict(catalogue: Catalogue) -> Written:
    return Written(catalogue, strict=True)


@pytest.fixture
def lenient(catalogue: Catalogue) -> Written:
    return Written(catalogue, strict=False)


def test_an_event_is_one_line_with_its_head_first(strict: Written) -> None:
    strict.log.event("card-retained", device="permit_unit", count=3, visit=None)
    line = (
        '{"at": "2026-03-01T12:30:00.000Z", "event": "card-retained", "type": "application-action", '
        '"severity": "warning", "device": "permit_unit", "count": 3}'
    )
    assert strict.lines == [line]


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("no-such-event", {}, "no-such-event: unknown-event"),
        ("prompt-shown", {"colour": "red"}, "prompt-shown.colour: unknown-field"),
        ("prompt-shown", {"prompt": 3}, "prompt: not-a-word"),
        ("prompt-shown", {"prompt": "请把身份证放在读卡区"}, "prompt: not-a-word"),
        ("prompt-shown", {"prompt": "two words"}, "prompt: not-a-word"),
        ("card-retained", {"count": "3"}, "count: not-a-number"),
        ("card-retained", {"count": True}, "count: not-a-number"),
        ("started", {"simulated": 1}, "simulated: not-a-flag"),
    ],
)
def test_strict_raises_where_the_catalogue_is_missed(
    strict: Written, name: str, fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(NotInCatalogue, match=re.escape(says)):
        strict.log.event(name, **fields)
    assert strict.lines == []


@pytest.mark.parametrize(
    "value", [ID_NUMBER, f"id:{ID_NUMBER}", CARD_NUMBER, "13800138000", "8613800138000", 13800138000]
)
def test_strict_raises_at_personal_data(strict: Written, value: str | int) -> None:
    with pytest.raises(PersonalData):
        strict.log.event("prompt-shown", prompt=value)


def test_a_machine_drops_the_field_and_says_so(lenient: Written) -> None:
    lenient.log.event("device-quarantined", device="permit_unit", colour="red", reason="不取")
    assert [(e["event"], e.get("field"), e.get("problem")) for e in lenient] == [
        ("catalogue-miss", "colour", "unknown-field"),
        ("catalogue-miss", "reason", "not-a-word"),
        ("device-quarantined", None, None),
    ]
    assert "red" not in lenient.lines[2]


def test_a_machine_drops_an_unknown_event_and_says_so(lenient: Written) -> None:
    lenient.log.event("no-such-event", device="camera")
    assert [(e["event"], e["event_name"]) for e in lenient] == [("catalogue-miss", "no-such-event")]


@pytest.mark.parametrize("field", ["visit", "prompt"])
def test_a_machine_withholds_an_id_number_wherever_it_is(lenient: Written, field: str) -> None:
    lenient.log.event("prompt-shown", **{field: ID_NUMBER})
    lenient.log.event(ID_NUMBER)
    assert ID_NUMBER not in "".join(lenient.lines)
    assert [e["event"] for e in lenient] == ["personal-data-withheld", "prompt-shown", "catalogue-miss"]


def test_numbers_of_the_kiosk_pass(strict: Written) -> None:
    strict.log.event("visit-begun", case="330212-20261122-0001-X", visit="330212K01TSOMEBIRTH0000001Q")
    assert len(strict.lines) == 1


def test_the_file_is_rotated_and_the_oldest_goes(catalogue: Catalogue, tmp_path: Path) -> None:
    where = Log(tmp_path / "log" / "events.jsonl", size_mb=0.002, keep=2)
    log = EventLog(catalogue, events.open_log(where), wall=lambda: NOON, strict=True)
    for count in range(100):
        log.event("card-retained", count=count)
    files = sorted(where.path.parent.iterdir())
    assert [file.name for file in files] == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]
    assert all(file.stat().st_size <= 2000 for file in files)
    assert json.loads(where.path.read_text().splitlines()[-1])["count"] == 99


def test_a_mistake_in_the_catalogue_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "events.toml"
    file.write_text(
        '[fields]\na = { kind = "word", en = "a" }\n'
        '[events.x]\ntype = "user-action"\nseverity = "info"\nfields = ["a", "b"]\nzh = "x"\nen = "x"\n',
        "utf-8",
    )
    with pytest.raises(SettingsError, match=r"events.toml:6: events.x.fields: 'b' is not one of: a"):
        events.read_catalogue(file)


def test_the_page_of_the_documentation_is_current(catalogue: Catalogue) -> None:
    assert (ROOT / "docs" / "events.md").read_text("utf-8") == events.page(catalogue)


BY_THE_LOG_ITSELF = {"catalogue-miss", "personal-data-withheld"}
"""Events that the log says of others: tested above."""


def logged_by_the_code() -> dict[str, set[str]]:
    """Return each event in a call of ``….event(name, field=…)`` of the source, with the fields given."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "kiosk").rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        names = {
            node.target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for call in ast.walk(tree):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "event"
            ):
                for said in ast.walk(call.args[0]):
                    name = names.get(said.id) if isinstance(said, ast.Name) else getattr(said, "value", None)
                    if isinstance(name, str):
                        found[name] |= {word.arg for word in call.keywords if word.arg}
    return found


def test_the_catalogue_is_what_the_code_logs(catalogue: Catalogue) -> None:
    """No event and no field that is never written, none that is not in it; whether or not a test comes by."""
    logged = logged_by_the_code()
    assert set(logged) == set(catalogue) - BY_THE_LOG_ITSELF
    assert logged == {name: set(catalogue[name].fields) for name in logged}


def test_every_field_of_the_catalogue_is_of_an_event(catalogue: Catalogue) -> None:
    written = {field for event in catalogue.values() for field in event.fields}
    assert set(tomllib.loads((ROOT / "config/events.toml").read_text("utf-8"))["fields"]) == written


@given(
    st.from_regex(r"[A-Za-z ,:]{0,10}", fullmatch=True), st.from_regex(r"[A-Za-z ,:]{0,10}", fullmatch=True)
)
def test_an_id_number_is_seen_in_any_surrounding(before: str, after: str) -> None:
    for number in (ID_NUMBER, "33021219900101007X", f"{ID_NUMBER[:6]} {ID_NUMBER[6:14]} {ID_NUMBER[14:]}"):
        assert looks_like(before + number + after) == "id-number"


@pytest.mark.parametrize(
    "value",
    [
        ID_NUMBER[:-1] + "4",  # wrong check digit
        "330212199013010010",  # no such month
        "330212K01-20260301-0001-X",
        "2026-03-01T08:30:00.000Z",
        "6222020200112231",  # fails Luhn's check
        "0574-00000000",
        "23800138000",
        "",
    ],
)
def test_what_only_resembles_a_persons_number_passes(value: str) -> None:
    assert looks_like(value) is None


def test_the_digits_of_a_duration_are_no_card_number(strict: Written) -> None:
    seconds = float("6.222020200112230")  # as the clock may give it
    strict.log.event("recovery-ended", resolved=1, unresolved=0, seconds=seconds)
    assert next(iter(strict))["seconds"] == 6.222

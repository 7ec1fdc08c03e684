"""After a visit nothing of the person is left in files, log and memory; nobody was told who need not know."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from kiosk.journal import Outcome
from simulators.citizen import Plan
from tests.counts import Counted
from tests.crash.ground import Ground
from tests.crash.routes import Route
from tests.residue import marks, strokes
from tests.residue.place import NOTHING, OFFICE, Place

WHO: Final = "li-wenjing"
FACE = Route("face", Plan(WHO), Outcome.DELIVERED)
FINGER = Route(
    "finger",
    Plan(
        WHO,
        "traffic-violations",
        way="another-way",
        answers={
            "look-at-violation": ("object", None),
            "choose-objection": ("choose", "unclear"),
            "mobile-number": ("enter", marks.PHONE),
        },
    ),
    Outcome.DELIVERED,
)
"""With a number that is left for the result of an objection."""
SIGNED = Route(
    "signed",
    Plan(
        WHO,
        "guide",
        answers={
            "find-item": ("enter", "JZZ"),
            "item": ("notice", None),
            "sign-notice": ("sign", strokes.SIGNATURE),
        },
    ),
    Outcome.DELIVERED,
)
CANCELLED = Route("cancelled", Plan(WHO, answers={"check-data": ("cancel", None)}), Outcome.CANCELLED)

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    temp = tmp_path_factory.mktemp("kiosk-temp")
    with Ground({"TMPDIR": str(temp)}) as ground:
        place = Place(ground, temp)
        place.expect(WHO)
        yield place


def test_what_is_looked_for_can_be_found(place: Place) -> None:
    """Every class has marks, and a file with any of them is found out."""
    assert all(len(pieces) >= 3 for pieces in place.marks.values()), place.marks
    planted = place.temp / "planted"
    for name, pieces in place.marks.items():
        for piece in pieces:
            assert place.finder.count(b"\0" * 7 + piece + b"\0" * 7)[name] == 1
        planted.write_bytes(b"x" * 100 + next(iter(pieces)))
        assert place.files() == {"planted": {name}}
    planted.unlink()


@pytest.mark.parametrize("route", [FACE, FINGER, CANCELLED], ids=lambda route: route.name)
def test_a_second_after_the_visit_nothing_is_left(place: Place, route: Route, counted: Counted) -> None:
    place.ground.ready()
    asked: set[str] = set()
    report, out = place.visit(route, lambda page: asked.add(page["prompt"]["name"]))
    assert report is not None
    assert set(route.plan.answers) <= asked, "all that was to be answered was asked"
    assert (report["outcome"], report["reason"]) == (route.ends, "cancelled" * (route is CANCELLED))
    left = place.left()
    searched = sum(len(pieces) for pieces in place.marks.values())
    told = {to: sorted(classes) for to, classes in out.found.items()}
    counted(f"residue, {route.name}: {searched} marks, told {told}, left {left}")
    assert "id-number" in out.found[OFFICE], "the trace sees what goes out"
    assert out.astray == {}
    assert left == NOTHING, "nothing is accepted: see docs/personal-data.md"


def test_while_the_person_is_there_the_search_sees_them(place: Place) -> None:
    """The tests above can fail: on the page with the person's own data the memory holds it."""
    place.ground.ready()
    seen: list[Counter[str]] = []

    def watch(page: dict[str, dict[str, str]]) -> None:
        if page["prompt"]["name"] == "check-data":
            seen.append(place.memory())

    place.ground.visit(CANCELLED, watcher=watch)
    assert {"name", "id-number", "permit", "card-photo"} <= set(seen[0])


def test_a_signature_is_seen_while_it_is_held_and_gone_afterwards(place: Place, counted: Counted) -> None:
    place.ground.ready()
    seen: dict[str, Counter[str]] = {}

    def watch(page: dict[str, dict[str, str]]) -> None:
        if page["prompt"]["name"] in ("filing-notice", "rate"):  # nobody is timed out here
            seen[page["prompt"]["name"]] = place.memory()

    report, out = place.visit(SIGNED, watch)
    assert report is not None
    assert (report["outcome"], report["reason"]) == (SIGNED.ends, "")
    left = place.left()
    held = {page: found["signature"] for page, found in seen.items()}
    counted(f"residue, signed: {len(place.marks['signature'])} marks of strokes, {held}, left {left}")
    assert max(held.values()) > 0, "neither while it was filed nor afterwards"
    assert "signature" in out.found[OFFICE]
    assert (out.astray, left) == ({}, NOTHING)


def test_killed_in_the_middle_it_leaves_nothing_on_the_disk(place: Place) -> None:
    """While the permit is written: the longest that a visit holds all there is."""
    place.ground.ready()

    def watch(shown: dict[str, dict[str, str]]) -> None:
        if shown["prompt"]["name"] == "endorsing":
            place.ground.kill()

    report, out = place.visit(FACE, watch)
    assert (report, out.astray) == (None, {})
    assert place.files() == {}
    place.ground.recover(FACE)
    assert place.left() == NOTHING


def test_a_crash_in_the_middle_writes_no_dump(place: Place) -> None:
    """Not by a signal that asks for one: no core is allowed, and Python's words about it name nobody."""
    place.ground.ready()
    limits = Path(f"/proc/{place.ground.pid}/limits").read_text("ascii").splitlines()
    assert next(line for line in limits if line.startswith("Max core file size")).split()[4] == "0"

    def watch(shown: dict[str, dict[str, str]]) -> None:
        if shown["prompt"]["name"] == "check-data":
            os.kill(place.ground.pid, signal.SIGABRT)

    report, out = place.visit(FACE, watch, dies_with=-signal.SIGABRT)
    assert (report, out.astray) == (None, {})
    assert place.files() == {}
    place.ground.recover(FACE)

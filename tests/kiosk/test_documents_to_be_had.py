"""Which finished documents are fetched: none that could not be given out once it is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from kiosk.collection_office import Finished, Standing
from kiosk.services.pick_up import to_be_had
from kiosk.visit import Refused, Visit


def document(number: str, unit: int, replaces: str = "") -> Finished:
    return Finished(number, number, unit, "line", replaces, Standing.READY)


NEW, EXCHANGED, BEHIND = document("a", 1), document("b", 2, replaces="old"), document("c", 2)


def visit(*units_out: int, permit_unit: str | None = None) -> Visit:
    """Return a visit at a machine with these units out of service, and this fault of the permit unit."""
    cabinet: Any = SimpleNamespace(
        card_dispenser=SimpleNamespace(units_out=units_out),
        permit_unit=SimpleNamespace(fault=lambda: permit_unit),
    )
    return cast("Visit", SimpleNamespace(house=SimpleNamespace(cabinet=cabinet)))


def test_everything_when_all_is_well() -> None:
    assert to_be_had(visit(), [NEW, EXCHANGED, BEHIND]) == [NEW, EXCHANGED, BEHIND]


def test_nothing_from_a_unit_that_is_out_of_service() -> None:
    assert to_be_had(visit(2), [NEW, EXCHANGED, BEHIND]) == [NEW]


def test_nothing_whose_old_one_cannot_be_kept_nor_what_lies_behind_it() -> None:
    assert to_be_had(visit(permit_unit="retainBinFull"), [EXCHANGED, NEW, BEHIND]) == [NEW]
    before = document("d", 2)
    assert to_be_had(visit(permit_unit="retainBinFull"), [before, EXCHANGED, BEHIND]) == [before]


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (visit(2), "unit-out-of-service"),
        (visit(permit_unit="mediaJam"), "old-not-kept"),
    ],
)
def test_where_nothing_is_left_the_reason_is_said(at: Visit, code: str) -> None:
    with pytest.raises(Refused) as refused:
        to_be_had(at, [EXCHANGED, BEHIND])
    assert refused.value.code == code

"""An approval is compared with what was chosen and paid for, before chip and strip are touched."""

from __future__ import annotations

from datetime import date

import pytest

from kiosk.platform import Approval
from kiosk.platform.endorsements import IssuedEndorsement
from kiosk.rules import Wish

HONG_KONG, MACAU = Wish("HKG", "G", "P3M", 1), Wish("MAC", "G", "P1Y", 2)


def issued(destination: str, until: date, entries: int, kind: str = "G") -> IssuedEndorsement:
    return IssuedEndorsement("26112300000011", destination, kind, date(2026, 11, 30), until, entries, 7)


def approval(*endorsements: IssuedEndorsement) -> Approval:
    return Approval("A1", endorsements, b"record", "EN1")


TO_HONG_KONG = issued("HKG", date(2027, 2, 27), 1)  # February has no 30th
TO_MACAU = issued("MAC", date(2027, 11, 29), 2)


def test_what_was_asked_is_granted_in_any_order() -> None:
    assert approval(TO_HONG_KONG).grants([HONG_KONG])
    assert approval(TO_MACAU, TO_HONG_KONG).grants([HONG_KONG, MACAU])


@pytest.mark.parametrize(
    "granted",
    [
        (),
        (TO_MACAU,),
        (TO_HONG_KONG, TO_MACAU),
        (TO_HONG_KONG, TO_HONG_KONG),
        (issued("HKG", date(2027, 2, 27), 2),),
        (issued("HKG", date(2027, 2, 27), 1, "L"),),
        (issued("HKG", date(2027, 11, 29), 1),),
        (issued("HKG", date(2027, 1, 29), 1),),
    ],
)
def test_anything_else_is_not(granted: tuple[IssuedEndorsement, ...]) -> None:
    assert not approval(*granted).grants([HONG_KONG])

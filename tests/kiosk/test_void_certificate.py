"""A copy that did not come out is noted as void before anybody is told: a power cut between loses neither."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kiosk.certificate_office import Standing
from kiosk.certificate_recovery import VOIDED
from kiosk.journal import JournalFailed, Letter
from kiosk.meter import Meter
from kiosk.platform import PlatformError
from kiosk.steps.certificate import what_is_left_is_void
from tests.trust.world import unreachable

pytestmark = pytest.mark.anyio
FIRST, SECOND = "330212-20261122-000001-K", "330212-20261122-000002-I"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Told:
    """The journal and the back office's desk in one, so that the order of what they hear is seen."""

    def __init__(self, *, full: bool = False, gone: PlatformError | None = None) -> None:
        self._full, self._gone = full, gone
        self.heard: list[tuple[str, str]] = []

    async def note(self, _: str, kind: str, *, serial: str, reason: str) -> None:
        if self._full:
            raise JournalFailed("disk")
        self.heard.append((kind, serial))

    async def tell(self, serial: str, standing: Standing, _: str) -> None:
        if self._gone is not None:
            raise self._gone
        self.heard.append((standing.value, serial))

    async def post(self, letter: Letter) -> None:
        self.heard.append((letter.kind, str(letter.body["serial"])))


async def _printed_one_of_two(told: Told) -> None:
    house = SimpleNamespace(journal=told, certificates=told)
    visit: Any = SimpleNamespace(house=house, number="v1", case_no="C-1", meter=Meter(lambda: 0.0))
    async with what_is_left_is_void(visit, [FIRST, SECOND]) as left:
        left.remove(FIRST)
        raise TimeoutError


async def test_what_did_not_come_out_is_noted_and_then_told() -> None:
    told = Told()
    with pytest.raises(TimeoutError):
        await _printed_one_of_two(told)
    assert told.heard == [(VOIDED, SECOND), (Standing.VOID.value, SECOND)]


async def test_what_can_not_be_told_now_is_told_by_letter() -> None:
    told = Told(gone=unreachable())
    with pytest.raises(TimeoutError):
        await _printed_one_of_two(told)
    assert told.heard == [(VOIDED, SECOND), ("certificate-outcome", SECOND)]


async def test_what_can_not_be_noted_is_told_to_nobody() -> None:
    """The machine starts again and asks what became of the copy."""
    told = Told(full=True)
    with pytest.raises(JournalFailed):
        await _printed_one_of_two(told)
    assert told.heard == []

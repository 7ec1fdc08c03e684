"""What a bench may ask over the debug link, and the little that it may have done there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from devices.base import DeviceError
from kiosk.debuglink import said, told
from kiosk.ground import Ground
from kiosk.house import House
from kiosk.journal.invariants import recent_invariants
from kiosk.left_documents import in_the_tray, kept_out, note_cleared
from kiosk.platform import PlatformError
from kiosk.prompts import View
from kiosk.store_check import StoreCheck


class FrameTimes(Protocol):
    """How fast the window answers, in milliseconds."""

    @property
    def longest_frame_ms(self) -> float: ...

    @property
    def most_work_ms(self) -> float: ...

    def frame_ms(self, percentile: float = ...) -> float | None: ...

    def tap_to_frame_ms(self, percentile: float = ...) -> float | None: ...

    def reset(self) -> None: ...


class WindowLike(View, Protocol):
    """What is asked of the window."""

    @property
    def frames(self) -> FrameTimes: ...

    def layout(self) -> dict[str, tuple[int, int, int, int]]: ...

    def textures(self) -> dict[str, int]: ...


class DebugQuestions:
    """Answers them. ``house`` is None before the journal is open, and from when it is about to be closed."""

    def __init__(self, ground: Ground, house: Callable[[], House | None]) -> None:
        self._ground = ground
        self._house = house

    def by_name(self, window: WindowLike | None) -> Mapping[str, Callable[[], Any]]:
        """Return the questions that can be answered: a function, or a coroutine function, for each."""
        questions: dict[str, Callable[[], Any]] = {
            "status": self._status,
            "said": self._said,
            "journal": self._newest_visit,
            "invariants": self._invariants,
            "tray_cleared": self._tray_cleared,
            "store_put_right": self._store_put_right,
        }
        if window is not None:
            questions["layout"] = window.layout
            questions["textures"] = window.textures
            questions["frames"] = lambda: _timings(window.frames)
        return questions

    def _said(self) -> dict[str, Any] | None:
        page = self._ground.stage.page
        return None if page is None else said(page, self._ground.catalogue)

    def _status(self) -> dict[str, Any]:
        cabinet, house = self._ground.cabinet, self._house()
        return {
            "devices": {
                name: {"state": worker.status.state.value, "fault": worker.fault()}
                for name, worker in cabinet.workers.items()
            },
            "units_out": {str(unit): word for unit, word in cabinet.card_dispenser.units_out.items()},
            "back_office": house is not None and house.back_office_reachable,
            "clock": not self._ground.timekeeper.wrong,
            "comparing": house is not None and house.matcher_started.is_set(),
        }

    async def _invariants(self) -> dict[str, bool | str]:
        """Return what holds of the newest visits."""
        house = self._house()
        return {} if house is None else await recent_invariants(house.journal)

    async def _newest_visit(self) -> dict[str, Any] | None:
        """Return what the journal holds of the newest visit, None before the first."""
        house = self._house()
        if house is None:
            return None
        return next((told(visit) for visit in await house.journal.visits(newest=1)), None)

    async def _tray_cleared(self) -> None:
        """Say what staff say by touch, for a bench that plays on after documents were left."""
        house = self._house()
        if house is not None and await in_the_tray(house.journal) is not None:
            await note_cleared(house.journal)
            house.cabinet.quarantine(await kept_out(house.journal))

    async def _store_put_right(self) -> None:
        """Say what staff say by touch, for a bench that plays on after a unit was taken out of service."""
        house = self._house()
        if house is not None:
            async with house.one_at_a_time:
                with contextlib.suppress(DeviceError, PlatformError):
                    await StoreCheck(house).put_right()


def _timings(frames: FrameTimes) -> dict[str, float | None]:
    """Return what was measured since the last time this was asked."""
    measured = {
        "tap_to_frame_p95_ms": frames.tap_to_frame_ms(95.0),
        "longest_frame_ms": frames.longest_frame_ms,
        "frame_p99_ms": frames.frame_ms(99.0),
        "most_work_ms": frames.most_work_ms,
    }
    frames.reset()
    return measured

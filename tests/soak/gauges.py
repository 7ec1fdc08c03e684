"""What a process holds, read from outside; and whether that grows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psutil

from simulators.stand import Stand

WARM_UP: Final = 0.4
"""Share of the readings before which caches fill: from there on nothing may grow. What staff work with is
loaded with the first count of the supplies (``kiosk.maintenance.upkeep``), when nobody is served: in a soak
some ten minutes after the start."""
THOUSAND: Final = 1000

LOOKS: Final = 8
BETWEEN_LOOKS_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Reading:
    """One look after ``visits`` visits, while nobody is served."""

    visits: int
    kiosk_mb: float
    child_mb: float
    descriptors: int
    threads: int
    processes: int
    temp_files: int
    files: int
    tasks: int
    objects: int
    textures: int = 0
    texture_mb: float = 0.0

    @classmethod
    def of(cls, stand: Stand, visits: int, temp: Path, *, window: bool) -> Reading:
        """``temp`` is the kiosk's folder for temporary files."""
        kiosk = psutil.Process(stand.kiosk.pid)
        children = kiosk.children(recursive=True)
        held, child_bytes = _held(stand, children)
        textures = stand.link.ask("textures") if window else {"count": 0, "bytes": 0}
        return cls(
            visits=visits,
            kiosk_mb=_mb(kiosk.memory_info().rss),
            child_mb=_mb(child_bytes),
            descriptors=kiosk.num_fds(),
            threads=kiosk.num_threads(),
            processes=1 + len(children),
            temp_files=sum(file.is_file() for file in temp.rglob("*")),
            files=sum(file.is_file() for file in stand.state.iterdir()),
            tasks=held["tasks"],
            objects=held["objects"],
            textures=textures["count"],
            texture_mb=_mb(textures["bytes"]),
        )


LIMITS: Final = {
    "kiosk_mb": 3.0,
    "child_mb": 3.0,
    "descriptors": 2.0,
    "threads": 1.0,
    "processes": 0.5,
    "temp_files": 0.5,
    "files": 1.0,
    "tasks": 1.0,
    "objects": 500.0,
    "textures": 5.0,
    "texture_mb": 1.0,
}
"""How much each may grow in a thousand visits, or in a run that is shorter, by a straight line through the
readings. A machine that serves one person every ten seconds has 360 an hour: 3 MB are about 1 MB an hour."""


def slopes(readings: Sequence[Reading]) -> dict[str, float]:
    """Return the growth of each gauge in a thousand visits after the warm-up, or in all there are."""
    settled = readings[int(len(readings) * WARM_UP) :]
    visits = np.array([reading.visits for reading in settled], float)
    if len(settled) < 2:
        raise ValueError("a slope needs two readings after the warm-up")
    values = [asdict(reading) for reading in settled]
    span = min(THOUSAND, visits[-1] - visits[0])
    return {
        name: float(np.polyfit(visits, [value[name] for value in values], 1)[0] * span) for name in LIMITS
    }


def _held(stand: Stand, children: Sequence[psutil.Process]) -> tuple[dict[str, int], int]:
    """Look a few times and return the least: what is alive in the kiosk, and the bytes of its children.

    Every two seconds a task asks each device, and the child overwrites its pictures a moment after a visit.
    """
    looks, sizes = [], []
    for _ in range(LOOKS):
        looks.append(stand.link.ask("held"))
        sizes.append(sum(child.memory_info().rss for child in children))
        time.sleep(BETWEEN_LOOKS_S)
    return {name: min(look[name] for look in looks) for name in looks[0]}, min(sizes)


def _mb(count: int) -> float:
    return round(count / 1e6, 3)

"""``script/bench``: measures the kiosk against its limits; a table, or one JSON object with ``--json``.

Each figure stands beside its limit, or beside a peer measured in the same run. Figures of one part
only: ``script/bench journal face``. ``machine.load`` is how busy the machine was before: times are those of
the kiosk only where that is small.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.bench import (
    certificates,
    collection,
    face,
    history,
    journal,
    maintenance,
    office,
    panel,
    traffic,
    visits,
    window,
)

Figures = Mapping[str, float | int]

PARTS: dict[str, Callable[[], Figures]] = {
    "journal": journal.measure,
    "history": history.measure,
    "face": face.measure,
    "start": window.measure_start,
    "visits": visits.measure,
    "window": window.measure,
    "certificates": certificates.measure,
    "traffic": traffic.measure,
    "pick-up": collection.measure,
    "office": office.measure,
    "panel": panel.measure,
    "maintenance": maintenance.measure,
    "memory": window.measure_memory,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure is held against: at most, or at least, ``bound``."""

    bound: float
    least: bool = False

    def holds(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.least else '<='} {self.bound:g}"


LIMITS = {
    "recovery.one_visit_1e6_s": Limit(10),
    "id_card.overhead_ms": Limit(50),
    "ui.tap_to_frame_p95_ms": Limit(50),
    "ui.longest_frame_ms": Limit(100),
    "face.speedup": Limit(3, least=True),
    "visit.own_s": Limit(5),
    "bench.up_s": Limit(3),
    "bench.100_visits_s": Limit(60),
    "visit.real_s": Limit(180),
    "certificate.render_sign_s": Limit(0.5),
    "certificate.real_s": Limit(60),
    "pickup.real_s": Limit(120),
    "traffic.taps": Limit(7),
    "traffic.real_s": Limit(90),
    "traffic.scroll_longest_frame_ms": Limit(100),
    "start.to_home_s": Limit(3),
    "memory.rest_mb": Limit(450),
    "memory.after_200_visits_mb": Limit(450),
    "memory.growth_mb": Limit(10),
    "idle.cpu_percent": Limit(5),
    "maintenance.door_to_safe_s": Limit(1),
    "diagnostics.fault_to_page_s": Limit(2),
    "diagnostics.self_test_s": Limit(60),
    "report.made_s": Limit(3),
    "office.requests_per_s": Limit(300, least=True),
    "office.p99_ms": Limit(200),
    "panel.fps": Limit(10, least=True),
    "panel.delay_p95_ms": Limit(200),
    "panel.idle_fps": Limit(0.5),
}

PEERS = {
    "face.decision_ms": "face.reference_ms",
    "face.false_matches": "face.reference_false_matches",
    "face.false_non_matches": "face.reference_false_non_matches",
    "journal.start_1e6_s": "journal.start_1e4_s",
    "journal.commit_1e6_p50_ms": "journal.commit_1e4_p50_ms",
    "recovery.one_visit_1e6_s": "recovery.one_visit_1e4_s",
    "journal.commit_p50_ms": "journal.fsync_p50_ms",
    "journal.commit_p99_ms": "journal.fsync_p99_ms",
    "memory.after_200_visits_mb": "memory.rest_mb",
}
"""Figures that are judged by another one of the same run."""


def main() -> int:
    """Measure the chosen parts; the exit code tells whether every limit held."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}: {', '.join(PARTS)}")
    figures: dict[str, float | int] = {"machine.load": os.getloadavg()[0]}
    broken = []
    for name in options.parts or PARTS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            figures |= PARTS[name]()
        except Exception:  # one part that breaks takes nothing from the others
            traceback.print_exc()
            broken.append(name)
    if options.json:
        print(json.dumps({name: round(value, 3) for name, value in figures.items()}))
    else:
        _print_table(figures)
    for name in broken:
        print(f"{name} could not be measured: see above", file=sys.stderr)
    held = all(LIMITS[name].holds(value) for name, value in figures.items() if name in LIMITS)
    return 0 if held and not broken else 1


def _print_table(figures: Figures) -> None:
    for name, value in figures.items():
        limit = LIMITS.get(name)
        judged = f"{limit!s:>8}  {'ok' if limit.holds(value) else 'OVER'}" if limit else ""
        peer = f"beside {figures[PEERS[name]]:g}" if PEERS.get(name) in figures else ""
        print(f"{name:32} {value:12.3f}  {judged:14} {peer}".rstrip())


if __name__ == "__main__":
    sys.exit(main())

"""``script/run --play``: one whole visit by real touches on the real window, with a picture of each step."""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import mss
import mss.tools

from simulators.bench_process import BenchProcess
from simulators.citizen import Citizen, Plan
from simulators.hands import TouchHands
from simulators.kiosk_link import KioskLink, KioskProcess
from simulators.verdict import verdict

SETTLE_S = 0.3
"""From a page's coming to its picture: the slide is over then, and most that go by themselves stand yet."""
REST_S = 0.3
"""After the picture: a touch near the one before is taken for the second half of a double tap."""


class Photographer:
    """Takes a picture of the display whenever a new page can be seen."""

    def __init__(self, folder: Path, begun_s: float, link: KioskLink) -> None:
        self._folder, self._begun_s, self._link = folder, begun_s, link
        self._last_s = begun_s
        self._screen = mss.mss()
        self._count = 0

    def __call__(self, page: dict[str, Any]) -> None:
        time.sleep(SETTLE_S)
        self._count += 1
        name = f"{self._count:02d}-{page['prompt']['name']}"
        if self._shown() == page["number"]:
            self.take(name)
        else:
            name += " (passed)"  # it went by itself: a picture now would show another page
        time.sleep(REST_S)
        now_s = time.monotonic()
        print(f"{name:32} {now_s - self._begun_s:7.1f} s  (+{now_s - self._last_s:.1f})", flush=True)
        self._last_s = now_s

    def _shown(self) -> int:
        page = self._link.ask("shown")
        return int(page["number"]) if page is not None else 0

    def take(self, name: str) -> None:
        """Write what is on the display to ``name``.png."""
        shot = self._screen.grab(self._screen.monitors[0])
        mss.tools.to_png(shot.rgb, shot.size, output=str(self._folder / f"{name}.png"))


class _TimedHands(TouchHands):
    """Hands that know when they last let go of the window."""

    last_s = 0.0

    def tap(self, x: int, y: int) -> None:
        super().tap(x, y)
        self.last_s = time.monotonic()


def play(options: argparse.Namespace, plan: Plan, out: Path) -> int:
    """Play the visit; returns 0 only when it was delivered and every invariant holds."""
    screens, state = out / "screens", out / "state"
    for folder in (screens, state):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    with BenchProcess(state, options.level or "real", options.seed) as bench:
        kiosk = KioskProcess(bench.site, headless=False)
        try:
            link = kiosk.connect()
            photographer = Photographer(screens, time.monotonic(), link)
            hands = _TimedHands(link)
            report = Citizen(link, hands, bench.world, plan, photographer).visit(timeout_s=300)
            wiped_s = _first_page_s(link) - hands.last_s
            time.sleep(SETTLE_S)
            photographer.take("99-clean")
            link.close()
        finally:
            kiosk.stop()
        said = verdict(report, bench.world, options.persona, state)
        _keep_papers(bench.world.printed(), out)
    _keep_journal(bench.site, out)
    (out / "report.json").write_text(json.dumps(said, ensure_ascii=False, indent=2))
    whole = all(value is True for value in said["invariants"].values())
    print(f"{said['outcome']}: case {said['case']}, paid {said['paid_fen'] / 100:.2f} yuan")
    print(f"seconds: {said['seconds']}  screen clean {wiped_s:.2f} s after the last touch")
    for name, value in said["invariants"].items():
        print(f"  {name}: {'holds' if value is True else value}")
    print(f"pictures in {screens}, papers and journal in {out}")
    return 0 if whole and said["outcome"] == "delivered" else 1


def _first_page_s(link: KioskLink) -> float:
    """Return when, in monotonic seconds, the first page stood there again after the visit."""
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s:
        message = link.next(2.0)
        if message and message.get("page", {}).get("prompt", {}).get("kind") == "attract":
            return time.monotonic()
    raise TimeoutError("the first page did not come back")


def _keep_papers(printed: dict[str, Any], out: Path) -> None:
    for kind in ("receipts", "strips", "pages"):
        for number, paper in enumerate(printed[kind], 1):
            name = f"{kind[:-1]}{'' if number == 1 else f'-{number}'}"
            (out / f"{name}.png").write_bytes(base64.b64decode(paper["png"]))
            if "text" in paper:
                (out / f"{name}.txt").write_text(paper["text"], encoding="utf-8")


def _keep_journal(site: Path, out: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "kiosk", "--site", str(site), "journal", "show"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    (out / "journal.txt").write_text(shown.stdout, encoding="utf-8")

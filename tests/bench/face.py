"""Figures of the face comparison, beside the ones of ``face_recognition``'s own default calls.

``python -m tests.bench.face`` prints them as JSON. Both decide on the same chip photos and frames, the
personas' neutral and close poses, in turns, each in a process of its own of the same low priority: the
kiosk lends its own process to nobody's comparison. The error counts show that speed was not bought with
errors on these pictures; they are composites chosen to be told apart, and say nothing of real people.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.matching import FaceOutcome, Matcher
from kiosk.matching.hardening import NICENESS

FACES = Path(__file__).parents[2] / "simulators" / "personas" / "faces"
POSES = ("neutral", "close")

Picture = NDArray[np.uint8]
Figures = dict[str, float | int]


def measure() -> Figures:
    """Return the figures; milliseconds are medians, from the call to the answer, child and socket included.

    ``errors`` count false matches and false non-matches over all pairs of chip photo and frame.
    """
    return asyncio.run(_measure())


async def _measure() -> Figures:
    names = sorted(folder.parent.name for folder in FACES.glob("p*/live"))
    chips = {name: _read(f"{name}/chip.webp") for name in names}
    frames = {(name, pose): _read(f"{name}/live/{pose}.jpg") for name in names for pose in POSES}

    matcher = Matcher()
    began = time.perf_counter()
    await matcher.start()
    cold_start_s = time.perf_counter() - began
    try:
        while not await matcher.ready():
            await asyncio.sleep(0.01)
        warm_s = time.perf_counter() - began
        ours_ms, theirs_ms, guide_ms, second, wrong = [], [], [], 0, {"ours": [0, 0], "theirs": [0, 0]}
        with _low_priority_process() as theirs:
            encodings = {key: theirs.submit(_encode, frame).result() for key, frame in frames.items()}
            for card in names:
                own = theirs.submit(_encode, _enlarged(chips[card])).result()
                for (name, pose), frame in frames.items():
                    same = name == card
                    began = time.perf_counter()
                    decision = await matcher.compare_face(chips[card], [frame])
                    ours_ms.append((time.perf_counter() - began) * 1e3)
                    second += "dlib" in decision.engines
                    _count(wrong["ours"], same, decision.outcome is FaceOutcome.MATCH)
                    if same:
                        theirs_ms.append(theirs.submit(_reference_ms, chips[card], frame).result())
                    alike = theirs.submit(_alike, own, encodings[name, pose]).result()
                    _count(wrong["theirs"], same, alike)
        for frame in frames.values():
            began = time.perf_counter()
            await matcher.guide(frame)
            guide_ms.append((time.perf_counter() - began) * 1e3)
        rss_mb = _rss_mb(matcher.pid)
    finally:
        await matcher.stop()
    decision_ms, reference_ms = statistics.median(ours_ms), statistics.median(theirs_ms)
    return {
        "face.decision_ms": round(decision_ms, 1),
        "face.decision_p95_ms": round(statistics.quantiles(ours_ms, n=20)[-1], 1),
        "face.reference_ms": round(reference_ms, 1),
        "face.speedup": round(reference_ms / decision_ms, 2),
        "face.guide_ms": round(statistics.median(guide_ms), 1),
        "face.cold_start_s": round(cold_start_s, 2),
        "face.warm_s": round(warm_s, 2),
        "face.child_rss_mb": rss_mb,
        "face.pairs": len(ours_ms),
        "face.second_opinions": second,
        "face.false_matches": wrong["ours"][0],
        "face.false_non_matches": wrong["ours"][1],
        "face.reference_false_matches": wrong["theirs"][0],
        "face.reference_false_non_matches": wrong["theirs"][1],
    }


def _low_priority_process() -> ProcessPoolExecutor:
    """Return a process for the reference, as nice to others as the matcher's child."""
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=os.nice, initargs=(NICENESS,))


def _reference_ms(chip: Picture, frame: Picture) -> float:
    """Decide as the library's documentation does: locate, encode, compare, all defaults."""
    began = time.perf_counter()
    _alike(_encode(_enlarged(chip)), _encode(frame))
    return (time.perf_counter() - began) * 1e3


def _encode(picture: Picture) -> list[Any]:
    rgb = np.ascontiguousarray(picture[:, :, ::-1])
    library = _library()
    found: list[Any] = library.face_encodings(rgb, library.face_locations(rgb))
    return found


def _alike(own: list[Any], other: list[Any]) -> bool:
    return bool(own and other and _library().compare_faces([own[0]], other[0])[0])


def _library() -> Any:
    return importlib.import_module("face_recognition")


def _count(wrong: list[int], same: bool, match: bool) -> None:
    wrong[0] += match and not same
    wrong[1] += same and not match


def _enlarged(chip: Picture) -> Picture:
    return np.asarray(cv2.resize(chip, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)


def _read(name: str) -> Picture:
    picture = cv2.imread(str(FACES / name))
    if picture is None:
        raise FileNotFoundError(name)
    return np.asarray(picture, np.uint8)


def _rss_mb(pid: int | None) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))

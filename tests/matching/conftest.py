"""People, fingers and children for the matching tests.

Coroutines run in one loop a session, so that a warm child serves many tests.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.matching import Matcher, MatchingConfig

PERSONAS = Path(__file__).parents[2] / "simulators" / "personas"
PEOPLE = tuple(sorted(folder.parent.name for folder in (PERSONAS / "faces").glob("p*/live")))

Picture = NDArray[np.uint8]
Result = TypeVar("Result")
Run = Callable[[Coroutine[Any, Any, Result]], Result]


class People:
    """The personas' pictures."""

    names = PEOPLE

    def chip(self, name: str) -> Picture:
        return self._picture(f"{name}/chip.webp")

    def frame(self, name: str, pose: str) -> Picture:
        return self._picture(f"{name}/live/{pose}.jpg")

    def others(self, folder: str) -> dict[str, Picture]:
        paths = sorted((PERSONAS / "faces" / folder).glob("*.jpg"))
        return {path.stem: self._picture(f"{folder}/{path.name}") for path in paths}

    def _picture(self, name: str) -> Picture:
        picture = cv2.imread(str(PERSONAS / "faces" / name))
        assert picture is not None, name
        return np.asarray(picture, np.uint8)


class Fingers:
    """The personas' prints, as the pad gives them, and their records."""

    def image(self, finger: str, impression: int) -> Picture:
        image = cv2.imread(str(PERSONAS / "fingers" / f"{finger}_{impression}.png"), cv2.IMREAD_GRAYSCALE)
        assert image is not None
        assert image.shape == (288, 256)
        return np.asarray(image, np.uint8)

    def record(self, finger: str) -> bytes:
        return (PERSONAS / "fingers" / f"{finger}.fmr").read_bytes()


@pytest.fixture(scope="session")
def people() -> People:
    return People()


@pytest.fixture(scope="session")
def fingers() -> Fingers:
    return Fingers()


@pytest.fixture(scope="session")
def loop_runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def run(loop_runner: asyncio.Runner) -> Run[Any]:
    return loop_runner.run


@pytest.fixture(scope="session")
def matcher(run: Run[Any]) -> Iterator[Matcher]:
    """A started matcher, shared: only for tests that leave the child well."""
    matcher = Matcher()
    run(matcher.start())
    run(until_ready(matcher))
    yield matcher
    run(matcher.stop())


@pytest.fixture
def impatient() -> MatchingConfig:
    """The shipped configuration with short limits for the tests of children that do not answer."""
    config = MatchingConfig.load()
    worker = dataclasses.replace(config.worker, guide_s=0.4, face_s=0.4, start_s=10.0)
    return dataclasses.replace(config, worker=worker)


async def until_ready(matcher: Matcher) -> None:
    """Wait until the child, perhaps a new one, has loaded everything."""
    async with asyncio.timeout(60):
        while not await matcher.ready():
            await asyncio.sleep(0.02)


def child_running(source: str) -> tuple[str, ...]:
    """Return the command of a child that runs ``source`` with ``sys.argv`` as the real one gets it."""
    return (sys.executable, "-c", source)

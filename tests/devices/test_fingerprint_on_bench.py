"""Driver and simulator of the fingerprint pad, written apart, on a real pty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from devices.base import Retry
from devices.fingerprint_pad import ZfmFingerprintPad
from devices.link import Link, open_link
from simulators.devices.fingerprint_pad import FingerprintPad, Press
from simulators.faults import Order
from tests.simulators.wiring import Room, served


@dataclass
class Bench:
    link: Link
    pad: ZfmFingerprintPad
    glass: FingerprintPad
    room: Room


@pytest.fixture(params=[None, 115200], ids=["57600", "115200"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    room = Room()
    glass = FingerprintPad(room.level, room.faults, room.chance)
    with served(room.pty(tmp_path, 57600, "fingerprint_pad"), glass.serve):
        link = open_link(f"serial://{tmp_path / 'fingerprint_pad'}?baud=57600")
        pad = ZfmFingerprintPad(link, fast_baud=request.param)
        pad.open()
        yield Bench(link, pad, glass, room)
        pad.close()


def test_a_finger_is_waited_for_and_its_picture_fetched(bench: Bench) -> None:
    assert not bench.pad.finger_present()
    bench.glass.press(Press("f01"))
    assert bench.pad.finger_present()
    image = bench.pad.image()
    assert image.shape == (288, 256)
    assert np.ptp(image) > 150  # ridges
    bench.glass.lift()
    assert not bench.pad.finger_present()
    assert bench.pad.status().usable


def test_the_module_is_left_as_it_was_found(bench: Bench) -> None:
    bench.pad.close()
    again = ZfmFingerprintPad(bench.link)
    again.open()
    assert again.capabilities().more["baud"] == "57600"
    again.close()


def test_too_few_points_are_told_before_the_picture_is_fetched(bench: Bench) -> None:
    bench.glass.press(Press("f01"))
    assert bench.pad.finger_present()
    bench.room.faults.arm(Order("fingerprint_pad", "fewFeatures", "extract"))
    with pytest.raises(Retry) as judged:
        bench.pad.image()
    assert judged.value.code == "tooDry"


@pytest.mark.parametrize("fault", ["drop", "corrupt", "split", "glue", "delay", "echo", "garbage", "half"])
@pytest.mark.parametrize("nth", [1, 50])
def test_one_disturbance_of_the_wire_is_got_over(bench: Bench, fault: str, nth: int) -> None:
    bench.glass.press(Press("f01"))
    assert bench.pad.finger_present()
    whole = bench.pad.image()
    operation = "request" if fault == "echo" else "answer"
    bench.room.faults.arm(Order("fingerprint_pad", fault, operation, nth, args={"seconds": 0.2}))
    assert np.array_equal(bench.pad.image(), whole)
    bench.room.faults.clear()
    assert np.array_equal(bench.pad.image(), whole)

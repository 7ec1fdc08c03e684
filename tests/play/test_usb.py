"""The whole visit with the ID-card reader on USB, in both forms that readers have."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.bench_process import BenchProcess
from simulators.citizen import Citizen, Plan
from simulators.hands import DataHands
from simulators.kiosk_link import KioskProcess


@pytest.mark.parametrize("form", ["bulk", "pipes"])
def test_a_visit_with_the_reader_on_usb(form: str, tmp_path: Path) -> None:
    with BenchProcess(tmp_path, "ideal", 1, ("--usb", form)) as bench:
        kiosk = KioskProcess(bench.site, headless=True)
        try:
            link = kiosk.connect()
            report = Citizen(link, DataHands(link), bench.world, Plan()).visit()
            link.close()
        finally:
            kiosk.stop()
    assert report["outcome"] == "delivered", report["reason"]
    assert all(value is True for value in report["invariants"].values())

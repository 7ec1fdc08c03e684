"""What a monitor at the site reads: Prometheus' text on loopback, counts and states only."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.exporter import Exporter
from kiosk.heartbeat import DeviceNow, Now, StockNow
from kiosk.journal import Journal

KEY = bytes(range(32))


async def _read(tmp_path: Path) -> str:
    journal = await Journal.open(tmp_path / "journal.db", KEY, SystemClock())
    now = Now(
        "out-of-service",
        (DeviceNow("camera", "online", ""), DeviceNow("receipt_printer", "online", "paperOut")),
        (StockNow("receipt-paper", "empty", 0, ""),),
    )
    exporter = Exporter(0, journal, lambda: now, tmp_path)
    try:
        exporter.visited("endorsement", "delivered", 102.0)
        exporter.visited("endorsement", "refused", None)
        exporter.faulted("receipt_printer", "paperOut")
        await exporter.look()
        url = f"http://127.0.0.1:{exporter.port}/metrics"
        reading = asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=5).read().decode())
        return str(await reading)
    finally:
        exporter.close()
        await journal.close()


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> str:
    return asyncio.run(_read(tmp_path_factory.mktemp("exporter")))


@pytest.mark.parametrize(
    "line",
    [
        'kiosk_device_up{device="camera"} 1.0',
        'kiosk_device_up{device="receipt_printer"} 0.0',
        "kiosk_in_service 0.0",
        'kiosk_stock{unit="receipt-paper"} 0.0',
        'kiosk_visits_total{outcome="delivered",service="endorsement"} 1.0',
        'kiosk_visit_seconds_bucket{le="120.0",service="endorsement"} 1.0',
        'kiosk_device_faults_total{code="paperOut",device="receipt_printer"} 1.0',
        "kiosk_open_effects 0.0",
    ],
)
def test_it_says(metrics: str, line: str) -> None:
    assert line in metrics.splitlines()


def test_nobody_else_hears_it(tmp_path: Path) -> None:
    async def bound_to() -> str:
        journal = await Journal.open(tmp_path / "journal.db", KEY, SystemClock())
        exporter = Exporter(0, journal, lambda: Now("in-service", (), ()), tmp_path)
        try:
            return str(exporter.host)
        finally:
            exporter.close()
            await journal.close()

    assert asyncio.run(bound_to()) == "127.0.0.1"

"""The exporter: what a monitor at the site can read, in the text format of Prometheus, on loopback only.

``http://127.0.0.1:PORT/metrics``, where the site file has ``[metrics] port``. Counts and states, nothing of
a person.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from kiosk.heartbeat import Now
from kiosk.journal import Journal

LOOK_S: Final = 10.0
HOST: Final = "127.0.0.1"
VISIT_BUCKETS_S: Final = (30, 60, 90, 120, 180, 240, 300, 600)


class Exporter:
    """Serves until closed. ``state`` is the folder whose disk is looked at; port 0 takes any that is free."""

    def __init__(self, port: int, journal: Journal, now: Callable[[], Now], state: Path) -> None:
        self._journal, self._now, self._state = journal, now, state
        registry = CollectorRegistry()
        self._device_up = Gauge(
            "kiosk_device_up", "Whether a device can be used", ["device"], registry=registry
        )
        self._in_service = Gauge("kiosk_in_service", "Whether citizens can be served", registry=registry)
        self._stock = Gauge(
            "kiosk_stock", "What is left of a consumable, or in a bin", ["unit"], registry=registry
        )
        self._open = Gauge("kiosk_open_effects", "Acts whose outcome is still asked about", registry=registry)
        self._letters = Gauge("kiosk_letters_waiting", "Letters for the back office", registry=registry)
        self._journalled = Gauge(
            "kiosk_journal_number", "Number of the newest journal entry", registry=registry
        )
        self._disk = Gauge("kiosk_disk_free_bytes", "Free space for journal and log", registry=registry)
        self._visits = Counter("kiosk_visits", "Visits that ended", ["service", "outcome"], registry=registry)
        self._seconds = Histogram(
            "kiosk_visit_seconds",
            "How long visits took",
            ["service"],
            buckets=VISIT_BUCKETS_S,
            registry=registry,
        )
        self._faults = Counter(
            "kiosk_device_faults", "Commands that failed", ["device", "code"], registry=registry
        )
        self._server, self._thread = start_http_server(port, HOST, registry)
        self.host, self.port = str(self._server.server_address[0]), self._server.server_port

    def visited(self, service: str, outcome: str, seconds: float | None) -> None:
        """A visit ended."""
        self._visits.labels(service, outcome).inc()
        if seconds is not None:
            self._seconds.labels(service).observe(seconds)

    def faulted(self, device: str, code: str) -> None:
        """A device's command failed."""
        self._faults.labels(device, code).inc()

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Bring the gauges up to date."""
        now = self._now()
        for device in now.devices:
            self._device_up.labels(device.device).set(not device.fault)
        for stock in now.stocks:
            if stock.count is not None:
                self._stock.labels(stock.unit).set(stock.count)
        self._in_service.set(now.state in ("in-service", "serving"))
        self._open.set(len(await self._journal.unresolved()))
        self._letters.set(await self._journal.letters_waiting())
        self._journalled.set(self._journal.head().number)
        self._disk.set(shutil.disk_usage(self._state).free)

    def close(self) -> None:
        """End the server and its thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

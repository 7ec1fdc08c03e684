"""What every test gets: examples that hypothesis finds are repeatable, and kiosks that are there at once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from simulators.kiosk_link import KioskProcess
from tests import warm

# No example fails for being slow on a busy machine. CI tries the same examples each time.
settings.register_profile(
    "kiosk",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("kiosk")


@pytest.fixture(scope="session", autouse=True)
def forked_kiosks() -> Iterator[None]:
    """Let kiosks without a window be forked from one process that has loaded what they need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KioskProcess, "launch", warm.launch)
        yield

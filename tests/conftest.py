"""What every test gets: tests with a window run one after another; found examples are repeatable."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# No example fails for being slow on a busy machine. CI tries the same examples each time.
settings.register_profile(
    "kiosk",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("kiosk")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("screen") or "screens" in item.path.parts[:-1]:
            item.add_marker(pytest.mark.xdist_group("screen"))

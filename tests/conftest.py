"""What every test gets: tests with a window run one after another in one worker."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("screen") or "screens" in item.path.parts[:-1]:
            item.add_marker(pytest.mark.xdist_group("screen"))

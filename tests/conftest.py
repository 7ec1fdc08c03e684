"""What every test gets: repeatable examples, kiosks that are there at once, a place to tell its counts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from simulators.kiosk_link import KioskProcess
from tests import counts, warm

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


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> counts.Counted:
    """Take lines that say how much a test did; the run's end prints them."""

    def tell(line: str) -> None:
        request.node.user_properties.append((counts.PROPERTY, line))

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was counted."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
    ]
    if told := counts.lines(reports):
        terminalreporter.section("counts")
        for line in told:
            terminalreporter.write_line(line)

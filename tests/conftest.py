"""What every test gets: examples that hypothesis finds are repeatable."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No example fails for being slow on a busy machine. CI tries the same examples each time.
settings.register_profile(
    "kiosk",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("kiosk")

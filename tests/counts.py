"""How much was tried: counts that tests tell, printed when the run ends, whichever process ran them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Counted = Callable[[str], None]
"""The fixture ``counted``: takes one line that says how much a test did."""

PROPERTY = "count"
"""The name under which a line travels with the test's report, from a worker too."""


def lines(reports: Iterable[Any]) -> list[str]:
    """Return the lines that ``reports`` (of pytest) carry."""
    return [line for report in reports for name, line in report.user_properties if name == PROPERTY]

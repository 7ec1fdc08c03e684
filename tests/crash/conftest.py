"""One ground for each file of tests: a bench takes longer to start than a kiosk to die."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.counts import Counted
from tests.crash.ground import Ground
from tests.crash.sweep import Death


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


@pytest.fixture
def well(counted: Counted) -> Callable[[str, Sequence[Death]], None]:
    """Return what counts deaths, says so, and fails for those after which something was not true."""

    def check(name: str, deaths: Sequence[Death]) -> None:
        died = [death for death in deaths if death.starts]
        longest_s = max((death.recovery_s for death in died), default=0.0)
        counted(
            f"{name}: {len(deaths)} points, {len(died)} deaths, "
            f"longest way home {longest_s:.1f} s, most starts {max(d.starts for d in deaths)}"
        )
        assert not [str(death) for death in deaths if death.wrong]
        # A point beside the visit may not come a second time; many that do not come are a broken test.
        missed = len(deaths) - len(died)
        assert died
        assert missed <= max(1, 0.1 * len(deaths)), "points are no longer met: nothing was tested there"

    return check

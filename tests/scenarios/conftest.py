"""A stand for the scenarios of one file, which play on it one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulators.stand import Stand


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with Stand() as stand:
        yield stand

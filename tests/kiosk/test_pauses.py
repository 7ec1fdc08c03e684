"""Pauses between two looks grow from short to the longest, and stay there."""

from __future__ import annotations

from itertools import islice, pairwise

from kiosk.pauses import FIRST_S, pauses


def test_the_first_look_again_comes_soon() -> None:
    assert next(pauses(0.15)) == FIRST_S


def test_they_grow_up_to_the_longest_and_stay() -> None:
    some = list(islice(pauses(0.15), 20))
    assert all(later >= sooner for sooner, later in pairwise(some))
    assert some[-1] == 0.15
    assert max(some) == 0.15


def test_none_is_longer_than_the_longest() -> None:
    assert list(islice(pauses(0.01), 3)) == [0.01, 0.01, 0.01]

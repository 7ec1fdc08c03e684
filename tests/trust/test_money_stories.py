"""Each way of money is told again, word for word: what is asked, written down and returned, and when."""

from __future__ import annotations

import pytest

from tests.trust.money_stories import STORIES, read, tell

TOLD = read()


def test_every_story_is_in_the_file() -> None:
    assert list(TOLD) == list(STORIES)


@pytest.mark.parametrize("name", STORIES)
def test_the_story_goes_as_it_went(name: str) -> None:
    assert tell(name) == TOLD[name]

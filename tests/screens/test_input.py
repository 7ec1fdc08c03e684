"""Input from a panel gone mad: all of it comes, in its order, and a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from screens.input import MOST_A_TURN, take_plainly


class Provider:
    """Sends what is put into ``sends`` at the next turn."""

    def __init__(self, device: str = "mouse") -> None:
        self.device = device
        self.sends: list[tuple[str, int]] = []

    def update(self, dispatch_fn: Callable[[str, int], None]) -> None:
        for event in self.sends:
            dispatch_fn(*event)
        self.sends = []


def loop(*providers: Provider) -> tuple[SimpleNamespace, list[tuple[str, int]]]:
    came: list[tuple[str, int]] = []
    return SimpleNamespace(
        input_providers=list(providers),
        postproc_modules=["doubletap"],
        input_events=[],
        post_dispatch_input=lambda kind, touch: came.append((kind, touch)),
    ), came


def test_a_thousand_touches_at_once_come_over_many_turns() -> None:
    panel = Provider()
    event_loop, came = loop(Provider("sdl"), panel)
    take_plainly(event_loop)
    panel.sends = sent = [("begin", number) for number in range(1000)]
    turns = 0
    while len(came) < len(sent):
        before = len(came)
        event_loop.dispatch_input()
        turns += 1
        assert before < len(came) <= before + MOST_A_TURN
    assert came == sent
    assert turns == 1000 / MOST_A_TURN


@pytest.mark.parametrize("providers", [[], [Provider("sdl")], [Provider(), Provider()]])
def test_each_touch_must_come_once(providers: list[Provider]) -> None:
    with pytest.raises(RuntimeError, match="input providers, one is needed"):
        take_plainly(loop(*providers)[0])

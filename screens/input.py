"""How Kivy's input comes to the window: once each, and never so much at once that the screen stands still."""

from __future__ import annotations

from typing import Any, Final

MOST_A_TURN: Final = 50
"""Events that one turn of the loop hands on: at 60 turns a second more than any panel sends."""


def take_plainly(event_loop: Any) -> None:
    """Settle how ``kivy.base.EventLoop`` hands input on; for a loop that has its providers.

    * SDL's own finger events go: a panel's touches also come as the pointer's, and count once.
    * Kivy's search for double and triple taps goes: ``screens.touch`` has its own, and Kivy's compares each
      touch with all before it.
    * What a panel gone mad (wet, broken) sends at once is handed on over many turns: each touch may redraw
      the page, and a loop that did a thousand of them in one turn would be ended by the watchdog.

    Raises ``RuntimeError`` when not exactly one provider is left: each touch would come twice, or none.
    """
    providers = event_loop.input_providers
    for provider in list(providers):
        if provider.device == "sdl":
            providers.remove(provider)
    if len(providers) != 1:
        raise RuntimeError(f"{len(providers)} input providers, one is needed")
    event_loop.postproc_modules.clear()
    waiting = event_loop.input_events

    def take(*event: Any) -> None:
        if event in waiting:  # a finger that moved on: where it was a moment ago does not matter
            waiting.remove(event)
        waiting.append(event)

    def hand_on_some() -> None:
        providers[0].update(dispatch_fn=take)
        turn = waiting[:MOST_A_TURN]
        del waiting[:MOST_A_TURN]
        for event in turn:
            event_loop.post_dispatch_input(*event)

    event_loop.dispatch_input = hand_on_some

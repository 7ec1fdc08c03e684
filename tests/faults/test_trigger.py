"""The catalogue's words for a trigger, as an order of the bench."""

from __future__ import annotations

import pytest

from simulators.faults import Order
from simulators.trigger import order


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("paperOut", Order("printer", "paperOut")),
        ("jam at feed", Order("printer", "jam", "feed")),
        ("refused at every command", Order("printer", "refused", "command", repeat=True)),
        ("disconnect of permit_transport", Order("permit_transport", "disconnect")),
        ("error, code 51", Order("printer", "error", args={"code": 51})),
        (
            "corrupt at answer of permit_printer, at 5, word A-B",
            Order("permit_printer", "corrupt", "answer", args={"at": 5, "word": "A-B"}),
        ),
        ("the kiosk asks for a light that is not there", None),
    ],
)
def test_words_become_an_order(words: str, expected: Order | None) -> None:
    assert order(words, "printer") == expected

"""What the body of an entry may hold, and what is refused in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kiosk.journal import NotAllowed, fields


def test_canonical_json() -> None:
    assert fields.canonical({"b": [1, None], "a": "ä"}) == '{"a":"ä","b":[1,null]}'
    with pytest.raises(ValueError):
        fields.canonical(float("nan"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"holder": 1}, "body: the journal keeps no field 'holder'"),
        ({"items": [{"reason": {"holder": 1}}]}, "body.items.reason: the journal keeps no field 'holder'"),
        ({"reason": "two words"}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "tab\there"}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "line\n"}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "é"}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "x" * 161}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "11010519491231002X"}, "body.reason: the journal keeps no ID number"),
        ({"reason": "11010519491231002x"}, "body.reason: the journal keeps no ID number"),
        ({"reason": "a:11010519491231002X,b"}, "body.reason: the journal keeps no ID number"),
        ({"amount_fen": 1.5}, "body.amount_fen: the journal keeps no float"),
        ({"code": b"1"}, "body.code: the journal keeps no bytes"),
        ({"items": ("a b",)}, "body.items: the journal keeps words and numbers, no text"),
    ],
)
def test_what_a_body_may_not_hold(body: dict[str, Any], words: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        fields.checked(body)
    assert str(refused.value) == words


def test_what_a_body_may_hold() -> None:
    values: list[Any] = ["", " ", "~", "x" * 160, "1 2", "A1 b2", 0, -5, True, None, [], {}, ["a", 1, None]]
    for value in values:
        assert json.loads(fields.checked({"reason": value})) == {"reason": value}
    # No real day, a wrong check character, or more digits around: no ID number.
    for digits in (
        "110105194913310021",
        "110105194902300021",
        "110105194912310020",
        "011010519491231002X",
        "11010519491231002XZ",
    ):
        fields.checked({"reason": digits})
    most = {"items": ["x" * 100] * 79 + ["y" * 17]}
    over = 8192 - len(fields.canonical(most))
    fields.checked({"items": ["x" * 100] * 79 + ["y" * (17 + over)]})
    with pytest.raises(NotAllowed, match="a body of 8193 bytes is no note"):
        fields.checked({"items": ["x" * 100] * 79 + ["y" * (18 + over)]})


def test_a_devices_word_is_cut_to_what_may_be_kept() -> None:
    assert fields.word("paper out!") == "paper-out!"
    assert fields.word("缺纸 \t x") == "-x"
    assert fields.word("y" * 70) == "y" * 64
    assert fields.word("") == ""

"""A signature is read from what a view answered, and nothing else is; wiped, nothing of it is left."""

from __future__ import annotations

from typing import Any

import pytest

from kiosk.signature import MOST_POINTS, Signature

WRITTEN = {"width": 900, "height": 400, "strokes": [[[1, 2, 0], [899, 400, 30]], [[5, 5, 90]]]}


def test_what_is_read_is_sent_and_then_wiped() -> None:
    signature = Signature.read(WRITTEN)
    stroke = signature.strokes[0]
    assert signature.to_json()["strokes"][1] == [{"x": 5, "y": 5, "t_ms": 90}]
    signature.wipe()
    assert (signature.width, signature.strokes, stroke) == (0, [], [])


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        [],
        {**WRITTEN, "strokes": []},
        {**WRITTEN, "strokes": [[]]},
        {**WRITTEN, "strokes": [[[1, 2]]]},
        {**WRITTEN, "strokes": [[[901, 2, 0]]]},
        {**WRITTEN, "strokes": [[[1, -1, 0]]]},
        {**WRITTEN, "strokes": [[[1, float("inf"), 0]]]},
        {**WRITTEN, "strokes": [[[1, 1, 0]] * (MOST_POINTS + 1)]},
        {**WRITTEN, "width": 0},
        {"width": 900, "strokes": [[[1, 1, 0]]]},
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_nobody_can_have_written_is_no_signature(value: Any) -> None:
    with pytest.raises(ValueError, match=r"signature|field|strokes"):
        Signature.read(value)

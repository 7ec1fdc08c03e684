"""The strip is read back before it goes to the printer, and what does not fit is not printed."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kiosk.strip import StripMismatch, StripTemplate, draw_strip, read_strip

ROOT = Path(__file__).parents[2]
FONT = ROOT / ".cache" / "fonts" / "NotoSansCJKsc-Regular.otf"
TEMPLATE = StripTemplate.load(ROOT / "config" / "templates" / "endorsement_strip.toml", FONT)
SIZE = (200, 640)
BOTH = [
    {
        "number": f"261123000001{n}",
        "destination": destination,
        "type": "G",
        "valid_from": date(2026, 11, 23),
        "valid_until": date(2027, 2, 22),
        "entries": 1,
        "stay_days": 7,
    }
    for n, destination in enumerate(("HKG", "MAC"))
]


def draw(**changes: object) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    arguments: dict[str, object] = {
        "permit_number": "CZ9900001",
        "endorsements": BOTH,
        "code": "EN2611230000000147",
    }
    return draw_strip(TEMPLATE, SIZE, **{**arguments, **changes})  # type: ignore[arg-type]


def test_what_was_drawn_reads_back() -> None:
    strip = draw()
    assert strip.shape == SIZE
    assert set(np.unique(strip)) == {0, 255}
    assert read_strip(strip) == "EN2611230000000147"


def test_two_permits_have_two_strips() -> None:
    assert not np.array_equal(draw(), draw(permit_number="CZ9900002"))


def test_half_a_strip_says_nothing() -> None:
    strip = draw()
    strip[100:] = 255
    assert read_strip(strip) == ""


def test_a_line_that_runs_into_the_code_is_refused() -> None:
    long = [{**BOTH[0], "number": "9" * 40}]
    with pytest.raises(StripMismatch):
        draw(endorsements=long)


def test_more_lines_than_fit_are_refused() -> None:
    with pytest.raises(StripMismatch):
        draw(endorsements=BOTH * 2)


def test_a_code_too_small_to_be_read_is_refused() -> None:
    tiny = dataclasses.replace(TEMPLATE, code_size=10)
    with pytest.raises(StripMismatch):
        draw_strip(tiny, SIZE, permit_number="CZ9900001", endorsements=BOTH, code="E" * 200)

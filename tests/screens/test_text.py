"""Text: lines, Chinese punctuation, and fonts that have every character there is to draw."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator
from functools import cache

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from kiosk.texts import LANGUAGES
from screens.fonts import Fonts, printable
from screens.lines import balanced_lines, break_lines, chinese_punctuation
from tests.screens import harness


@cache
def fonts() -> Fonts:
    return harness.fonts()


COMMA, QUESTION, COLON, LEFT, RIGHT = (chr(ord(mark) + 0xFEE0) for mark in ",?:()")
words = st.text(
    alphabet=f"请把身份证放在读卡区30元 ABCdef.-·《》“”。、{COMMA}{QUESTION}{LEFT}{RIGHT}\n", max_size=60
)


@given(words, st.floats(3.0, 30.0))
def test_lines_fit_and_nothing_is_lost(text: str, width_em: float) -> None:
    for breaking in (break_lines, balanced_lines):
        lines = breaking(text, fonts(), 10.0, width_em * 10.0)
        assert "".join("".join(lines).split()) == "".join(text.split())
        for line in lines:
            assert fonts().width_em(line) <= width_em + 1e-6


@given(st.text(alphabet=f"请把身份证放在读卡区。{COMMA}、《》", max_size=40), st.integers(6, 20))
def test_no_closing_mark_begins_a_line_and_no_opening_one_ends_it(text: str, width_em: int) -> None:
    pieces = sum(mark in text for mark in f"。{COMMA}、《》")
    lines = break_lines(text, fonts(), 10.0, width_em * 10.0)
    runs = max((len(run) for run in _runs_of_marks(text)), default=0)
    if pieces and runs >= width_em - 1:
        return
    for before, line in itertools.pairwise(lines):
        assert line[:1] not in tuple(f"。{COMMA}、》"), lines
        assert before[-1:] != "《", lines


def _runs_of_marks(text: str) -> Iterator[str]:
    run = ""
    for character in text:
        if character in f"。{COMMA}、《》":
            run += character
        else:
            yield run
            run = ""
    yield run


def test_no_single_character_is_left_on_the_last_line() -> None:
    lines = break_lines("摄像头会拍下您的面部并与身份证照片比对一次", fonts(), 10.0, 200.0)
    assert len(lines) == 2
    assert len(lines[-1]) >= 2


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("办好了,祝您愉快", f"办好了{COMMA}祝您愉快"),
        ("您要去哪里?", f"您要去哪里{QUESTION}"),
        ("前往自助厅(24 小时)", f"前往自助厅{LEFT}24 小时{RIGHT}"),
        ("请在 14:32 前, 3 号窗口", f"请在 14:32 前{COMMA} 3 号窗口"),
        ("约 3 分钟:15 元", f"约 3 分钟{COLON}15 元"),
        ("C12345678, PIN (4)", "C12345678, PIN (4)"),
        ("1,295", "1,295"),
    ],
)
def test_chinese_punctuation_is_full_width(typed: str, printed: str) -> None:
    assert chinese_punctuation(typed) == printed


def test_the_faces_have_simplified_chinese_forms() -> None:
    for path in (fonts().regular, fonts().bold):
        with TTFont(path, lazy=True) as font:
            assert font["name"].getBestFamilyName() == "Noto Sans CJK SC"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_drawn(language: str) -> None:
    file = harness.STRINGS / f"{language}.toml"
    missing = {c for c in printable(file.read_text("utf-8")) if not c.isspace() and not fonts().covers(c)}
    assert not missing


def test_every_invented_persons_card_can_be_drawn() -> None:
    files = sorted((harness.ROOT / "simulators" / "personas").glob("*.toml"))
    assert files
    for file in files:
        for value in _strings(tomllib.loads(file.read_text("utf-8"))):
            missing = [c for c in printable(value) if not c.isspace() and not fonts().covers(c)]
            assert not missing, (file.name, value)


def test_a_rare_character_comes_from_the_fallback() -> None:
    rare = next(c for c in map(chr, range(0x20000, 0x2A6D7)) if not fonts().face_of("王").has(c))
    runs = fonts().runs(f"王{rare}明", bold=True)
    assert [run.text for run in runs] == ["王", rare, "明"]
    assert runs[0].face.path == fonts().bold
    assert runs[1].face.path in fonts().fallback
    assert runs[1].face.has(rare)


@given(st.text(max_size=30))
def test_control_and_direction_characters_never_reach_the_page(text: str) -> None:
    shown = printable(f"李\u202e\x1b[31m{text}\u200f")
    assert not any(c in shown for c in "\u202e\x1b\u200f\x00\x07\u2066")
    assert shown.startswith("李[31m")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)

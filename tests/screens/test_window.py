"""The real window on a virtual display, touched by a real pointer.

Kivy has one window a process, so all tests here share one; each begins with a page of its own number.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from kiosk.prompts import Answer, TakeItem
from kiosk.signature import Signature
from screens.scene import Code
from screens.touch import BOUNCE_S, HELD_S, LATCH_S
from tests.screens import harness, samples
from tests.screens.stand import NUMBERS, PANEL, Stand

pytestmark = pytest.mark.screen


@pytest.fixture(scope="session")
def stand() -> Iterator[Stand]:
    with harness.display(PANEL):
        stand = Stand()
        yield stand
        stand.end()


def test_a_touch_answers_once_for_its_page(stand: Stand) -> None:
    page = stand.show("choose-one")
    stand.touch("choose:wechat")
    assert stand.answers == [Answer(page.number, "choose", "wechat")]
    stand.touch("choose:wechat")
    assert len(stand.answers) == 1


IN_THE_WINDOW = ("up", "down", "closer", "next-picture", "field")
"""Buttons that change what is seen of a page and answer nothing."""


def test_every_action_of_every_page_answers_by_its_name(stand: Stand) -> None:
    before = (0, 0, 0, 0)
    for name in samples.PROMPTS:
        page = stand.show(name)
        for target, place in stand.window.layout().items():
            if target in ("begin", "large-text", "high-contrast", "language", *IN_THE_WINDOW):
                continue
            if target.startswith("type:"):
                continue
            if target.startswith("choose:") and name in ("choose-many", "records-few", "records-many"):
                continue
            page = stand.show(name)
            if place[:2] == before[:2]:
                stand.run(asyncio.sleep(LATCH_S))
            before = place
            stand.touch(target)
            action, _, value = target.partition(":")
            assert [(a.page, a.action) for a in stand.answers] == [(page.number, action)], target
            if value:
                assert str(stand.answers[0].value) == value


def test_attract_begins_anywhere_in_its_language(stand: Stand) -> None:
    page = stand.show("attract", language="en")
    stand.pointer(250, 350, down=True)
    stand.run(stand.frames(3))
    stand.pointer(250, 350, down=False)
    stand.run(stand.until(lambda: bool(stand.answers)))
    assert stand.answers == [Answer(page.number, "begin", "en")]


def test_a_rating_is_a_number(stand: Stand) -> None:
    page = stand.show("rate")
    stand.touch("rate:4")
    assert stand.answers == [Answer(page.number, "rate", 4)]


def test_what_is_typed_is_handed_in_once_it_is_long_enough(stand: Stand) -> None:
    page = stand.show("enter-text")
    for key in ("type:H", "type:A", "type:-", "delete", "type:Z"):
        stand.touch(key)
        stand.run(asyncio.sleep(BOUNCE_S))
    assert "enter" not in stand.window.layout()
    stand.touch("type:9")
    stand.touch("enter")
    assert stand.answers == [Answer(page.number, "enter", "HAZ9")]


def test_settings_carry_the_new_value(stand: Stand) -> None:
    for changes, wanted in (
        ({}, {"large-text": True, "high-contrast": True, "language": "en"}),
        (
            {"large_text": True, "high_contrast": True, "language": "en"},
            {"large-text": False, "high-contrast": False, "language": "zh-CN"},
        ),
    ):
        for action, value in wanted.items():
            page = stand.show("choose-one", **changes)
            stand.touch(action)
            assert stand.answers == [Answer(page.number, action, value)]


def test_marks_stay_through_updates_and_go_with_the_page(stand: Stand) -> None:
    page = stand.show("choose-many")
    stand.touch("choose:HKG-2")
    stand.touch("choose:MAC-1")
    stand.window.show(replace(page, prompt=replace(page.prompt, body=None)))
    stand.run(stand.frames(2))
    stand.touch("choose")
    assert stand.answers == [Answer(page.number, "choose", ["HKG-1", "HKG-2"])]
    stand.run(asyncio.sleep(LATCH_S))
    page = stand.show("choose-many")
    stand.touch("choose")
    assert stand.answers == [Answer(page.number, "choose", ["HKG-1", "MAC-1"])]


def test_marks_stay_when_the_language_changes(stand: Stand) -> None:
    page = stand.show("choose-many")
    stand.touch("choose:HKG-2")
    stand.window.show(replace(page, number=-page.number, language="en"))
    stand.run(asyncio.sleep(LATCH_S))
    stand.touch("choose")
    assert stand.answers[-1].value == ["HKG-1", "HKG-2", "MAC-1"]


def test_a_signature_is_drawn_wiped_and_handed_in_as_strokes(stand: Stand) -> None:
    page = stand.show("sign")
    field = stand.window.layout()["field"]
    assert not {"sign", "wipe"} & set(stand.window.layout())
    stand.write(field, [(0.2, 0.2), (0.4, 0.6)])
    stand.run(stand.until(lambda: {"sign", "wipe"} <= set(stand.window.layout())))
    stand.touch("wipe")
    stand.run(stand.until(lambda: "sign" not in stand.window.layout()))
    stand.write(field, [(0.1, 0.5), (0.5, 0.5), (0.9, 0.5)])
    stand.write(field, [(0.5, 0.1), (0.5, 1.4)])
    stand.run(stand.until(lambda: "sign" in stand.window.layout()))
    stand.run(asyncio.sleep(LATCH_S))  # since the wiping: a quicker touch would be half a double tap
    stand.touch("sign")
    (answer,) = stand.answers
    assert (answer.page, answer.action) == (page.number, "sign")
    signature = Signature.read(answer.value)
    across, down = signature.strokes
    mm = PANEL.px_per_mm
    assert signature.width == pytest.approx(field[2] / mm * 10, abs=20)
    assert across[-1][0] - across[0][0] == pytest.approx(signature.width * 0.8, abs=30)
    assert {y for _, y, _ in across} == {across[0][1]}
    assert down[-1][1] == signature.height, "beyond the field it is written on its edge"
    times = [t_ms for stroke in signature.strokes for _, _, t_ms in stroke]
    assert times == sorted(times)
    stand.show("rate")
    assert stand.window._ink.strokes == []


def test_a_long_list_is_turned_dragged_and_marked(stand: Stand) -> None:
    page = stand.show("records-many")
    first = [name for name in stand.window.layout() if name.startswith("choose:")]
    stand.touch("down")
    turned = [name for name in stand.window.layout() if name.startswith("choose:")]
    assert first != turned
    x, y, w, h = stand.window.layout()[turned[-1]]
    stand.pointer(x + w // 2, y + h // 2, down=True)
    stand.run(stand.frames(2))
    for step in range(1, 9):
        stand.pointer(x + w // 2, y + h // 2 + 20 * step, down=None)
        stand.run(stand.frames(1))
    stand.pointer(x + w // 2, y + h // 2 + 160, down=False)
    stand.run(asyncio.sleep(0.8))
    dragged = [name for name in stand.window.layout() if name.startswith("choose:")]
    assert dragged != turned
    assert not stand.answers
    stand.touch(dragged[-1])
    stand.touch("choose")
    assert stand.answers == [Answer(page.number, "choose", sorted({"R0", dragged[-1].partition(":")[2]}))]


def test_a_picture_is_looked_at_closely_and_put_back(stand: Stand, tmp_path: Path) -> None:
    stand.show("look-at-pictures")
    stand.run(asyncio.sleep(0.4))
    whole = stand.pixels(tmp_path)
    stand.touch("closer")
    close = stand.pixels(tmp_path)
    stand.run(asyncio.sleep(LATCH_S))
    stand.touch("closer")
    assert (whole != close).any()
    assert (stand.pixels(tmp_path) == whole).all()
    assert not stand.answers


def test_too_few_marks_cannot_be_confirmed(stand: Stand) -> None:
    stand.show("choose-many")
    stand.touch("choose:HKG-1")
    stand.touch("choose:MAC-1")
    assert "choose" not in stand.window.layout()


def test_keys_and_other_buttons_do_nothing(stand: Stand, tmp_path: Path) -> None:
    from kivy.core.window import Window

    arrived = []
    Window.bind(on_key_down=lambda _, key, *__: arrived.append(key))
    stand.show("choose-one")
    stand.run(asyncio.sleep(0.3))
    before = stand.pixels(tmp_path)
    for keys in (
        *((f"F{number}",) for number in range(1, 13)),
        ("Escape",), ("Alt_L", "F4"), ("Control_L", "q"), ("Control_L", "c"), ("Super_L",), ("Return",),
    ):  # fmt: skip
        stand.key(*keys)
        assert np.array_equal(stand.pixels(tmp_path), before), keys
    for button in (2, 3, 4, 5):
        stand.touch("choose:wechat", button)
    assert {282, 27} <= set(arrived), "F1 and Esc did not even reach the window"
    stand.pointer(539, 959, down=True)
    stand.pointer(539, 959, down=False)
    stand.run(stand.frames(4))
    assert stand.answers == []
    assert np.array_equal(stand.pixels(tmp_path), before)


def test_the_window_cannot_be_closed_from_outside(stand: Stand) -> None:
    from Xlib.protocol import event

    delete = stand.display.intern_atom("WM_DELETE_WINDOW")
    protocols = stand.display.intern_atom("WM_PROTOCOLS")
    for window in stand.windows():
        message = event.ClientMessage(window=window, client_type=protocols, data=(32, [delete, 0, 0, 0, 0]))
        window.send_event(message)
    stand.display.sync()
    page = stand.show("choose-one")
    stand.touch("choose:alipay")
    assert stand.answers == [Answer(page.number, "choose", "alipay")]


def test_kivy_is_set_up_for_a_kiosk(stand: Stand) -> None:
    from kivy.base import EventLoop
    from kivy.config import Config
    from kivy.core.text import Label

    assert Label.__name__ == "LabelSDL2"
    assert [type(provider).__name__ for provider in EventLoop.input_providers] == ["MouseMotionEventProvider"]
    assert EventLoop.postproc_modules == []
    assert Config.items("modules") == []
    assert Config.getint("kivy", "exit_on_escape") == 0
    assert logging.getLogger("kivy").getEffectiveLevel() >= logging.WARNING
    home = Path(os.environ["KIVY_HOME"])
    assert home.is_relative_to(Path(os.environ.get("TMPDIR", "/tmp")))
    assert not (home / "config.ini").exists()
    assert not list((home / "logs").glob("*")) if (home / "logs").exists() else True
    assert "kivy.uix.settings" not in sys.modules


def test_what_is_touched_darkens_until_it_is_let_go(stand: Stand, tmp_path: Path) -> None:
    stand.show("choose-one")
    stand.run(asyncio.sleep(0.3))
    before = stand.pixels(tmp_path)
    x, y, w, h = stand.window.layout()["choose:wechat"]
    stand.pointer(x + w // 2, y + h // 2, down=True)
    seen = stand.touches
    stand.run(stand.until(lambda: stand.touches > seen))
    stand.run(stand.frames(1))
    pressed = stand.pixels(tmp_path)
    changed = np.argwhere((pressed != before).any(axis=2))
    assert pressed[y + h // 2, x + 9].sum() < before[y + h // 2, x + 9].sum()
    assert changed.min(axis=0)[0] >= y - 3
    assert changed.max(axis=0)[0] <= y + h + 3
    stand.pointer(x + w // 2, y + h // 2, down=False)
    stand.run(stand.until(lambda: bool(stand.answers)))
    stand.run(stand.frames(2))
    assert np.array_equal(stand.pixels(tmp_path), before)


def test_the_mirror_shows_the_newest_picture_the_other_way_round(stand: Stand, tmp_path: Path) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:, :320] = (255, 0, 0)  # blue on the camera's left
    picture[:, 320:] = (0, 0, 255)
    picture[:40] = (0, 255, 0)
    stand.picture = picture
    stand.show("look-at-camera")
    stand.run(asyncio.sleep(0.3))
    (mirror,) = (rect for part, rect in _scene(stand).blocks if part == "mirror")
    drawn = stand.pixels(tmp_path)
    row, left, right = round(mirror.middle[1]), round(mirror.x + 20), round(mirror.right - 20)
    assert tuple(drawn[row, left]) == (255, 0, 0)
    assert tuple(drawn[row, right]) == (0, 0, 255)
    assert tuple(drawn[round(mirror.y + 10), left]) == (0, 255, 0)
    stand.picture = np.full((480, 640, 3), 90, np.uint8)
    stand.run(stand.frames(3))
    assert tuple(stand.pixels(tmp_path)[row, left]) == (90, 90, 90)
    texture = stand.window._painter._mirror
    stand.picture = np.full((480, 640, 3), 20, np.uint8)
    stand.run(stand.frames(3))
    assert stand.window._painter._mirror is texture
    stand.picture = None
    stand.show("home")
    assert stand.window._painter._mirror is None


def test_measured_text_is_as_wide_as_drawn_text(stand: Stand) -> None:
    from kivy.core.text import Label

    for words in ("请把身份证放在读卡区", "Place your ID card on the reader", "330212K01-20261122-0007-4"):
        for bold, path in ((False, harness.fonts().regular), (True, harness.fonts().bold)):
            drawn, _ = Label(font_name=str(path), font_size=48).get_extents(words)
            measured = harness.fonts().width_em(words, bold=bold) * 48
            assert abs(drawn - measured) <= max(2.0, 0.03 * measured), (words, drawn, measured)


def test_a_qr_code_on_the_page_can_be_read(stand: Stand, tmp_path: Path) -> None:
    import cv2

    for name, content in (
        ("pay-code", "weixin://wxpay/bizpayurl?pr=A1b2C3d4"),
        ("notice-trouble", "https://example.org/c/330212K01-20261122-0007-4"),
    ):
        stand.show(name)
        stand.run(asyncio.sleep(0.3))
        drawn = stand.pixels(tmp_path)
        read, *_ = cv2.QRCodeDetector().detectAndDecode(drawn)
        assert read == content
        (rect,) = (piece.rect for piece in _scene(stand).moving if isinstance(piece, Code))
        edge = 5.5 * rect.w / 33  # the middle of a corner's mark, with two light modules around the code
        light = [
            int(drawn[round(y), round(x)].sum())
            for y in (rect.y + edge, rect.bottom - edge)
            for x in (rect.x + edge, rect.right - edge)
        ]
        assert light[:3] == [0, 0, 0], "a code that isn't the right way up"


def test_textures_do_not_pile_up(stand: Stand) -> None:
    def after(rounds: int) -> int:
        for _, name in itertools.product(range(rounds), samples.PROMPTS):
            stand.window.show(samples.page(name, next(NUMBERS)))
        stand.show("attract")
        return stand.window.texture_bytes

    stand.show("attract")
    alone = stand.window.texture_bytes
    assert after(3) == alone
    assert alone < 16_000_000


def test_countdowns_go_on_and_a_long_wait_is_explained(stand: Stand) -> None:
    stand.show("still-there")
    stand.run(stand.until(lambda: "19" in _words(stand)))
    stand.show("working")
    failing = "if-it-fails"
    assert failing not in {part for part, _ in _scene(stand).blocks}
    stand.window._page_at_s -= 10.0
    stand.run(stand.frames(3))
    assert failing in {part for part, _ in _scene(stand).blocks}


def test_telling_the_same_again_draws_nothing(stand: Stand) -> None:
    page = stand.show("take-item")
    scene = _scene(stand)
    stand.window.show(replace(page))
    assert _scene(stand) is scene
    stand.window.show(replace(page, prompt=replace(cast("TakeItem", page.prompt), seconds_left=7)))
    assert _scene(stand) is not scene
    assert "7" in _words(stand)


def test_a_thousand_random_events_leave_a_legal_page(stand: Stand) -> None:
    rng = random.Random(20261122)
    names = list(samples.PROMPTS)
    page = stand.show(rng.choice(names))
    for _ in range(1000):
        x, y = rng.randrange(PANEL.width_px), rng.randrange(PANEL.height_px)
        act = rng.randrange(12)
        if act == 0:
            look = {"large_text": rng.random() < 0.5, "language": rng.choice(["zh-CN", "en"])}
            page = samples.page(rng.choice(names), next(NUMBERS), **look)
            stand.answers.clear()
            stand.window.show(page)
        elif act == 1:
            stand.run(stand.frames(1))
        else:
            stand.pointer(x, y, rng.choice([1, 1, 1, 2, 3, 4]), down=act % 2 == 0)
    for button in (1, 2, 3):
        stand.pointer(0, 0, button, down=False)
    stand.run(stand.frames(5))
    assert {answer.page for answer in stand.answers} <= {page.number}
    page = stand.show("choose-one")
    stand.run(asyncio.sleep(HELD_S))
    stand.touch("choose:wechat")
    assert Answer(page.number, "choose", "wechat") in stand.answers


def test_touches_and_frames_are_measured(stand: Stand) -> None:
    stand.show("choose-one")
    stand.window.frames.reset()
    stand.touch("choose:wechat")
    assert len(stand.window.frames.taps_ms) == 1
    assert stand.window.frames.tap_to_frame_ms() is not None
    assert stand.window.frames.longest_frame_ms > 0


def _scene(stand: Stand) -> Any:
    return stand.window._scene


def _words(stand: Stand) -> set[str]:
    return {piece.text for piece in _scene(stand).moving if hasattr(piece, "text")}

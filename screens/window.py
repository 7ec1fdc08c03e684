"""The window: shows pages on the panel and turns touches into answers. It decides nothing.

Kivy opens its one window when it is imported, with the size told before: one ``Window`` a process.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.prompts import (
    Answer,
    Attract,
    Json,
    LookAtCamera,
    Page,
    Prompt,
    Sign,
    Working,
)
from kiosk.texts import Catalogue
from screens.compose import compose
from screens.environment import configure
from screens.fonts import Fonts
from screens.ink import Ink
from screens.input import take_plainly
from screens.meter import FrameMeter
from screens.page_state import chosen_before, only_settings_changed, with_key
from screens.panel import Panel
from screens.scene import Press, Scene, Target
from screens.scroll import Scroll
from screens.slide import Slide
from screens.theme import DAY, HIGH_CONTRAST
from screens.touch import Touch, answer_value
from screens.view import Showing

SLIDE_MM = 26.0
NEAR_MM = 12.0
INK_MM = 0.9
DRAG_MM = 5.0
STILL_FPS = 30
LIVELY_FPS = 60
DRIFT_FPS = 12


class Window:
    """Implements ``kiosk.prompts.View``. All methods are for the main thread only.

    ``preview`` gives the camera's newest picture (rows, columns, 3; blue, green, red) or None; it must not
    block. ``on_touch`` is called for every finger that goes down, ``on_answer`` for what it answered,
    ``on_frame`` at every turn of Kivy's clock.
    Raises ``RuntimeError`` when Kivy's window is not what a kiosk needs: another text provider than SDL2
    (200 ms a page of Chinese with the other), or not exactly one input provider (each touch twice).
    """

    def __init__(
        self,
        *,
        panel: Panel,
        catalogue: Catalogue,
        fonts: Fonts,
        on_answer: Callable[[Answer], None],
        on_touch: Callable[[], None],
        preview: Callable[[], NDArray[np.uint8] | None],
        clock: Callable[[], datetime],
        on_frame: Callable[[], None] = lambda: None,
        fullscreen: bool = False,
    ) -> None:
        configure(panel, fullscreen=fullscreen)
        self._panel, self._catalogue, self._fonts = panel, catalogue, fonts
        self._on_answer, self._on_touch = on_answer, on_touch
        self._preview, self._now, self._on_frame = preview, clock, on_frame
        self.frames = FrameMeter()
        self._touch = Touch(time.monotonic, NEAR_MM * panel.px_per_mm)
        self._page: Page | None = None
        self._scene: Scene | None = None
        self._showing: Showing | None = None
        self._slide = Slide()
        self._page_at_s = self._update_at_s = self._drifted_s = 0.0
        self._marked: frozenset[str] = frozenset()
        self._leaf, self._close, self._typed = 0, False, ""
        self._scroll = Scroll(time.monotonic, DRAG_MM * panel.px_per_mm)
        self._ink = Ink(time.monotonic, panel.px_per_mm)
        self._pictured: NDArray[np.uint8] | None = None
        self._open()

    # --- what the core calls

    def show(self, page: Page) -> None:
        """Show ``page``; the same number again is an update: marks stay and nothing slides."""
        now = time.monotonic()
        before = self._page
        self._update_at_s = now
        if page == before:
            return
        if before is None or before.number != page.number:
            self._page_at_s = now
            if before is None or not only_settings_changed(before, page):
                self._begin_page(page)
            self._pictured = None
            back = before is not None and page.step < before.step
            reach = SLIDE_MM * self._panel.px_per_mm
            if isinstance(page.prompt, Attract):
                self._slide.try_again()
            self._slide.begin(0.0 if before is None else -reach if back else reach, now)
        self._page = page
        self._touch.page(page.number)
        self._redraw()

    def _begin_page(self, page: Page) -> None:
        """Forget what was done on the page before; one whose settings changed is the same page."""
        self._leaf, self._close, self._typed = 0, False, ""
        self._marked = chosen_before(page)
        self._scroll.reset()
        self._ink.wipe()

    async def run(self) -> None:
        """Run the window on asyncio until ``stop``."""
        await self._app.async_run(async_lib="asyncio")

    def stop(self) -> None:
        """End ``run`` and close the window."""
        self._app.stop()

    def layout(self) -> dict[str, tuple[int, int, int, int]]:
        """Return what can be touched now: name -> x, y, width, height in pixels from the upper left."""
        if self._scene is None:
            return {}
        places = {t.name: t.rect for t in self._scene.touchable()}
        if self._scene.field is not None:
            places["field"] = self._scene.field
        return {name: (round(r.x), round(r.y), round(r.w), round(r.h)) for name, r in places.items()}

    @property
    def texture_bytes(self) -> int:
        """Bytes of the textures alive."""
        return self._painter.texture_bytes

    def textures(self) -> dict[str, int]:
        """Return how many textures Kivy has alive, whoever holds them, and the bytes of those painted."""
        from kivy.graphics.texture import Texture

        alive = sum(issubclass(type(thing), Texture) for thing in gc.get_objects())
        return {"count": alive, "bytes": self.texture_bytes}

    def screenshot(self, path: str) -> None:
        """Write what is on the window to ``path`` as PNG."""
        self._kivy_window.dispatch("on_draw")
        size = (self._panel.width_px, self._panel.height_px)
        from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels
        from PIL import Image

        data = glReadPixels(0, 0, *size, GL_RGB, GL_UNSIGNED_BYTE)
        Image.frombytes("RGB", size, data).transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(path)

    # --- Kivy

    def _open(self) -> None:
        from kivy.app import App
        from kivy.base import EventLoop
        from kivy.clock import Clock
        from kivy.core.text import Label as CoreLabel
        from kivy.core.window import Window as KivyWindow
        from kivy.uix.widget import Widget

        from screens.painter import Painter

        if CoreLabel.__name__ != "LabelSDL2":
            raise RuntimeError(f"text is drawn by {CoreLabel.__name__}, not by SDL2")
        self._kivy_window: Any = KivyWindow
        self._clock: Any = Clock
        root: Any = Widget()
        self._painter = Painter(root.canvas, self._panel.height_px)
        app: Any = App()
        app.build = lambda: root
        app.open_settings = lambda *_: False
        self._app = app
        KivyWindow.bind(
            on_touch_down=self._down,
            on_touch_move=self._move,
            on_touch_up=self._up,
            on_key_down=lambda *_: True,
            on_keyboard=lambda *_: True,
            on_request_close=lambda *_, **__: True,
        )
        flip = KivyWindow.flip

        def flip_and_tell() -> None:
            # Kivy tells of a flip before it flips, and drawn in software the flip is most of the work.
            flip()
            self.frames.drawn()

        KivyWindow.flip = flip_and_tell
        Clock.schedule_once(lambda _: take_plainly(EventLoop), -1)
        Clock.schedule_interval(self._tick, 0)

    def _tick(self, _: float) -> None:
        self.frames.ticked()
        self._on_frame()
        now = time.monotonic()
        if self._page is None:
            return
        self._painter.slide(self._slide.offset_px(now))
        if now - self._drifted_s >= 1 / DRIFT_FPS:
            self._drifted_s = now
            self._painter.drift(now - self._page_at_s)
        if isinstance(self._page.prompt, LookAtCamera):
            self._mirror()
        if self._scroll.tick():
            self._roll()
        else:
            self._painter.roll_ahead()
        if self._state(now) != self._showing:
            self._redraw()

    def _mirror(self) -> None:
        picture = self._preview()
        if picture is not None and picture is not self._pictured:
            self._pictured = picture
            self._painter.mirror(picture)

    # --- pages

    def _state(self, now_s: float) -> Showing:
        """Return the state in the steps that change the drawing: minutes, seconds, before and after 10 s."""
        assert self._page is not None
        counts = getattr(self._page.prompt, "seconds_left", None) is not None
        waits = isinstance(self._page.prompt, Working)
        return Showing(
            now=self._now().replace(second=0, microsecond=0),
            page_s=float(int(now_s - self._page_at_s) // 10 * 10) if waits else 0.0,
            update_s=float(int(now_s - self._update_at_s)) if counts else 0.0,
            marked=self._marked,
            leaf=self._leaf,
            close=self._close,
            typed=self._typed,
            written=bool(self._ink.strokes),
        )

    def _redraw(self) -> None:
        assert self._page is not None
        self._showing = self._state(time.monotonic())
        self._scene = compose(self._page, self._panel, self._fonts, self._catalogue, self._showing)
        if (roll := self._scene.roll) is not None:
            self._scroll.fit(roll.length_px, roll.window.h)
            roll.offset_px = self._scroll.offset_px
        self._kivy_window.clearcolor = self._scene.ground
        self._painter.paint(self._scene)
        if self._pictured is not None:
            self._painter.mirror(self._pictured)
        self._ink.fit(self._scene.field)
        self._write()
        self._press(self._touch.held)
        self._clock._max_fps = STILL_FPS if isinstance(self._page.prompt, Attract) else LIVELY_FPS

    # --- touches

    def _down(self, _: Any, touch: Any) -> bool:
        if getattr(touch, "button", "left") != "left" or self._scene is None:
            return True
        self.frames.touched()
        self._on_touch()
        x, y = touch.x, self._panel.height_px - touch.y
        if self._ink.down(touch.uid, x, y):
            self._write()
            return True
        if (roll := self._scene.roll) is not None and roll.window.holds(x, y):
            self._scroll.down(y)
        self._press(self._touch.down(touch.uid, x, y, self._scene))
        self._kivy_window.canvas.ask_update()
        return True

    def _move(self, _: Any, touch: Any) -> bool:
        if self._ink.move(touch.uid, touch.x, self._panel.height_px - touch.y):
            self._on_touch()
            self._write()
        if self._scroll.move(self._panel.height_px - touch.y):
            self._touch.let_go(touch.uid)
            self._press(None)
            self._roll()
        return True

    def _write(self) -> None:
        """Show what the finger has written."""
        if self._ink.strokes and self._page is not None:
            colours = HIGH_CONTRAST if self._page.high_contrast else DAY
            strokes = [[(x, y) for x, y, _ in stroke] for stroke in self._ink.strokes]
            self._painter.write(strokes, colours.ink, INK_MM * self._panel.px_per_mm)

    def _roll(self) -> None:
        """Show the list where it has been scrolled to."""
        if self._scene is not None and self._scene.roll is not None:
            self._scene.roll.offset_px = self._scroll.offset_px
            self._painter.roll()

    def _up(self, _: Any, touch: Any) -> bool:
        if getattr(touch, "button", "left") != "left" or self._page is None:
            return True
        self._scroll.up()
        self._ink.up(touch.uid)
        pressed = self._touch.up(touch.uid, touch.x, self._panel.height_px - touch.y)
        self._press(self._touch.held)
        if pressed is not None:
            self._act(pressed.target)
        return True

    def _press(self, target: Target | None) -> None:
        page = self._page
        colours = HIGH_CONTRAST if page is not None and page.high_contrast else DAY
        whole = target is not None and self._scene is not None and target.rect == self._scene.bounds
        if target is None or whole:
            self._painter.press(None, 0.0, colours.pressed)
        else:
            self._painter.press(target.rect, target.radius, colours.pressed)

    def _act(self, target: Target) -> None:
        assert self._page is not None
        match target.press:
            case Press.ANSWER | Press.SETTING:
                value = self._value(target, self._page.prompt)
                self._on_answer(Answer(self._page.number, target.action, value))
                return
            case Press.SCROLL:
                self._turn(int(target.value))
                return
            case Press.MARK:
                self._marked ^= {str(target.value)}
            case Press.LEAF:
                self._leaf, self._close = int(target.value), False
            case Press.CLOSER:
                self._close = bool(target.value)
            case Press.TYPE:
                self._typed = with_key(self._typed, str(target.value), self._page)
            case Press.CLEAR:
                self._ink.wipe()
        self._redraw()

    def _value(self, target: Target, prompt: Prompt) -> Json:
        if target.action == "sign" and isinstance(prompt, Sign):
            return self._ink.value()
        return answer_value(target, self._marked, self._typed)

    def _turn(self, pages: int) -> None:
        """Turn the list by whole rows, so that the one that was cut off is the next page's first."""
        roll = self._scene.roll if self._scene is not None else None
        if roll is not None:
            rows = max(1, int(roll.window.h // roll.row_h))
            self._scroll.turn(pages * rows * roll.row_h)
            self._roll()

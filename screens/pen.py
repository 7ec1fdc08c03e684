"""The pen: writes text, buttons and marks onto a scene, in millimetres and by meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from kiosk.prompts import Json, Tone
from kiosk.texts import Catalogue, Text, TextArg, text
from screens.fonts import Fonts, printable
from screens.lines import balanced_lines, break_lines, chinese_punctuation
from screens.panel import Panel
from screens.scene import Arc, Box, Disc, Glyphs, Piece, Press, Rect, Scene, Stroke, Target
from screens.theme import Colour, Colours, Measures, Size

_PITCH = {
    Size.QUESTION: 1.3,
    Size.QUESTION_LARGE: 1.3,
    Size.FIGURE: 1.1,
}
_CLOSE_PITCH = 1.25
_SMALLER = sorted(Size, key=lambda size: -size.value)
# An ideograph's middle lies 0.38 em above the baseline.
_MIDDLE_EM = 0.38
# What hangs below the line, and how deep the g does.
_HANGING = frozenset("gjpqyQ,;()[]{}@")
_HANGS_EM = 0.25


class Align(Enum):
    """Where the lines of a paragraph stand in its width."""

    LEFT = 0.0
    CENTRE = 0.5
    RIGHT = 1.0


class Style(Enum):
    """How a button looks."""

    PRIMARY = "primary"
    OUTLINED = "outlined"
    QUIET = "quiet"
    HEADER = "header"


@dataclass
class Pen:
    """Draws on ``scene`` with one page's language, colours and measures."""

    scene: Scene
    panel: Panel
    fonts: Fonts
    catalogue: Catalogue
    language: str
    colours: Colours
    measures: Measures
    still: bool = False

    # --- lengths and words

    def mm(self, length_mm: float) -> float:
        """Return pixels."""
        return length_mm * self.panel.px_per_mm

    @property
    def gap(self) -> float:
        """The step of the grid, in pixels."""
        return self.mm(self.measures.gap)

    @property
    def radius(self) -> float:
        """The radius of corners, in pixels."""
        return self.mm(self.measures.radius)

    def size_px(self, size: Size) -> int:
        """Return the em height in whole pixels, as the font is opened with."""
        return round(self.mm(size.value))

    def pitch(self, size: Size) -> float:
        """Return the distance of lines, in pixels."""
        return self.size_px(size) * _PITCH.get(size, 1.5)

    def say(self, what: Text) -> str:
        """Return ``what`` in the page's language."""
        return self.say_in(self.language, what)

    def say_in(self, language: str, what: Text) -> str:
        """Return ``what`` in ``language``."""
        words = printable(self.catalogue.say(what, language))
        return chinese_punctuation(words) if language.startswith("zh") else words

    def ui(self, key: str, **args: TextArg) -> str:
        """Return one of the screen's own words."""
        return self.say(text(f"ui.{key}", **args))

    # --- drawing

    def add(self, *pieces: Piece) -> None:
        """Add pieces; those of the frame stand still while the page slides."""
        (self.scene.still if self.still else self.scene.moving).extend(pieces)

    def target(
        self, name: str, rect: Rect, action: str, value: Json = None, press: Press = Press.ANSWER
    ) -> None:
        """Make ``rect`` touchable."""
        self.scene.targets.append(Target(name, rect, action, value, press, self.radius))

    def block(self, name: str, rect: Rect) -> None:
        """Note a part of the page, so that a test can tell whether parts overlap."""
        self.scene.blocks.append((name, rect))

    def lines(self, words: str, width: float, size: Size, *, bold: bool = False) -> list[str]:
        """Return ``words`` broken for ``width``."""
        return break_lines(words, self.fonts, self.size_px(size), width, bold=bold)

    def height(self, words: str, width: float, size: Size, *, bold: bool = False) -> float:
        """Return how high ``words`` get in ``width``."""
        return len(self.lines(words, width, size, bold=bold)) * self.pitch(size)

    def width(self, words: str, size: Size, *, bold: bool = False) -> float:
        """Return how wide ``words`` get on one line."""
        return self.fonts.width_em(words, bold=bold) * self.size_px(size)

    def write(
        self,
        words: str,
        at: tuple[float, float],
        width: float,
        size: Size,
        colour: Colour,
        *,
        bold: bool = False,
        align: Align = Align.LEFT,
        balance: bool = False,
        close: bool = False,
    ) -> float:
        """Write a paragraph with its upper left corner ``at``; return its height.

        ``close`` sets the lines close, as in a button; ``balance`` makes them equally long.
        """
        size_px = self.size_px(size)
        breaking = balanced_lines if balance else break_lines
        lines = breaking(words, self.fonts, size_px, width, bold=bold)
        x, y = at
        pitch = size_px * _CLOSE_PITCH if close else self.pitch(size)
        for number, line in enumerate(lines):
            left = x + (width - self.fonts.width_em(line, bold=bold) * size_px) * align.value
            baseline = y + (number + 0.5) * pitch + _MIDDLE_EM * size_px
            for run in self.fonts.runs(line, bold=bold):
                advance = sum(run.face.advance_em(c) for c in run.text) * size_px
                self.add(Glyphs(left, baseline, advance, run.text, run.face, size_px, colour))
                left += advance
        return len(lines) * pitch

    def write_in(
        self,
        rect: Rect,
        words: str,
        size: Size,
        colour: Colour,
        *,
        bold: bool = False,
        align: Align = Align.LEFT,
        most_lines: int = 2,
    ) -> None:
        """Write ``words`` in the middle of ``rect``'s height, as large as fits up to ``size``."""
        fits = self.fitting(words, rect.w, rect.h, size, bold=bold, most_lines=most_lines)
        balance = align is Align.CENTRE
        size_px = self.size_px(fits)
        breaking = balanced_lines if balance else break_lines
        lines = breaking(words, self.fonts, size_px, rect.w, bold=bold)
        height = len(lines) * size_px * _CLOSE_PITCH
        top = rect.y + (rect.h - height) / 2
        if lines and _HANGING.intersection(lines[-1]):
            lowest = top + height + (_MIDDLE_EM + _HANGS_EM - _CLOSE_PITCH / 2) * size_px
            top -= max(0.0, lowest - rect.y - rect.h)  # a g would touch the border of a button
        at = (rect.x, top)
        self.write(words, at, rect.w, fits, colour, bold=bold, align=align, balance=balance, close=True)

    def fitting(
        self, words: str, width: float, height: float, size: Size, *, bold: bool = False, most_lines: int = 2
    ) -> Size:
        """Return the largest size up to ``size`` at which ``words`` fit; the smallest if none does."""
        for smaller in _SMALLER:
            if smaller.value > size.value:
                continue
            lines = self.lines(words, width, smaller, bold=bold)
            needed = len(lines) * self.size_px(smaller) * _CLOSE_PITCH
            # The first and last line may use the room that the pitch leaves around them, but not all of it.
            if len(lines) <= most_lines and needed <= height * 1.08:
                return smaller
        return Size.CAPTION

    def button(
        self,
        name: str,
        rect: Rect,
        label: str,
        style: Style,
        *,
        value: Json = None,
        action: str | None = None,
        press: Press = Press.ANSWER,
        enabled: bool = True,
        size: Size | None = None,
    ) -> None:
        """Draw a button that can be touched anywhere in ``rect``; a disabled one is only drawn."""
        c = self.colours
        fill, ink, line = {
            Style.PRIMARY: (c.action, c.on_action, None),
            Style.OUTLINED: (c.card, c.action, c.action),
            Style.QUIET: (c.card, c.ink, c.ink_2),
            Style.HEADER: (None, c.on_header, c.header_2),
        }[style]
        if not enabled:
            fill, ink, line = c.ground, c.ink_2, c.line
        outline = self.mm(self.measures.outline if style is Style.OUTLINED else self.measures.hairline * 1.5)
        self.add(Box(rect, fill, line, outline, self.radius))
        inner = rect.inset(self.mm(2.5), self.mm(1.5))
        self.write_in(
            inner, label, size or self.measures.button, ink, bold=style is not Style.QUIET, align=Align.CENTRE
        )
        self.block(name, rect)
        if enabled:
            self.target(name, rect, action or name, value, press)

    # --- marks

    def tick(self, rect: Rect, colour: Colour) -> None:
        """Draw a tick in ``rect``."""
        self.add(_stroke(rect, ((0.2, 0.54), (0.42, 0.76), (0.82, 0.28)), colour, self.mm(1.4)))

    def chevron(self, rect: Rect, colour: Colour) -> None:
        """Draw an angle that points on."""
        self.add(_stroke(rect, ((0.36, 0.2), (0.66, 0.5), (0.36, 0.8)), colour, self.mm(1.1)))

    def tone_mark(self, rect: Rect, tone: Tone) -> None:
        """Draw a tone's sign: a form of its own each, so that colour isn't the only carrier."""
        ink = self.colours.tone(tone).ink
        x, y, w = rect.x, rect.y, rect.w
        paper = self.colours.card
        if tone is Tone.DONE:
            self.add(Disc(rect, ink))
            self.tick(rect.inset(w * 0.14), paper)
        elif tone is Tone.STOPPED:
            cut = w * 0.29
            corners = (
                (x + cut, y), (x + w - cut, y), (x + w, y + cut), (x + w, y + w - cut),
                (x + w - cut, y + w), (x + cut, y + w), (x, y + w - cut), (x, y + cut),
            )  # fmt: skip
            self.add(Stroke(corners, ink, 1.0, closed=True, fill=ink))
            self._exclamation(rect, paper)
        else:
            triangle = ((x + w / 2, y + w * 0.04), (x + w, y + w * 0.94), (x, y + w * 0.94))
            self.add(Stroke(triangle, ink, self.mm(1.2), closed=True, fill=ink))
            self._exclamation(Rect(x, y + w * 0.14, w, w * 0.84), paper)

    def _exclamation(self, rect: Rect, colour: Colour) -> None:
        x, _ = rect.middle
        w = self.mm(1.5)
        self.add(Stroke(((x, rect.y + rect.h * 0.27), (x, rect.y + rect.h * 0.56)), colour, w))
        dot = Rect(x - w * 0.6, rect.y + rect.h * 0.69, w * 1.2, w * 1.2)
        self.add(Disc(dot, colour))

    def countdown(self, rect: Rect, seconds: int, total: int, tone: Tone) -> None:
        """Draw a ring that empties, with the seconds in it."""
        c = self.colours.tone(tone)
        line = self.mm(3)
        ring = rect.inset(line / 2)
        self.add(Arc(ring, 1.0, c.wash, line))
        if seconds:
            self.add(Arc(ring, min(1.0, seconds / max(total, 1)), c.ink, line))
        inner = rect.inset(rect.w * 0.18)
        self.write_in(inner, str(seconds), Size.FIGURE, c.ink, bold=True, align=Align.CENTRE, most_lines=1)


def _stroke(rect: Rect, points: Iterable[tuple[float, float]], colour: Colour, width: float) -> Stroke:
    return Stroke(tuple((rect.x + px * rect.w, rect.y + py * rect.h) for px, py in points), colour, width)

"""Thermal paper: what was printed, as text, as a picture, and the codes a phone would read off it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import qrcode
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

WIDTH_DOTS: Final = 576  # 80 mm paper, 72 mm printed at 203 dpi
CELL_WIDTH, CELL_HEIGHT = 12, 24  # font A; a Chinese character takes two cells
MARGIN_DOTS: Final = 24
FONTS: Final = Path("/usr/share/fonts/opentype/noto")
MONO_SC: Final = 7  # the face of Noto's collections with half-width Latin and mainland glyphs


@dataclass(frozen=True, slots=True)
class Style:
    """How characters are printed. ``align`` 0 left, 1 centre, 2 right; sizes are factors 1..8."""

    bold: bool = False
    underline: bool = False
    invert: bool = False
    width: int = 1
    height: int = 1
    align: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    style: Style


@dataclass(slots=True)
class Line:
    """One line of characters."""

    runs: list[Run] = field(default_factory=list)
    feed_dots: int = 30

    @property
    def text(self) -> str:
        return "".join(r.text for r in self.runs)


@dataclass(frozen=True, slots=True)
class Block:
    """A picture on the paper: (rows, columns) bool, True is black."""

    dots: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    align: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    dots: int


@dataclass(slots=True)
class Receipt:
    """One cut-off piece of paper. ``torn``: printing stopped before the knife came."""

    elements: list[Line | Block | Feed] = field(default_factory=list)
    torn: bool = False

    @property
    def empty(self) -> bool:
        return not any(isinstance(e, Block) or (isinstance(e, Line) and e.runs) for e in self.elements)

    @property
    def text(self) -> str:
        return "\n".join(e.text.rstrip() for e in self.elements if isinstance(e, Line)).strip("\n")

    def picture(self) -> Image.Image:
        """Return the paper as an 8-bit grey picture, 576 dots of print with a margin."""
        heights = [_height(e) for e in self.elements]
        paper = Image.new("L", (WIDTH_DOTS + 2 * MARGIN_DOTS, sum(heights) + 2 * MARGIN_DOTS), 250)
        y = MARGIN_DOTS
        for element, height in zip(self.elements, heights, strict=True):
            if isinstance(element, Line):
                _draw_line(paper, element, y)
            elif isinstance(element, Block):
                dots = Image.fromarray(np.where(element.dots, 20, 250).astype(np.uint8))
                paper.paste(dots, (MARGIN_DOTS + _indent(dots.width, element.align), y))
            y += height
        return paper

    def png(self) -> bytes:
        out = io.BytesIO()
        self.picture().save(out, "PNG")
        return out.getvalue()

    def codes(self) -> list[str]:
        """Return the two-dimensional and bar codes that can be read off the picture, top to bottom."""
        if not any(isinstance(e, Block) for e in self.elements):
            return []
        found = zxingcpp.read_barcodes(np.asarray(self.picture()))
        return [code.text for code in sorted(found, key=lambda c: c.position.top_left.y)]


def qr_block(data: bytes, module: int, level: str, align: int) -> Block:
    """Return a QR code of ``data`` with ``module`` dots a module and error correction L, M, Q or H."""
    code = qrcode.QRCode(
        error_correction={
            "L": qrcode.constants.ERROR_CORRECT_L,
            "M": qrcode.constants.ERROR_CORRECT_M,
            "Q": qrcode.constants.ERROR_CORRECT_Q,
            "H": qrcode.constants.ERROR_CORRECT_H,
        }[level],
        border=0,
    )
    code.add_data(data)
    code.make()
    dots = np.array(code.get_matrix(), dtype=np.bool_)
    return Block(np.kron(dots, np.ones((module, module), dtype=np.bool_)), align)


def _height(element: Line | Block | Feed) -> int:
    if isinstance(element, Feed):
        return element.dots
    if isinstance(element, Block):
        return int(element.dots.shape[0])
    tallest = max((r.style.height for r in element.runs), default=1)
    return max(element.feed_dots, tallest * CELL_HEIGHT + 6)


def cells(text: str) -> int:
    """Return the width of ``text`` in cells of font A."""
    return sum(2 if ord(c) > 0xFF else 1 for c in text)


def _indent(width: int, align: int) -> int:
    return {0: 0, 1: (WIDTH_DOTS - width) // 2, 2: WIDTH_DOTS - width}.get(align, 0)


def _draw_line(paper: Image.Image, line: Line, y: int) -> None:
    total = sum(cells(r.text) * CELL_WIDTH * r.style.width for r in line.runs)
    x = MARGIN_DOTS + _indent(total, line.runs[0].style.align if line.runs else 0)
    for run in line.runs:
        size = (cells(run.text) * CELL_WIDTH, CELL_HEIGHT + 4)
        if size[0] == 0:
            continue
        strip = Image.new("L", size, 250)
        pen = ImageDraw.Draw(strip)
        at = 0
        for character in run.text:
            pen.text((at, -5), character, fill=20, font=_font("Bold" if run.style.bold else "Regular"))
            at += cells(character) * CELL_WIDTH
        if run.style.underline:
            pen.line((0, size[1] - 2, size[0], size[1] - 2), fill=20, width=1)
        if run.style.invert:
            strip = Image.eval(strip, lambda v: 270 - v)
        scaled = strip.resize((size[0] * run.style.width, size[1] * run.style.height))
        paper.paste(scaled, (x, y))
        x += scaled.width


@lru_cache(maxsize=2)
def _font(weight: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the printer's built-in face; without Noto a small one that has no Chinese."""
    file = FONTS / f"NotoSansCJK-{weight}.ttc"
    return ImageFont.truetype(file, 23, index=MONO_SC) if file.exists() else ImageFont.load_default(20)

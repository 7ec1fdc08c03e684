"""The painter: a scene becomes Kivy's drawing instructions.

Textures are kept from one painting to the next when they are drawn again and dropped when not, so what is
alive is what is on screen. Kivy has no types; its values are ``Any`` here and nowhere else but ``window``.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import qrcode
from kivy.core.text import Label as CoreLabel
from kivy.graphics import (
    Color,
    InstructionGroup,
    Line,
    Mesh,
    PopMatrix,
    PushMatrix,
    Rectangle,
    SmoothEllipse,
    SmoothLine,
    SmoothRoundedRectangle,
    Translate,
)
from kivy.graphics.tesselator import Tesselator
from kivy.graphics.texture import Texture
from numpy.typing import NDArray
from PIL import Image

from screens.rolling import Kept, Rows
from screens.scene import (
    Arc,
    Box,
    Code,
    Disc,
    Drift,
    Glyphs,
    Photo,
    Piece,
    Preview,
    Rect,
    Scene,
    Stroke,
)
from screens.theme import Colour


class Painter:
    """Paints scenes onto one canvas; the ground is the colour that the window is cleared with.

    (Drawn in software, clearing takes a millisecond and a rectangle of the same size sixteen.)
    """

    def __init__(self, canvas: Any, height_px: int) -> None:
        self._canvas = canvas
        self._height = height_px
        self._textures: dict[Hashable, tuple[Any, float]] = {}
        self._fresh: dict[Hashable, tuple[Any, float]] = {}
        self._drifts: list[tuple[Any, Drift]] = []
        self._pressed = InstructionGroup()
        self._written: list[Any] = []
        self._slide: Any = None
        self._mirror: Any = None
        self._mirror_shown: Any = None
        self._rows: Rows | None = None

    @property
    def texture_bytes(self) -> int:
        """Bytes of all textures alive, at four a pixel."""
        rows = self._rows.textures.values() if self._rows is not None else ()
        kept = [texture for texture, _ in (*self._textures.values(), *rows)]
        if self._mirror is not None:
            kept.append(self._mirror)
        return sum(int(t.width) * int(t.height) * 4 for t in kept)

    def paint(self, scene: Scene) -> None:
        """Replace what is on the canvas with ``scene``."""
        self._fresh = {}
        self._drifts = []
        self._written = []
        self._mirror_shown = None
        canvas = self._canvas
        canvas.clear()
        canvas.add(PushMatrix())
        self._slide = Translate(0, 0, 0)
        canvas.add(self._slide)
        for piece in scene.moving:
            self._add(canvas, piece)
        if self._rows is not None:
            self._textures |= self._rows.textures
        self._rows = Rows(scene.roll, canvas, self._height, self._add_row) if scene.roll else None
        canvas.add(PopMatrix())
        for piece in scene.still:
            self._add(canvas, piece)
        self._pressed = InstructionGroup()
        canvas.add(self._pressed)
        self._textures = self._fresh
        if self._mirror_shown is None:
            self._mirror = None

    def roll(self) -> None:
        """Show the list of the scene at its offset."""
        if self._rows is not None:
            self._rows.move()

    def roll_ahead(self) -> None:
        """Paint a row of the list that may be seen next, where there is one."""
        if self._rows is not None:
            self._rows.ahead()

    def slide(self, offset_px: float) -> None:
        """Move what slides in sideways; 0 is where it stays."""
        if self._slide is not None and self._slide.x != offset_px:
            self._slide.x = offset_px

    def press(self, rect: Rect | None, radius: float, colour: Colour) -> None:
        """Darken what is touched, or with None nothing."""
        self._pressed.clear()
        if rect is not None:
            self._pressed.add(Color(*colour))
            self._pressed.add(self._rounded(rect, radius))
            self._pressed.add(Color(*colour[:3], 1))
            self._pressed.add(self._outline(rect.inset(2), radius, 4))

    def write(
        self, strokes: Sequence[Sequence[tuple[float, float]]], colour: Colour, width_px: float
    ) -> None:
        """Show what a finger has written since the scene was painted; only the last stroke may have grown."""
        for number in range(max(0, len(self._written) - 1), len(strokes)):
            flat = [value for x, y in strokes[number] for value in (x, self._height - y)]
            if len(flat) == 2:
                flat += [flat[0] + 1, flat[1]]
            if number < len(self._written):
                self._written[number].points = flat
                continue
            line = Line(points=flat, width=width_px / 2, cap="round", joint="round")
            self._written.append(line)
            self._canvas.add(Color(*colour))
            self._canvas.add(line)

    def drift(self, now_s: float) -> None:
        """Move the arrows to where they are at ``now_s``."""
        for translate, drift in self._drifts:
            along = 0.5 - 0.5 * math.cos(2 * math.pi * now_s / drift.period_s)
            translate.xy = (drift.by[0] * along, -drift.by[1] * along)

    def mirror(self, image: NDArray[np.uint8]) -> None:
        """Show ``image`` (rows, columns, 3; blue, green, red) in the mirror, if the scene has one."""
        if self._mirror_shown is None:
            return
        rows, columns = image.shape[:2]
        if self._mirror is None or self._mirror.size != (columns, rows):
            self._mirror = Texture.create(size=(columns, rows), colorfmt="rgb")
        self._mirror.blit_buffer(
            np.ascontiguousarray(image[:, :, ::-1]).tobytes(), colorfmt="rgb", bufferfmt="ubyte"
        )
        colour, rectangle, rect = self._mirror_shown
        colour.rgba = (1, 1, 1, 1)
        rectangle.texture = self._mirror
        rectangle.tex_coords = _cut_and_mirrored(columns / rows, rect.w / rect.h)

    def _add(self, canvas: Any, piece: Piece) -> None:
        _PAINT[type(piece)](self, canvas, piece)

    def _add_row(self, canvas: Any, piece: Piece, kept: Kept) -> None:
        """Add a piece of a row, whose textures live as long as the row is seen."""
        fresh, self._fresh = self._fresh, kept
        self._add(canvas, piece)
        self._fresh = fresh

    # --- pieces

    def _box(self, canvas: Any, box: Box) -> None:
        if box.fill is not None:
            canvas.add(Color(*box.fill))
            canvas.add(self._rounded(box.rect, box.radius))
        if box.line is not None:
            canvas.add(Color(*box.line))
            canvas.add(self._outline(box.rect.inset(box.line_px / 2), box.radius, box.line_px))

    def _rounded(self, rect: Rect, radius: float) -> Any:
        pos, size = self._place(rect)
        if radius < 1:
            return Rectangle(pos=pos, size=size)
        radius = min(radius, rect.w / 2, rect.h / 2)
        return SmoothRoundedRectangle(pos=pos, size=size, radius=[radius], segments=12)

    def _outline(self, rect: Rect, radius: float, width: float) -> Any:
        (x, y), (w, h) = self._place(rect)
        radius = max(0.1, min(radius, rect.w / 2, rect.h / 2))
        return SmoothLine(rounded_rectangle=(x, y, w, h, radius, 40), width=width / 2)

    def _disc(self, canvas: Any, disc: Disc) -> None:
        pos, size = self._place(disc.rect)
        if disc.fill is not None:
            canvas.add(Color(*disc.fill))
            canvas.add(SmoothEllipse(pos=pos, size=size, segments=64))
        if disc.line is not None:
            canvas.add(Color(*disc.line))
            canvas.add(SmoothLine(ellipse=(*pos, *size, 0, 360, 96), width=disc.line_px / 2))

    def _arc(self, canvas: Any, arc: Arc) -> None:
        pos, size = self._place(arc.rect)
        canvas.add(Color(*arc.line))
        canvas.add(SmoothLine(ellipse=(*pos, *size, 0, 360 * arc.share, 120), width=arc.line_px / 2))

    def _stroke(self, canvas: Any, stroke: Stroke) -> None:
        points = [(x, self._height - y) for x, y in stroke.points]
        flat = [value for point in points for value in point]
        if stroke.fill is not None:
            canvas.add(Color(*stroke.fill))
            for vertices, indices in _triangles(flat):
                canvas.add(Mesh(vertices=vertices, indices=indices, mode="triangle_fan"))
        canvas.add(Color(*stroke.line))
        canvas.add(
            SmoothLine(points=flat, width=max(stroke.line_px / 2, 1.0), close=stroke.closed, joint="round")
        )

    def _glyphs(self, canvas: Any, glyphs: Glyphs) -> None:
        key = (glyphs.text, glyphs.face.path, glyphs.size_px)
        texture, ascent = self._kept(key, lambda: _text_texture(glyphs))
        top = self._height - (glyphs.baseline - ascent)
        canvas.add(Color(*glyphs.colour))
        pos = (round(glyphs.x), round(top - texture.height))
        canvas.add(Rectangle(texture=texture, pos=pos, size=texture.size))

    def _code(self, canvas: Any, code: Code) -> None:
        texture, _ = self._kept(("code", code.content), lambda: (_code_texture(code.content), 0.0))
        pos, size = self._place(code.rect)
        canvas.add(Color(1, 1, 1, 1))
        canvas.add(Rectangle(texture=texture, pos=pos, size=size))

    def _photo(self, canvas: Any, photo: Photo) -> None:
        texture, _ = self._kept(("photo", photo.data), lambda: (_photo_texture(photo.data), 0.0))
        cut = photo.cut
        pos, size = self._place(photo.rect)
        # The texture's first row is the picture's upper one.
        corners = (cut.x, cut.bottom, cut.right, cut.bottom, cut.right, cut.y, cut.x, cut.y)
        canvas.add(Color(1, 1, 1, 1))
        canvas.add(Rectangle(texture=texture, pos=pos, size=size, tex_coords=corners))

    def _preview(self, canvas: Any, preview: Preview) -> None:
        colour = Color(*preview.ground)
        pos, size = self._place(preview.rect)
        rectangle = Rectangle(pos=pos, size=size)
        canvas.add(colour)
        canvas.add(rectangle)
        self._mirror_shown = (colour, rectangle, preview.rect)

    def _drift(self, canvas: Any, drift: Drift) -> None:
        translate = Translate(0, 0, 0)
        canvas.add(PushMatrix())
        canvas.add(translate)
        for stroke in drift.strokes:
            self._stroke(canvas, stroke)
        canvas.add(PopMatrix())
        self._drifts.append((translate, drift))

    def _place(self, rect: Rect) -> tuple[tuple[float, float], tuple[float, float]]:
        return (rect.x, self._height - rect.bottom), (rect.w, rect.h)

    def _kept(self, key: Hashable, make: Callable[[], tuple[Any, float]]) -> tuple[Any, float]:
        if key not in self._fresh:
            self._fresh[key] = self._textures[key] if key in self._textures else make()
        return self._fresh[key]


_PAINT: dict[type[Any], Callable[..., None]] = {
    Box: Painter._box,
    Disc: Painter._disc,
    Arc: Painter._arc,
    Stroke: Painter._stroke,
    Glyphs: Painter._glyphs,
    Code: Painter._code,
    Photo: Painter._photo,
    Preview: Painter._preview,
    Drift: Painter._drift,
}


def _text_texture(glyphs: Glyphs) -> tuple[Any, float]:
    label = CoreLabel(text=glyphs.text, font_name=str(glyphs.face.path), font_size=glyphs.size_px)
    label.refresh()
    return label.texture, float(label.get_ascent())


def _code_texture(content: str) -> Any:
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(content)
    dark = np.array(code.get_matrix(), dtype=bool)
    pixels = np.where(dark, 0, 255).astype(np.uint8)
    side = dark.shape[0]
    texture = Texture.create(size=(side, side), colorfmt="rgb", mipmap=False)
    texture.mag_filter = texture.min_filter = "nearest"
    rows = np.repeat(pixels[::-1, :, None], 3, axis=2)
    texture.blit_buffer(np.ascontiguousarray(rows).tobytes(), colorfmt="rgb", bufferfmt="ubyte")
    return texture


def _photo_texture(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as picture:
        pixels = picture.convert("RGB")
    texture = Texture.create(size=pixels.size, colorfmt="rgb", mipmap=False)
    texture.blit_buffer(pixels.tobytes(), colorfmt="rgb", bufferfmt="ubyte")
    return texture


def _triangles(flat: list[float]) -> list[tuple[list[float], list[int]]]:
    tesselator = Tesselator()
    tesselator.add_contour(flat)
    if not tesselator.tesselate():
        return []
    return [(list(vertices), list(indices)) for vertices, indices in tesselator.meshes]


def _cut_and_mirrored(picture: float, frame: float) -> tuple[float, ...]:
    """Return texture corners that fill a frame of another shape, first row on top, left and right changed."""
    cut_x = max(0.0, (1 - frame / picture) / 2)
    cut_y = max(0.0, (1 - picture / frame) / 2)
    left, right, top, bottom = 1 - cut_x, cut_x, cut_y, 1 - cut_y
    return (left, bottom, right, bottom, right, top, left, top)

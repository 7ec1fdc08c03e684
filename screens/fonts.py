"""Fonts: which file draws a character, and how wide it gets.

The faces must be the simplified Chinese ones: the first face of the Noto Sans CJK collection has
Japanese forms (直, 骨, 令 differ), so single-face files are asked for, not the collection.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray


class Face:
    """One font file: which characters it has and their advances. Read lazily, once."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(path)
        self.path = path

    @cached_property
    def _tables(self) -> tuple[dict[int, int], NDArray[np.uint16], int]:
        """Return the glyph of each character, the advance of each glyph, the units in an em."""
        font: Any = TTFont(self.path, lazy=True)
        with font:
            # Glyphs by number: their names would have to be made up for 65,000 of them first.
            font.setGlyphOrder(list(range(font["maxp"].numGlyphs)))
            many = font["hhea"].numberOfHMetrics
            advances = np.frombuffer(font.reader["hmtx"], ">u2", 2 * many)[::2]
            return font.getBestCmap(), advances, font["head"].unitsPerEm

    def has(self, character: str) -> bool:
        """Tell whether the face draws ``character``."""
        return ord(character) in self._tables[0]

    def advance_em(self, character: str) -> float:
        """Return how far ``character`` moves on, in em; a missing one counts as a full em."""
        glyphs, advances, units = self._tables
        glyph = glyphs.get(ord(character))
        if glyph is None:
            return 1.0
        # All glyphs beyond the end of the table are as wide as its last.
        return float(advances[min(glyph, len(advances) - 1)]) / units


@dataclass(frozen=True, slots=True)
class Run:
    """Characters in a row that one face draws."""

    text: str
    face: Face


@dataclass(frozen=True)
class Fonts:
    """The font files: regular and bold, and those asked in order for characters that these lack.

    Raises ``FileNotFoundError`` for a file that isn't there.
    """

    regular: Path
    bold: Path
    fallback: tuple[Path, ...] = ()
    _faces: dict[Path, Face] = field(init=False, repr=False, compare=False)

    @classmethod
    def in_folder(cls, folder: Path) -> Fonts:
        """Return the fonts as the setup script lays them out: Noto Sans CJK SC, and Hanazono for the rest."""
        return cls(
            folder / "NotoSansCJKsc-Regular.otf",
            folder / "NotoSansCJKsc-Bold.otf",
            (folder / "HanaMinA.ttf", folder / "HanaMinB.ttf"),
        )

    def __post_init__(self) -> None:
        faces = {path: Face(path) for path in (self.regular, self.bold, *self.fallback)}
        object.__setattr__(self, "_faces", faces)

    def face_of(self, character: str, *, bold: bool = False) -> Face:
        """Return the face that draws ``character``: the first that has it, else the regular or bold one."""
        first = self._faces[self.bold if bold else self.regular]
        if first.has(character):
            return first
        for path in self.fallback:
            if self._faces[path].has(character):
                return self._faces[path]
        return first

    def covers(self, character: str) -> bool:
        """Tell whether any face draws ``character``."""
        return self.face_of(character).has(character)

    def runs(self, text: str, *, bold: bool = False) -> list[Run]:
        """Split ``text`` where the face changes."""
        runs: list[Run] = []
        for character in text:
            face = self.face_of(character, bold=bold)
            if runs and runs[-1].face is face:
                runs[-1] = Run(runs[-1].text + character, face)
            else:
                runs.append(Run(character, face))
        return runs

    def width_em(self, text: str, *, bold: bool = False) -> float:
        """Return the length of ``text`` on one line, in em."""
        return sum(self.face_of(c, bold=bold).advance_em(c) for c in text)


def printable(text: str) -> str:
    """Return ``text`` without control and direction characters, which only come from cards and codes."""
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))

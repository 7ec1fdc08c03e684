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

from fontTools.ttLib import TTFont


class Face:
    """One font file: which characters it has and their advances. Read lazily, once."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(path)
        self.path = path

    @cached_property
    def _tables(self) -> tuple[dict[int, str], dict[str, tuple[int, int]], int]:
        font: Any = TTFont(self.path, lazy=True)
        with font:
            return font.getBestCmap(), dict(font["hmtx"].metrics), font["head"].unitsPerEm

    def has(self, character: str) -> bool:
        """Tell whether the face draws ``character``."""
        return ord(character) in self._tables[0]

    def advance_em(self, character: str) -> float:
        """Return how far ``character`` moves on, in em; a missing one counts as a full em."""
        names, advances, units = self._tables
        name = names.get(ord(character))
        return advances[name][0] / units if name is not None else 1.0


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

"""Prepare the window's fonts: ``fonts.py FOLDER``.

Debian ships Noto Sans CJK as collections in which the Japanese face comes first, so a program that
opens one by file name draws Japanese glyph forms. This takes the Simplified Chinese faces out as
files of their own (sans for the window, serif for certificates), and puts the font for rare
characters (Hanazono Mincho, its second file has the characters beyond the Basic Multilingual Plane)
beside them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fontTools.ttLib import TTCollection

NOTO = Path("/usr/share/fonts/opentype/noto")
HANAZONO = Path("/usr/share/fonts/truetype/hanazono")


def main(folder: Path) -> None:
    """Write the font files into ``folder``, leaving alone those that are newer than their source."""
    folder.mkdir(parents=True, exist_ok=True)
    for style in ("Sans", "Serif"):
        for weight in ("Regular", "Bold"):
            take_face(
                NOTO / f"Noto{style}CJK-{weight}.ttc",
                f"Noto {style} CJK SC",
                folder / f"Noto{style}CJKsc-{weight}.otf",
            )
    for name in ("HanaMinA.ttf", "HanaMinB.ttf"):
        if not fresh(folder / name, HANAZONO / name):
            shutil.copy2(HANAZONO / name, folder / name)


def take_face(collection: Path, family: str, target: Path) -> None:
    """Save the face of ``family`` in ``collection`` as ``target``; raises ``LookupError``."""
    if fresh(target, collection):
        return
    with TTCollection(str(collection), lazy=True) as faces:
        for face in faces:
            if face["name"].getBestFamilyName() == family:
                partial = target.with_suffix(".part")
                face.save(str(partial), reorderTables=None)
                partial.replace(target)
                return
    raise LookupError(f"{collection} has no face {family!r}")


def fresh(target: Path, source: Path) -> bool:
    return target.is_file() and target.stat().st_mtime >= source.stat().st_mtime


if __name__ == "__main__":
    main(Path(sys.argv[1]))

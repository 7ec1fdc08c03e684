"""The fonts that script/fonts.py prepares: Simplified Chinese forms, and rare characters too."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.ttLib import TTCollection, TTFont

from kiosk.settings import ROOT, load_model

FONTS = load_model(ROOT / "config" / "models" / "standard.toml").fonts
NOTO = Path("/usr/share/fonts/opentype/noto")


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
@pytest.mark.parametrize("style", ["Sans", "Serif"])
def test_the_face_is_simplified_chinese_in_its_weight(style: str, weight: str) -> None:
    with TTFont(FONTS / f"Noto{style}CJKsc-{weight}.otf", lazy=True) as ours:
        assert ours["name"].getBestFamilyName() == f"Noto {style} CJK SC"
        assert ours["name"].getBestSubFamilyName() == weight


def test_the_glyph_forms_are_not_the_japanese_ones() -> None:
    """The first face of Debian's collection draws these characters in their Japanese forms."""
    with TTCollection(str(NOTO / "NotoSansCJK-Regular.ttc"), lazy=True) as faces:
        assert "JP" in faces[0]["name"].getBestFamilyName()
        japanese = faces[0].getBestCmap()
        with TTFont(FONTS / "NotoSansCJKsc-Regular.otf", lazy=True) as ours:
            simplified = ours.getBestCmap()
            for character in "直骨令角":
                assert simplified[ord(character)] != japanese[ord(character)]


def names() -> Iterator[str]:
    for file in sorted((ROOT / "simulators" / "personas").glob("*.toml")):
        persona = tomllib.loads(file.read_text("utf-8"))
        yield from (persona.get(part, {}).get("name", "") for part in ("id_card", "permit"))


def test_every_persons_name_can_be_drawn() -> None:
    drawn: set[int] = set()
    for file in ("NotoSansCJKsc-Regular.otf", "HanaMinA.ttf", "HanaMinB.ttf"):
        with TTFont(FONTS / file, lazy=True) as font:
            drawn.update(font.getBestCmap())
    characters = {character for name in names() for character in name} | set("䶮𬭎𠀀")
    assert len(characters) > 10
    assert not {character for character in characters if ord(character) not in drawn}

"""Breaking text into lines: Chinese between characters, other words between words.

Chinese rules kept (禁则): closing punctuation never begins a line, opening punctuation never ends one.
"""

from __future__ import annotations

import unicodedata

from screens.fonts import Fonts, printable

_NO_START = frozenset("。,、;:?!)》】」』”’…—·,.;:?!)]}%°℃元分秒次")
_NO_END = frozenset("(《【「『“‘([{¥¥$")


def break_lines(text: str, fonts: Fonts, size_px: float, width_px: float, *, bold: bool = False) -> list[str]:
    """Return ``text`` as lines that fit ``width_px``. A word longer than the line is cut."""
    limit_em = width_px / size_px
    lines: list[str] = []
    for paragraph in printable(text).split("\n"):
        lines += _break_paragraph(paragraph, fonts, limit_em, bold)
    return lines


def balanced_lines(
    text: str, fonts: Fonts, size_px: float, width_px: float, *, bold: bool = False
) -> list[str]:
    """Return ``text`` in as few lines as fit, of about equal length: no single character is left over."""
    lines = break_lines(text, fonts, size_px, width_px, bold=bold)
    if len(lines) < 2 or "\n" in text:
        return lines
    low, high = width_px / len(lines), width_px
    for _ in range(7):
        middle = (low + high) / 2
        if len(break_lines(text, fonts, size_px, middle, bold=bold)) > len(lines):
            low = middle
        else:
            high = middle
    return break_lines(text, fonts, size_px, high, bold=bold)


def _break_paragraph(paragraph: str, fonts: Fonts, limit_em: float, bold: bool) -> list[str]:
    lines: list[str] = []
    line, line_em = "", 0.0
    for piece in _pieces(paragraph):
        piece_em = fonts.width_em(piece.rstrip(), bold=bold)
        if line and line_em + piece_em > limit_em:
            lines.append(line.rstrip())
            line, line_em = "", 0.0
        if piece_em > limit_em:
            for character in piece:
                character_em = fonts.width_em(character, bold=bold)
                if line and line_em + character_em > limit_em:
                    lines.append(line.rstrip())
                    line, line_em = "", 0.0
                line, line_em = line + character, line_em + character_em
            continue
        line += piece
        line_em += fonts.width_em(piece, bold=bold)
    lines.append(line.rstrip())
    return lines


def _pieces(paragraph: str) -> list[str]:
    """Split into what may not be broken: words with their space, characters with their punctuation."""
    pieces: list[str] = []
    for character in paragraph:
        if pieces and not _may_break(pieces[-1], character):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _may_break(before: str, character: str) -> bool:
    last = before[-1]
    if last.isspace():
        return not character.isspace() and before.strip()[-1:] not in _NO_END
    if character.isspace() or character in _NO_START or last in _NO_END:
        return False
    return _ideographic(last) or _ideographic(character) or (last == "-" and len(before) > 3)


def _ideographic(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")

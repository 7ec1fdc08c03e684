"""Breaking text into lines: Chinese between characters, other words between words.

Chinese rules kept (禁则): closing punctuation never begins a line, opening punctuation never ends one.
"""

from __future__ import annotations

import unicodedata

from screens.fonts import Fonts, printable

_NO_START = frozenset(("Pe", "Pf", "Po"))
_NO_END = frozenset(("Ps", "Pi", "Sc"))
_ORPHAN_EM = 3.0
# The full-width forms stand in the same order as ASCII, 0xFEE0 further on.
_FULL_WIDTH = {mark: chr(ord(mark) + 0xFEE0) for mark in ",;:?!()"}


def chinese_punctuation(text: str) -> str:
    """Return ``text`` with the punctuation of a Chinese sentence full width, as it is printed in Chinese.

    A mark belongs to Chinese words when an ideograph stands before it, or after an opening bracket.
    """
    out: list[str] = []
    inside = False
    for number, character in enumerate(text):
        before = out[-1] if out else ""
        after = text[number + 1] if number + 1 < len(text) else ""
        wide = bool(before) and _ideographic(before)
        if character == "(":
            inside = wide or (bool(after) and _ideographic(after))
            wide = inside
        elif character == ")":
            wide, inside = wide or inside, False
        elif character in ",;" and not wide:
            wide = bool(after) and _ideographic(after)
        elif character in ",:" and before.isdigit() and after.isdigit():
            wide = False
        out.append(_FULL_WIDTH[character] if wide and character in _FULL_WIDTH else character)
    return "".join(out)


def break_lines(text: str, fonts: Fonts, size_px: float, width_px: float, *, bold: bool = False) -> list[str]:
    """Return ``text`` as lines that fit ``width_px``. A word longer than the line is cut."""
    limit_em = width_px / size_px
    lines: list[str] = []
    for paragraph in printable(text).split("\n"):
        broken = _break_paragraph(paragraph, fonts, limit_em, bold)
        if len(broken) > 1 and fonts.width_em(broken[-1], bold=bold) < _ORPHAN_EM:
            shorter = _break_paragraph(paragraph, fonts, limit_em - _ORPHAN_EM / (len(broken) - 1), bold)
            broken = shorter if len(shorter) == len(broken) else broken
        lines += broken
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
        return not character.isspace()
    if character.isspace() or _category(character) in _NO_START or _category(last) in _NO_END:
        return False
    return _ideographic(last) or _ideographic(character) or (last == "-" and len(before) > 3)


def _category(character: str) -> str:
    return unicodedata.category(character)


def _ideographic(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")

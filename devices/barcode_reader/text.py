"""What a stranger's code may be: text that can be shown and stored, of a bounded length."""

from __future__ import annotations

from typing import Final

LARGEST: Final = 4296
"""Characters in the largest QR code of letters and digits (version 40, low correction)."""

CHARSETS: Final = ("utf-8", "gb18030", "ascii")


class NotText(ValueError):
    """The code is no text of the kind that is taken; the message says why and never repeats it."""


def plain_text(raw: bytes, charset: str = "utf-8", longest: int = LARGEST) -> str:
    """Return ``raw`` as printable text of 1 to ``longest`` characters; raises ``NotText``.

    Nothing is stripped, replaced or interpreted: an address, a query, a format string stay what they are.
    Control and format characters (also those that turn the writing direction) are refused, since they could
    make what is shown differ from what is used.
    """
    try:
        text = raw.decode(charset)
    except UnicodeDecodeError as error:
        raise NotText(f"not {charset} at byte {error.start}") from None
    if not text:
        raise NotText("empty")
    if len(text) > longest:
        raise NotText(f"{len(text)} characters, at most {longest}")
    if not text.isprintable():
        at = next(index for index, character in enumerate(text) if not character.isprintable())
        raise NotText(f"not printable: U+{ord(text[at]):04X} at {at}")
    return text

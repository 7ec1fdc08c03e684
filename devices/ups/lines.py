"""The NUT network protocol's lines (RFC 9271): words divided by spaces, quoted where they hold some.

A quote or a backslash within a word has a backslash before it.
"""

from __future__ import annotations

import re
from typing import Final

LIMIT_BYTES: Final = 1024
"""How long a line of a server may be: more than any variable needs."""

_WORD: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)')
_ESCAPED: Final = re.compile(r"\\(.)")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


class BadLine(ValueError):
    """A line that the protocol does not have."""


def request(*words: str) -> bytes:
    """Return a command's line; raises ``ValueError`` for a word that would need quoting."""
    for word in words:
        if not _NAME.fullmatch(word):
            raise ValueError(f"{word!r} is no name")
    return " ".join(words).encode("ascii") + b"\n"


def split(line: bytes) -> list[str]:
    """Return the words of a line without its end; raises ``BadLine``."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise BadLine(f"no text: {line[:40]!r}") from error
    words = []
    at = 0
    while at < len(text):
        found = _WORD.match(text, at)
        if found is None or (found.end() < len(text) and not text[found.end()].isspace()):
            raise BadLine(f"cannot be divided: {text[:80]!r}")
        words.append(found[2] if found[1] is None else _ESCAPED.sub(r"\1", found[1]))
        at = found.end()
        while at < len(text) and text[at].isspace():
            at += 1
    return words

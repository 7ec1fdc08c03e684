"""Traces of a unit's wires, kept while it is tested. Those of real cards hold what is on the cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from devices.trace import read_trace, worded
from tests.golden.words import words_of


def trace_files(folder: Path, links: Iterable[str]) -> Mapping[str, Path]:
    """Return the file of each link's trace in ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    return {link: folder.resolve() / f"{link}.trace" for link in links}


def recording(url: str, file: Path) -> str:
    """Return the URL of the same link that keeps a trace in ``file``."""
    return f"{url}{'&' if '?' in url else '?'}record={file}"


def put_words(link: str, file: Path) -> None:
    """Put into words what passed."""
    events = read_trace(file)
    file.write_text("".join(event.text() for event in worded(events, words_of(link))), encoding="utf-8")

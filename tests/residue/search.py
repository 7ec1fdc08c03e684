"""Looking for marks: in files, and in the memory of processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick, Implementation

from tests.residue.marks import Marks

CHUNK = 8 << 20


def in_files(folders: list[Path], finder: Finder, skip: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Return which classes of data each file below ``folders`` holds; names in ``skip`` are the world's."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for file in folder.rglob("*"):
            if not file.is_file() or file.is_symlink() or file.name.startswith(skip):
                continue
            classes = set(finder.count(file.read_bytes()))
            if classes:
                found[str(file.relative_to(folder))] = classes
    return found


def in_memory(pid: int, finder: Finder) -> Counter[str]:
    """Return how often each class of data stands in the writable memory of process ``pid``.

    Raises ``PermissionError`` when this user may not look into it.
    """
    found: Counter[str] = Counter()
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for start, end in _writable(pid):
            at = start
            while at < end:
                try:
                    memory.seek(at)
                    held = memory.read(min(CHUNK + finder.longest, end - at))
                except OSError:
                    break  # a mapping that nobody can read: a device's
                # What lies in the overlap is counted by the next piece.
                found += finder.count(held, CHUNK)
                at += CHUNK
    return found


class Finder:
    """Finds all marks in one pass, however many they are."""

    def __init__(self, marks: Marks) -> None:
        pieces = [(name, piece) for name, those in marks.items() for piece in those]
        self._names = [name for name, _ in pieces]
        self._machine = BytesAhoCorasick([piece for _, piece in pieces], implementation=Implementation.DFA)
        self.longest = max(len(piece) for _, piece in pieces)

    def count(self, held: bytes, before: int | None = None) -> Counter[str]:
        """Return how often marks of each class begin in the first ``before`` bytes of ``held``."""
        return Counter(
            self._names[which]
            for which, start, _ in self._machine.find_matches_as_indexes(held)
            if before is None or start < before
        )


def _writable(pid: int) -> Iterator[tuple[int, int]]:
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, rights, *_ = line.split()
        if rights.startswith("rw") and "[v" not in line:
            start, end = (int(side, 16) for side in span.split("-"))
            yield start, end

"""What a disk may hold after the power has failed: the writes of a traced process, and what of them survives.

The process runs unchanged under ``strace``: what is recorded are the system calls that SQLCipher really
makes, in their order, together with the moments at which a commit was acknowledged to the caller. POSIX
promises only this: what was written to a file before an ``fsync`` of it that returned is there afterwards,
and a name is there (or gone) after an ``fsync`` of its directory. Of everything else any part may have
reached the disk, in any order, in whole sectors. ``Disk`` plays the calls, ``images`` are what may be left.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SECTOR: Final = 512
"""What a disk writes in one piece, in bytes: the smallest that is sold."""

Image = Mapping[str, bytes]
"""The files of the folder after a power cut, by name."""

CALLS: Final = (
    "open,openat,creat,write,pwrite64,pwritev,pwritev2,writev,fsync,fdatasync,sync_file_range,"
    "truncate,ftruncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,copy_file_range,sendfile"
)


@dataclass(frozen=True, slots=True)
class Write:
    """``data`` was written to ``file`` at ``offset``."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """``file`` was cut, or stretched with zeros, to ``size``."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """All earlier writes to ``file`` are on the disk; "" is the folder with its names."""

    file: str


@dataclass(frozen=True, slots=True)
class Name:
    """``file`` came into the folder, or (``there`` false) went out of it."""

    file: str
    there: bool


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The process was told that its commit is safe; ``line`` is what it then knew."""

    line: str


_Survives = Callable[[Write], list[Write]]

Step = Write | Truncate | Sync | Name | Acknowledged


class UnknownCall(Exception):
    """The process used a system call that this model of a disk does not know."""


def recorded(command: Sequence[str], folder: Path, acknowledgements: str, trace: Path) -> list[Step]:
    """Run ``command`` under strace; return what it did to the files in ``folder``, in order.

    What it writes to the file ``acknowledgements`` (one line a call) is not of the disk: each line becomes
    a step. Raises ``subprocess.CalledProcessError`` when it fails, ``UnknownCall``.
    """
    names = ("", "/journal.db", "/journal.db-wal", "/journal.db-journal", f"/{acknowledgements}")
    paths = [part for name in names for part in ("-P", f"{folder}{name}")]
    strace = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(trace), *paths]
    subprocess.run([*strace, *command], check=True, timeout=120)
    with trace.open("r", encoding="ascii") as lines:
        return list(_steps(_whole_calls(lines), folder, acknowledgements))


_CALL: Final = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|\?)(.*)\n?", re.DOTALL)
_UNFINISHED: Final = re.compile(r"(\d+) +(.*) <unfinished \.\.\.>\n?", re.DOTALL)
_RESUMED: Final = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)", re.DOTALL)
_FD_PATH: Final = re.compile(r"^\d+<([^>]*)>")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


def _whole_calls(lines: Iterator[str]) -> Iterator[tuple[str, str, int]]:
    """Yield name, arguments and result of each call that succeeded, when it returned."""
    begun: dict[str, str] = {}
    for line in lines:
        if (unfinished := _UNFINISHED.fullmatch(line)) is not None:
            begun[unfinished[1]] = unfinished[2]
            continue
        if (resumed := _RESUMED.fullmatch(line)) is not None:
            line = f"{resumed[1]} {begun.pop(resumed[1])}{resumed[2]}"
        call = _CALL.fullmatch(line)
        if call is not None and call[4] != "?" and int(call[4]) >= 0:
            yield call[2], call[3], int(call[4])


def _steps(calls: Iterator[tuple[str, str, int]], folder: Path, acknowledgements: str) -> Iterator[Step]:
    known: set[str] = set()
    for name, arguments, result in calls:
        path = _path(arguments)
        file = "" if path == folder else path.name
        match name:
            case "openat":
                if file and file not in known and file != acknowledgements and "O_CREAT" in arguments:
                    known.add(file)
                    yield Name(file, True)
                if "O_TRUNC" in arguments and file != acknowledgements:
                    raise UnknownCall(f"{name} {arguments[:80]}")
            case "write" if file == acknowledgements:
                yield Acknowledged(_data(arguments).decode("ascii").strip())
            case "pwrite64":
                data = _data(arguments)
                if len(data) != result:
                    raise UnknownCall(f"{name} wrote {result} of {len(data)} bytes")
                yield Write(file, int(arguments.rpartition(", ")[2]), data)
            case "fsync" | "fdatasync":
                yield Sync(file)
            case "ftruncate":
                yield Truncate(file, int(arguments.rpartition(", ")[2]))
            case "unlink":
                known.discard(file)
                yield Name(file, False)
            case _:
                raise UnknownCall(f"{name} {arguments[:80]}")


def _path(arguments: str) -> Path:
    """Return the path that a call is about: its descriptor's, or the one that it names."""
    if (descriptor := _FD_PATH.match(arguments)) is not None:
        return Path(_unhex(descriptor[1]))
    text = _TEXT.search(arguments)
    if text is None:
        raise UnknownCall(arguments[:80])
    return Path(_unhex(text[1]))


def _data(arguments: str) -> bytes:
    text = _TEXT.search(arguments)
    if text is None or text[2]:
        raise UnknownCall(f"data cut short: {arguments[:80]}")
    return bytes.fromhex(text[1].replace("\\x", ""))


def _unhex(text: str) -> str:
    return bytes.fromhex(text.replace("\\x", "")).decode() if text.startswith("\\x") else text


@dataclass(slots=True)
class _File:
    """One file: what is surely on the disk, and what was done since its last ``fsync``."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Write | Truncate] = field(default_factory=list)


class Disk:
    """Plays steps, and knows at any moment what is certain and what is not."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._names: set[str] = set()
        self._maybe: dict[str, bool] = {}
        """Names whose coming or going the folder's ``fsync`` has not covered yet."""
        self._gone: dict[str, _File] = {}

    def play(self, step: Step) -> None:
        match step:
            case Write(file) | Truncate(file):
                self._files[file].pending.append(step)
            case Sync(""):
                for name, there in self._maybe.items():
                    (self._names.add if there else self._names.discard)(name)
                self._maybe.clear()
                self._gone.clear()
            case Sync(file):
                known = self._files[file]
                for one in known.pending:
                    _apply(known.durable, one)
                known.pending.clear()
            case Name(file, True):
                self._files.setdefault(file, _File())
                self._maybe[file] = True
            case Name(file, False):
                self._gone[file] = self._files.pop(file)
                self._maybe[file] = False
            case Acknowledged():
                pass

    @property
    def certain(self) -> bool:
        """Tell whether a power cut now leaves one image only."""
        return not self._maybe and not any(known.pending for known in self._files.values())

    def images(self, chance: random.Random, variants: int) -> Iterator[Image]:
        """Yield images that a power cut now may leave: the extremes, and ``variants`` in between."""
        yield self._image(lambda write: [], names=False)
        if self.certain:
            return
        yield self._image(lambda write: _sectors(write), names=True)
        newest = {id(known.pending[-1]) for known in self._files.values() if known.pending}
        yield self._image(lambda write: _sectors(write) if id(write) in newest else [], names=True)
        pending = [file for file, known in self._files.items() if known.pending]
        for file in pending if len(pending) > 1 else []:  # one file's writes overtook all others
            yield self._image(_only(file), names=True)
        for number in range(variants):
            yield self._random_image(chance, kind=number % 3)

    def _random_image(self, chance: random.Random, kind: int) -> Image:
        """Return an image in which each sector came or not; or the last write of a run was torn; or what
        was under way is rubbish (the disk lost power while it wrote)."""
        names = chance.random() < 0.7
        if kind == 0:
            share = chance.random()
            return self._image(
                lambda write: [part for part in _sectors(write) if chance.random() < share], names=names
            )
        if kind == 1:
            left = chance.randrange(1 + sum(len(known.pending) for known in self._files.values()))

            def run(write: Write) -> list[Write]:
                nonlocal left
                left -= 1
                parts = _sectors(write)
                return parts if left > 0 else parts[: chance.randrange(len(parts) + 1)] if left == 0 else []

            return self._image(run, names=names)
        share = chance.random()

        def rubbish(write: Write) -> list[Write]:
            return [
                part
                if chance.random() < share
                else Write(
                    part.file,
                    part.offset,
                    chance.choice([bytes(len(part.data)), chance.randbytes(len(part.data))]),
                )
                for part in _sectors(write)
            ]

        return self._image(rubbish, names=names)

    def _image(self, survives: _Survives, *, names: bool) -> Image:
        """Return what is left when of each unsynced write ``survives(write)`` reached the disk."""
        files: dict[str, bytes] = {}
        for file, known in {**self._gone, **self._files}.items():
            there = (self._maybe[file] if names else file in self._names) if file in self._maybe else True
            if not there:
                continue
            content = bytearray(known.durable)
            for one in known.pending:
                for part in [one] if isinstance(one, Truncate) else survives(one):
                    _apply(content, part)
            files[file] = bytes(content)
        return files


def _apply(content: bytearray, one: Write | Truncate) -> None:
    end = one.size if isinstance(one, Truncate) else one.offset + len(one.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if isinstance(one, Truncate):
        del content[end:]
    else:
        content[one.offset : end] = one.data


def _only(file: str) -> _Survives:
    return lambda write: _sectors(write) if write.file == file else []


def _sectors(write: Write) -> list[Write]:
    """Return ``write`` in the pieces that a disk writes whole."""
    parts, offset, end = [], write.offset, write.offset + len(write.data)
    while offset < end:
        stop = min(end, (offset // SECTOR + 1) * SECTOR)
        parts.append(Write(write.file, offset, write.data[offset - write.offset : stop - write.offset]))
        offset = stop
    return parts

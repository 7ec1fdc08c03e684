"""What a process tells the world: every byte that it and its children write, by the place it goes to.

``strace`` looks on from outside, so nothing of ours decides what counts as telling, and a connection that
nobody knows of is seen like any other.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

SEEN: Final = ("write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg")
UNSEEN: Final = ("sendfile", "splice", "vmsplice", "copy_file_range", "io_uring_enter", "process_vm_writev")
"""Calls that pass on bytes which strace does not show."""
MOST: Final = 4 << 20
"""Bytes of one call that are kept: more than any driver writes at once."""
READY: Final = b"attached"
LINE: Final = re.compile(
    rb"\d+ +(?P<call>\w+)\((?:\d+<(?P<to>(?:\\x[0-9a-f]{2}|[^>\\]|->)*)>?>, )?(?P<said>.*)"
)
STRING: Final = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


class NotSeen(Exception):
    """Something was told that this does not see: by another call, or more at once than is kept."""


class Trace:
    """Everything that process ``pid`` and its children write while this is open; ``file`` is for strace."""

    def __init__(self, pid: int, file: Path) -> None:
        self._pid, self._file = pid, file
        self._strace: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Trace:
        options = [
            "-f",
            "-yy",
            "-xx",
            "-s",
            str(MOST),
            "-e",
            f"trace={','.join(SEEN + UNSEEN)}",
            "-o",
            str(self._file),
        ]
        self._strace = subprocess.Popen(["strace", *options, "-p", str(self._pid)], stderr=subprocess.PIPE)
        assert self._strace.stderr is not None
        words = self._strace.stderr.readline()
        if READY not in words:
            raise RuntimeError(words.decode(errors="replace"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._strace is not None
        assert self._strace.stderr is not None
        self._strace.send_signal(signal.SIGINT)
        self._strace.wait(30)
        self._strace.stderr.close()

    def told(self) -> Mapping[str, bytes]:
        """Return what was written to each place, in its order, once this is closed; raises ``NotSeen``.

        A place is as strace names it: a path, ``TCP:[from->to]``, ``UNIX-STREAM:[from->to]``.
        """
        pieces: defaultdict[str, list[bytes]] = defaultdict(list)
        with self._file.open("rb") as lines:
            for line in lines:
                if (call := LINE.match(line)) is None:
                    continue  # a signal, an end, the end of a call that another interrupted
                if call["call"].decode() in UNSEEN:
                    raise NotSeen(line[:100].decode(errors="replace"))
                if call["to"] is not None:
                    pieces[_plain(call["to"])].extend(_strings(call["said"]))
        return {place: b"".join(said) for place, said in pieces.items()}


def _plain(place: bytes) -> str:
    """Return a place as text: its path is written in hexadecimal like everything else."""
    bare = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), place)
    return bare.partition(b"<char")[0].decode(errors="replace")


def _strings(said: bytes) -> Iterator[bytes]:
    for found in STRING.finditer(said):
        if found[2]:
            raise NotSeen(f"more than {MOST} bytes at once")
        yield bytes.fromhex(found[1].replace(b"\\x", b"").decode())

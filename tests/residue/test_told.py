"""What a process writes is seen wherever it goes; and what could not be seen is no silence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.residue.told import NotSeen, Trace

NAME = "李文静"


def _told(code: str, tmp_path: Path) -> dict[str, bytes]:
    """Trace a process that waits for a line, and then does ``code``."""
    lines = "import os, socket, subprocess, sys; sys.stdin.readline();"
    command = [sys.executable, "-c", f"{lines} {code}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdin is not None
        with Trace(process.pid, tmp_path / "trace") as trace:
            process.stdin.write(b"\n")
            process.stdin.close()
            assert process.wait(40) == 0
    return dict(trace.told())


def test_a_name_is_seen_in_pieces_to_a_file_by_a_child_and_on_any_socket(tmp_path: Path) -> None:
    told = _told(
        f"name = {NAME!r}.encode();"
        "file = os.open('kept', os.O_CREAT | os.O_WRONLY);"
        "os.write(file, name[:4]); os.writev(file, [name[4:6], name[6:]]);"
        "here, there = socket.socketpair(); here.sendmsg([name]);"
        "listener = socket.create_server(('127.0.0.1', 0));"
        "caller = socket.create_connection(listener.getsockname()); caller.sendall(name);"
        "packets = socket.socket(type=socket.SOCK_DGRAM); packets.sendto(name, ('127.0.0.1', 9));"
        "subprocess.run(['sh', '-c', 'cat > by_a_child'], input=name, check=True)",
        tmp_path,
    )
    places = sorted(place for place, said in told.items() if NAME.encode() in said)
    kinds = [place.partition(":[")[0].rpartition("/")[2] for place in places]
    assert sorted(kinds) == ["TCP", "UDP", "UNIX-STREAM", "by_a_child", "kept", "pipe"], places


def test_what_the_kernel_copies_unseen_is_no_silence(tmp_path: Path) -> None:
    with pytest.raises(NotSeen):
        _told(
            "file = open(sys.executable, 'rb'); out = open('copy', 'wb');"
            "os.sendfile(out.fileno(), file.fileno(), 0, 100)",
            tmp_path,
        )


def test_more_at_once_than_is_kept_is_no_silence(tmp_path: Path) -> None:
    with pytest.raises(NotSeen):
        _told("out = open('much', 'wb', 0); out.write(bytes(5 << 20))", tmp_path)

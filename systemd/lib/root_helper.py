"""The root helper (特权助手): does one thing for the kiosk, from a fixed list, and nothing else.

It reads one line, a verb, from the socket on its standard input, and answers ``ok`` or ``refused: word``.
There are no arguments: nothing that a caller says becomes part of a command. Who calls is asked of the
kernel. Python's standard library only, without the kiosk's environment: it runs as root.
"""

from __future__ import annotations

import pwd
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

CALLER: Final = "kiosk"
LONGEST: Final = 32
TIMEOUT_S: Final = 5.0
VERBS: Final[Mapping[str, tuple[str, ...]]] = {
    "restart-kiosk": ("/usr/bin/systemctl", "--no-block", "restart", "kiosk.service"),
    "restart-display": ("/usr/bin/systemctl", "--no-block", "restart", "kiosk-display.service"),
    "reboot": ("/usr/bin/systemctl", "--no-block", "reboot"),
    "power-off": ("/usr/bin/systemctl", "--no-block", "poweroff"),
    "set-clock": ("/usr/bin/systemctl", "--no-block", "restart", "systemd-timesyncd.service"),
}
"""What can be asked, and the command that it is."""


def serve(
    connection: socket.socket, caller: str = CALLER, verbs: Mapping[str, tuple[str, ...]] = VERBS
) -> str:
    """Answer one caller; returns what was answered."""
    connection.settimeout(TIMEOUT_S)
    answer = _answer(connection, caller, verbs)
    connection.sendall(answer.encode() + b"\n")
    return answer


def _answer(connection: socket.socket, caller: str, verbs: Mapping[str, tuple[str, ...]]) -> str:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    if user not in (0, _number(caller)):
        return "refused: caller"
    try:
        line = _line(connection)
    except (OSError, ValueError):
        return "refused: request"
    command = verbs.get(line)
    if command is None:
        return "refused: verb"
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return "refused: failed"
    return "ok" if done.returncode == 0 else "refused: failed"


def _line(connection: socket.socket) -> str:
    heard = b""
    while b"\n" not in heard:
        more = connection.recv(LONGEST + 1)
        heard += more
        if not more or len(heard) > LONGEST:
            raise ValueError("no line")
    return heard.partition(b"\n")[0].decode("ascii")


def _number(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return 0


if __name__ == "__main__":
    with socket.socket(fileno=sys.stdin.fileno()) as asked:
        print("root helper:", serve(asked), file=sys.stderr)

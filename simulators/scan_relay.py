"""Stands where ``scanimage`` stands: asks the simulated scanner over its wire and ends as it says.

Run as ``scan_relay.py PORT OPTION …`` by a script of the simulator; it needs nothing but Python itself. What
a USB line would do with damaged bytes is done here: they end as SANE's "Error during device I/O". A cable
that is out ends as SANE ends for a scanner that is not there.
"""

import json
import socket
import sys
import zlib

HEAD_BYTES = 18  # "length crc\n", in hexadecimal
GAP_S = 1.0
IO_ERROR = 9
NO_DEVICE = "scanimage: open of device test:0 failed: Invalid argument\n"


def main(port: int, options: list[str]) -> int:
    """Ask, write what the scanner's program wrote, return what it ended with."""
    try:
        wire = socket.create_connection(("127.0.0.1", port))
    except OSError:
        sys.stderr.write(NO_DEVICE)
        return 1
    with wire:
        try:
            wire.sendall(framed(json.dumps(options).encode()))
            code, words, data = unpacked(_answer(wire))
        except (OSError, ValueError):
            sys.stderr.write("scanimage: sane_read: Error during device I/O\n")
            return IO_ERROR
    sys.stdout.buffer.write(data)
    sys.stderr.write(words)
    return code


def packed(code: int, words: str, data: bytes) -> bytes:
    """Return an answer: what the program ended with, said and wrote."""
    return framed(json.dumps([code, words]).encode() + b"\n" + data)


def unpacked(answer: bytes) -> tuple[int, str, bytes]:
    """Return an answer's parts; raises ``ValueError`` for a damaged one."""
    head, _, data = unframed(answer).partition(b"\n")
    code, words = json.loads(head)
    return code, words, data


def framed(body: bytes) -> bytes:
    """Return ``body`` behind its length and checksum."""
    return b"%08x %08x\n" % (len(body), zlib.crc32(body)) + body


def unframed(frame: bytes) -> bytes:
    """Return what ``framed`` was given; raises ``ValueError`` for a damaged frame."""
    body = frame[HEAD_BYTES:]
    if frame != framed(body):
        raise ValueError("damaged")
    return body


def size(heard: bytes) -> int:
    """Return how long the frame that begins so is, or its head; raises ``ValueError`` when none can."""
    return HEAD_BYTES + (int(heard[:8], 16) if len(heard) >= HEAD_BYTES else 0)


def _answer(wire: socket.socket) -> bytes:
    """Wait for an answer; raises ``ValueError`` when it breaks off or begins as none can."""
    heard = b""
    while len(heard) < size(heard):
        more = wire.recv(1 << 16)
        if not more:
            raise ValueError("broken off")
        wire.settimeout(GAP_S)
        heard += more
    return heard


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))

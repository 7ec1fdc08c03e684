"""Wires: what a host sees of hanging up, replugging, wrong speed, pacing and line faults."""

from __future__ import annotations

import random
import socket
import threading
import time
from pathlib import Path

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from simulators.faults import Faults, Order
from simulators.level import REAL
from simulators.link_faults import LinkFaults
from simulators.wire import Wire, WireClosed
from tests.simulators.wiring import Room, opened, served


def echo(wire: Wire) -> None:
    """A device that answers what it hears with a ``>`` before it."""
    try:
        while True:
            wire.write(b">" + wire.read(None))
    except WireClosed:
        return


def heard(port: serial.Serial, size: int) -> bytes:
    data: bytes = port.read(size)
    return data


def test_the_host_may_hang_up_and_come_back(tmp_path: Path) -> None:
    room = Room()
    line = room.pty(tmp_path)
    with served(line, echo):
        for word in (b"one", b"two"):
            with opened(line.path) as port:
                port.write(word)
                assert heard(port, 4) == b">" + word


def test_unplugged_the_host_loses_the_line_and_replugged_finds_it_by_the_same_name(tmp_path: Path) -> None:
    room = Room()
    line = room.pty(tmp_path)
    with served(line, echo):
        with opened(line.path) as port:
            port.write(b"a")
            assert heard(port, 2) == b">a"
            room.faults.arm(Order("line", "disconnect"))
            assert not line.path.exists()
            with pytest.raises(serial.SerialException):
                port.read(1)
        room.faults.clear()
        with opened(line.path) as port:
            port.write(b"b")
            assert heard(port, 2) == b">b"


def test_a_cable_pulled_at_an_answer_stays_out_until_its_time_is_over(tmp_path: Path) -> None:
    room = Room()
    line = room.pty(tmp_path)
    back = threading.Event()
    with served(line, echo):
        room.faults.watch(lambda: back.set() if not room.faults.orders() else None)
        with opened(line.path) as port:
            room.faults.arm(Order("line", "disconnect", "answer", args={"for_s": 0.2}))
            port.write(b"x")
            with pytest.raises(serial.SerialException):
                heard(port, 2)
        assert back.wait(5)
        with opened(line.path) as port:
            port.write(b"y")
            assert heard(port, 2) == b">y"


def test_a_host_at_another_speed_hears_nonsense(tmp_path: Path) -> None:
    line = Room().pty(tmp_path, baud=57600)
    with served(line, echo):
        with opened(line.path, 115200) as port:
            port.write(b"abc")
            assert heard(port, 4) != b">abc"
        with opened(line.path, 57600) as port:
            port.write(b"abc")
            assert heard(port, 4) == b">abc"


def test_a_paced_line_takes_the_time_of_its_bits(tmp_path: Path) -> None:
    line = Room(level=REAL).pty(tmp_path, baud=9600)

    def speak(wire: Wire) -> None:
        try:
            wire.read(None)
            wire.write(bytes(96))
            wire.read(None)
        except WireClosed:
            return

    with served(line, speak), opened(line.path, 9600) as port:
        started = time.monotonic()
        port.write(b"!")
        assert len(heard(port, 96)) == 96
        # 97 bytes of ten bits at 9600 baud; a busy machine may only make it longer.
        assert time.monotonic() - started >= 97 * 10 / 9600 * 0.95


def test_tcp_serves_one_host_after_the_other_and_survives_replugging() -> None:
    room = Room()
    line = room.tcp()
    with served(line, echo):
        for word in (b"one", b"two"):
            with socket.create_connection(("127.0.0.1", line.port), 2) as host:
                host.sendall(word)
                assert host.recv(10) == b">" + word
        with socket.create_connection(("127.0.0.1", line.port), 2) as host:
            host.sendall(b"x")
            assert host.recv(10) == b">x"
            room.faults.arm(Order("line", "disconnect"))
            assert host.recv(10) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", line.port), 2)
        room.faults.clear()
        with socket.create_connection(("127.0.0.1", line.port), 2) as host:
            host.sendall(b"y")
            assert host.recv(10) == b">y"


@pytest.mark.parametrize(
    ("fault", "operation", "args", "answer"),
    [
        ("drop", "answer", {}, b""),
        ("half", "answer", {}, b">he"),
        ("corrupt", "answer", {"at": 0}, bytes([ord(">") ^ 0x5A]) + b"hello!"),
        ("split", "answer", {"at": 2, "pause_s": 0.01}, b">hello!"),
        ("delay", "answer", {"seconds": 0.01}, b">hello!"),
        ("echo", None, {}, b"hello!>hello!"),
        ("silent", None, {}, b""),
        ("drop", "request", {}, b""),
        ("half", "request", {}, b">hel"),
    ],
)
def test_line_faults_as_the_host_hears_them(
    tmp_path: Path, fault: str, operation: str | None, args: dict[str, float], answer: bytes
) -> None:
    room = Room()
    line = room.pty(tmp_path)
    with served(line, echo), opened(line.path, timeout_s=0.2) as port:
        room.faults.arm(Order("line", fault, operation, args=args))
        port.write(b"hello!")
        assert heard(port, 100) == answer
        room.faults.clear()
        port.write(b"ok")
        assert heard(port, 3) == b">ok"


def test_garbage_is_as_long_as_what_it_replaces(tmp_path: Path) -> None:
    room = Room()
    line = room.pty(tmp_path)
    with served(line, echo), opened(line.path) as port:
        room.faults.arm(Order("line", "garbage", "answer"))
        port.write(b"hello!")
        answer = heard(port, 7)
        assert len(answer) == 7
        assert answer != b">hello!"


def test_glued_answers_come_together(tmp_path: Path) -> None:
    room = Room()
    line = room.pty(tmp_path)
    with served(line, echo), opened(line.path, timeout_s=0.2) as port:
        room.faults.arm(Order("line", "glue", "answer"))
        port.write(b"one")
        assert heard(port, 10) == b""
        port.write(b"two")
        assert heard(port, 10) == b">one>two"


def test_the_nth_answer_is_struck_and_no_other(tmp_path: Path) -> None:
    room = Room()
    line = room.pty(tmp_path)
    with served(line, echo), opened(line.path, timeout_s=0.2) as port:
        room.faults.arm(Order("line", "drop", "answer", nth=2))
        answers = []
        for _ in range(3):
            port.write(b"a")
            answers.append(heard(port, 2))
        assert answers == [b">a", b"", b">a"]


def test_the_line_tap_has_what_passed_with_its_direction(tmp_path: Path) -> None:
    room = Room()
    room.recorder.describe("line", lambda direction, data: f"{direction} {data.decode()}")
    line = room.pty(tmp_path)
    with served(line, echo), opened(line.path) as port:
        port.write(b"hi")
        assert heard(port, 3) == b">hi"
    frames = room.recorder.since(0)
    assert [(f["n"], f["link"], f["words"]) for f in frames] == [
        (1, "line", "to_device hi"),
        (2, "line", "from_device >hi"),
    ]
    assert room.recorder.since(1) == frames[1:]


def test_a_nudge_ends_a_waiting_read(tmp_path: Path) -> None:
    line = Room().pty(tmp_path)
    woke = threading.Event()

    def wait(wire: Wire) -> None:
        try:
            assert wire.read(None) == b""
            woke.set()
            wire.read(None)
        except WireClosed:
            return

    with served(line, wait):
        line.nudge()
        assert woke.wait(5)


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["split", "delay", "corrupt", "half", "garbage"]))
def test_line_faults_never_make_bytes_up_beyond_the_length(data: bytes, fault: str) -> None:
    faults = Faults()
    faults.arm(Order("l", fault))
    passing = LinkFaults("l", faults, random.Random(1)).answer(data)
    got = b"".join(piece.data for piece in passing.pieces)
    if fault in ("split", "delay"):
        assert got == data
    elif fault == "half":
        assert got == data[: len(data) // 2]
    else:
        assert len(got) == len(data)
    if fault == "corrupt":
        assert sum(a != b for a, b in zip(got, data, strict=True)) == 1

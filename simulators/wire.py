"""The other end of a wire: a pty or a TCP port that a simulated device serves.

A device's program reads what the host sent and writes its answers; pacing, link faults and the
line tap happen here, so that a device never knows of them. One thread reads and writes a wire.
"""

from __future__ import annotations

import os
import random
import select
import socket
import termios
import threading
import time
import tty
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from simulators.faults import Faults, Order
from simulators.level import Level
from simulators.link_faults import LinkFaults, Passing
from simulators.recorder import FROM_DEVICE, TO_DEVICE, Recorder

CHUNK: Final = 65536
BITS_PER_BYTE: Final = 10  # 8N1: start bit, eight bits, stop bit
SLICE_S: Final = 0.004  # a paced wire hands on what came within this time
NOBODY_READS_S: Final = 1.0  # how long a full pty may block before its bytes are lost, as on a UART
SETTLE_S: Final = 2.0


class WireClosed(Exception):
    """The bench ends: the wire will never carry anything again."""


class Wire(Protocol):
    """A byte stream towards the host."""

    def read(self, timeout_s: float | None) -> bytes:
        """Return what has arrived, ``b""`` after ``timeout_s`` (None: wait); raises ``WireClosed``."""
        ...

    def write(self, data: bytes) -> None:
        """Send to the host, no faster than the link's baud rate at a paced level."""
        ...

    def set_baud(self, baud: int) -> None:
        """Change the speed of the wire, where it has one."""
        ...


class WakingWire(Wire, Protocol):
    """A wire whose device also acts by itself."""

    def nudge(self) -> None:
        """Have a waiting ``read`` return ``b""`` now (or the next one); for any thread."""
        ...


class Line:
    """What all wires share. ``plugged`` tells whether the cable is in.

    Pulling the plug and closing are asked for by other threads and done by the one that serves
    the wire, so that no descriptor is closed under a ``select``.
    """

    def __init__(
        self,
        link: str,
        level: Level,
        faults: Faults,
        recorder: Recorder,
        chance: random.Random,
        baud: int | None = None,
    ) -> None:
        self.link = link
        self.baud = baud
        self.plugged = False
        self._level = level
        self._faults = faults
        self._link_faults = LinkFaults(link, faults, chance)
        self._recorder = recorder
        self._closing = False
        self._settled = threading.Condition()
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK)
        self._nudged = False
        self._busy_until = 0.0
        self._serving: int | None = None
        faults.watch(self.orders_changed)

    # --- for the device's thread ---

    def read(self, timeout_s: float | None) -> bytes:
        self._serving = threading.get_ident()
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            self._settle()
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            data = self._receive(left)
            if data:
                self._pace(len(data))
                self._recorder.add(self.link, TO_DEVICE, data)
                heard = self._carry(self._link_faults.request(data))
                if heard:
                    return heard
            if self._nudged or (deadline is not None and time.monotonic() >= deadline):
                self._nudged = False
                return b""

    def write(self, data: bytes) -> None:
        self._serving = threading.get_ident()
        self._settle()
        passing = self._link_faults.answer(data)
        for piece in passing.pieces:
            if piece.wait_s:
                time.sleep(piece.wait_s)
            self._put(piece.data)
        self._pull(passing.disconnect)

    def set_baud(self, baud: int) -> None:
        if self.baud is not None:
            self.baud = baud

    # --- for the bench's other threads ---

    def nudge(self) -> None:
        self._nudged = True
        self._wake()

    def orders_changed(self) -> None:
        """See whether the cable is to be out or in; returns when it is."""
        if self._serving in (None, threading.get_ident()) or self._closing:
            return
        with self._settled:
            self._wake()
            self._settled.wait_for(lambda: self.plugged != self._link_faults.unplugged, SETTLE_S)

    def close(self) -> None:
        """End the wire for good: its device's ``read`` raises ``WireClosed``."""
        with self._settled:
            self._closing = True
            self._wake()
        if self._serving is None:
            self._end()

    # --- inside ---

    def _carry(self, passing: Passing) -> bytes:
        if passing.echo:
            self._put(passing.echo)
        self._pull(passing.disconnect)
        heard = b""
        for piece in passing.pieces:
            if piece.wait_s:
                time.sleep(piece.wait_s)
            heard += piece.data
        return heard

    def _pull(self, order: Order | None) -> None:
        if order is None:
            return
        self._faults.arm(Order(self.link, "disconnect"))
        for_s = order.args.get("for_s")
        if for_s is not None:
            back = threading.Timer(float(for_s), self._faults.clear, (self.link, "disconnect"))
            back.daemon = True
            back.start()
        self._settle()

    def _settle(self) -> None:
        if self._closing:
            self._end()
            raise WireClosed(self.link)
        if self.plugged == self._link_faults.unplugged:
            with self._settled:
                if self.plugged:
                    self._unplug()
                else:
                    self._plug()
                self.plugged = not self.plugged
                self._settled.notify_all()

    def _end(self) -> None:
        with self._settled:
            self._unplug()
            self.plugged = False
            if self._alarm >= 0:
                os.close(self._alarm)
                self._alarm = -1

    def _put(self, data: bytes) -> None:
        if not data or not self.plugged:
            return
        self._recorder.add(self.link, FROM_DEVICE, data)
        if not (self._level.paced and self.baud):
            self._send(data)
            return
        size = max(1, int(self.baud / BITS_PER_BYTE * SLICE_S))
        for at in range(0, len(data), size):
            part = data[at : at + size]
            self._pace(len(part))
            self._send(part)

    def _pace(self, size: int) -> None:
        if self._level.paced and self.baud:
            now = time.monotonic()
            self._busy_until = max(now, self._busy_until) + size * BITS_PER_BYTE / self.baud
            time.sleep(max(0.0, self._busy_until - now))

    def _wake(self) -> None:
        if self._alarm >= 0:
            os.eventfd_write(self._alarm, 1)

    def _waited(self, descriptor: int | None, timeout_s: float | None) -> bool:
        """Wait until ``descriptor`` can be read, the time is over or somebody wakes us."""
        watched = [self._alarm] if descriptor is None else [self._alarm, descriptor]
        ready, _, _ = select.select(watched, [], [], timeout_s)
        if self._alarm in ready:
            os.eventfd_read(self._alarm)
        return descriptor in ready

    def _plug(self) -> None:
        raise NotImplementedError

    def _unplug(self) -> None:
        raise NotImplementedError

    def _receive(self, timeout_s: float | None) -> bytes:
        """Return what came, or ``b""`` after ``timeout_s`` or when woken."""
        raise NotImplementedError

    def _send(self, data: bytes) -> None:
        raise NotImplementedError


class PtyWire(Line):
    """A pseudo terminal; ``path`` is a symbolic link that survives replugging.

    The host may hang up and come back: a guard keeps the terminal alive meanwhile. A host that sets
    another speed than the device's reads and writes nonsense, as on a real line.
    """

    def __init__(
        self,
        link: str,
        path: Path,
        level: Level,
        faults: Faults,
        recorder: Recorder,
        chance: random.Random,
        baud: int = 115200,
    ) -> None:
        super().__init__(link, level, faults, recorder, chance, baud)
        self.path = path
        self._master = -1
        self._guard = -1
        self._settle()

    def _plug(self) -> None:
        self._master, self._guard = os.openpty()
        tty.setraw(self._guard)
        os.set_blocking(self._master, False)
        settings = termios.tcgetattr(self._guard)
        settings[4] = settings[5] = self._speed()
        termios.tcsetattr(self._guard, termios.TCSANOW, settings)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._guard))

    def _unplug(self) -> None:
        if self._master < 0:
            return
        self.path.unlink(missing_ok=True)
        os.close(self._guard)
        os.close(self._master)
        self._master = self._guard = -1

    def _receive(self, timeout_s: float | None) -> bytes:
        if not self._waited(self._master if self._master >= 0 else None, timeout_s):
            return b""
        with suppress(BlockingIOError):
            return self._at_speed(os.read(self._master, CHUNK))
        return b""

    def _send(self, data: bytes) -> None:
        rest = memoryview(self._at_speed(data))
        while rest:
            try:
                rest = rest[os.write(self._master, rest) :]
            except BlockingIOError:
                _, writable, _ = select.select([], [self._master], [], NOBODY_READS_S)
                if not writable:
                    return

    def _speed(self) -> int:
        speed: int = getattr(termios, f"B{self.baud}")
        return speed

    def _at_speed(self, data: bytes) -> bytes:
        """Return ``data`` as the other end's UART sees it."""
        if termios.tcgetattr(self._master)[5] == self._speed():
            return data
        return bytes((b * 7 + 13) & 0xFF for b in data)


class TcpWire(Line):
    """A TCP port on loopback that serves one host at a time, as network printers do."""

    def __init__(
        self,
        link: str,
        level: Level,
        faults: Faults,
        recorder: Recorder,
        chance: random.Random,
        port: int = 0,
        address: str = "127.0.0.1",
    ) -> None:
        super().__init__(link, level, faults, recorder, chance)
        self.port = port
        self._address = address
        self._listener: socket.socket | None = None
        self._host: socket.socket | None = None
        self._settle()

    def _plug(self) -> None:
        self._listener = socket.create_server((self._address, self.port))
        self.port = self._listener.getsockname()[1]

    def _unplug(self) -> None:
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _hang_up(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None

    def _receive(self, timeout_s: float | None) -> bytes:
        if self._host is None:
            listener = self._listener
            if not self._waited(listener.fileno() if listener else None, timeout_s) or listener is None:
                return b""
            self._host, _ = listener.accept()
            self._host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._met()
            return b""
        if not self._waited(self._host.fileno(), timeout_s):
            return b""
        try:
            data = self._host.recv(CHUNK)
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def _met(self) -> None:
        """A host has come; a wire with a greeting says it here."""

    def _send(self, data: bytes) -> None:
        if self._host is None:
            return
        try:
            self._host.sendall(data)
        except OSError:
            self._hang_up()

"""Each driver on a wire that misbehaves: cut anywhere, silent, or babbling for ever.

The exchanges are the golden ones, so that a new driver with a trace is tested here too. The camera's wire is
FFmpeg's: ``test_camera.py`` hangs up, stalls and refuses there.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, SimpleNamespace
from typing import Any, Final
from unittest import mock

import pytest

import devices
from devices.base import DeviceError
from devices.link import LinkLost
from devices.recording import ReplayLink
from tests.counts import Counted
from tests.golden.exchanges import EXCHANGES
from tests.golden.kinds import Kind
from tests.golden.play import replay

CUTS: Final[tuple[Callable[[random.Random], int], ...]] = (
    lambda _: 1,
    lambda chance: chance.randint(1, 3),
    lambda chance: chance.randint(1, 64),
)
KINDS: Final = {
    exchange.kind.name: exchange.kind
    for exchange in EXCHANGES.values()
    if exchange.kind.name != "document_scanner"  # its wire is a program's pipe
}
IN_TURNS: Final = "payment-aborted"
"""Cut in pieces, the host's own words come between: ``test_payment_terminal_frames.py`` cuts it."""
LONGEST_S: Final = 120.0
"""No command of any driver waits longer for a wire that says nothing."""
FOR_EVER_S: Final = 500.0
RATES: Final = (960, 11_520)
"""Bytes a second of wires at 9,600 and at 115,200 baud."""
SLACK_S: Final = 1.0
"""What a driver may take to let a damaged frame go by."""

Babble = Callable[[int], bytes]


@pytest.mark.parametrize("name", sorted(EXCHANGES.keys() - {IN_TURNS}))
def test_any_chunking_comes_to_the_same(name: str, monkeypatch: pytest.MonkeyPatch, counted: Counted) -> None:
    whole = ReplayLink.read
    for seed, cut in enumerate(CUTS):
        chance = random.Random(seed)

        def read(
            link: ReplayLink,
            size: int,
            timeout_s: float,
            cut: Callable[[random.Random], int] = cut,
            chance: random.Random = chance,
        ) -> bytes:
            return whole(link, min(size, cut(chance)), timeout_s)

        monkeypatch.setattr(ReplayLink, "read", read)
        replay(EXCHANGES[name])
    counted(f"{name}: the same in each of {len(CUTS)} ways of cutting")


class Time:
    """Seconds that pass when somebody waits."""

    BEGIN_S: Final = 1000.0

    def __init__(self) -> None:
        self.now_s = self.BEGIN_S

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += max(0.0, seconds)


class NoAnswer:
    """A link on which nothing that is meant for us ever comes: silence, or a stream without end."""

    def __init__(self, passing: Time, babble: Babble | None, bytes_a_second: float) -> None:
        self.url = "memory:"
        self._time, self._babble, self._rate = passing, babble, bytes_a_second
        self._heard_s = passing.now_s

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, data: bytes) -> None: ...

    def discard_input(self) -> None:
        self._heard_s = self._time.now_s

    def set_baud(self, baud: int) -> None: ...

    def read(self, size: int, timeout_s: float) -> bytes:
        if self._babble is None:
            self._time.sleep(timeout_s)
            return b""
        if self._time.now_s > Time.BEGIN_S + FOR_EVER_S:
            raise LinkLost("the test has heard enough")
        first_s = self._heard_s + 1 / self._rate
        self._time.sleep(min(timeout_s, first_s - self._time.now_s))
        arrived = min(size, int((self._time.now_s - self._heard_s) * self._rate + 1e-6))
        self._heard_s += arrived / self._rate
        return self._babble(arrived)


def waits_s(kind: Kind, babble: Babble | None, bytes_a_second: float = 1.0) -> float:
    """Return how long a driver waits for its status on such a wire, in its own time."""
    passing = Time()
    link: Any = NoAnswer(passing, babble, bytes_a_second)
    with passing_in_drivers(passing):
        driver = kind.driver(dict.fromkeys(kind.wires, link))
        begun_s = passing.now_s
        for ask in (driver.open, driver.status):
            try:
                ask()
            except (DeviceError, LinkLost):
                continue
        return passing.now_s - begun_s


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_wire_holds_a_driver_beyond_its_time(name: str, counted: Counted) -> None:
    silent_s = waits_s(KINDS[name], None)
    assert 0 < silent_s < LONGEST_S
    chance = random.Random(7)
    babbles: dict[str, Babble] = {
        "zeros": bytes,
        "starts": lambda size: (b"\xaa\xaa\xaa\x96\x69" * size)[:size],
        "chance": chance.randbytes,
        "lines": lambda size: (b"?\r\n" * size)[:size],
    }
    babbled = {
        f"{word} at {rate} a second": waits_s(KINDS[name], babble, rate)
        for word, babble in babbles.items()
        for rate in RATES
    }
    counted(f"{name}: silence {silent_s:.1f} s, babble at most {max(babbled.values()):.1f} s")
    assert not {word: seconds for word, seconds in babbled.items() if seconds > silent_s * 1.1 + SLACK_S}


@contextmanager
def passing_in_drivers(passing: Time) -> Iterator[None]:
    """Have every module of ``devices`` tell and spend ``passing`` time, defaults of arguments included."""
    for found in pkgutil.walk_packages(devices.__path__, "devices."):
        importlib.import_module(found.name)
    instead = {time.monotonic: passing.monotonic, time.sleep: passing.sleep}
    clock = SimpleNamespace(monotonic=passing.monotonic, sleep=passing.sleep)
    changed: list[tuple[FunctionType, Any, Any]] = []
    mocks = []
    for name, module in list(sys.modules.items()):
        if not name.startswith("devices."):
            continue
        if getattr(module, "time", None) is time:
            mocks.append(mock.patch.object(module, "time", clock))
        for function in _functions(module):
            changed.append((function, function.__defaults__, function.__kwdefaults__))
            function.__defaults__ = _with(function.__defaults__, instead)
            if function.__kwdefaults__:
                names = tuple(function.__kwdefaults__)
                values = _with(tuple(function.__kwdefaults__.values()), instead)
                function.__kwdefaults__ = dict(zip(names, values or (), strict=True))
    for one in mocks:
        one.start()
    try:
        yield
    finally:
        for one in mocks:
            one.stop()
        for function, defaults, keywords in changed:
            function.__defaults__, function.__kwdefaults__ = defaults, keywords


def _with(defaults: tuple[Any, ...] | None, instead: dict[Any, Any]) -> tuple[Any, ...] | None:
    if defaults is None:
        return None
    return tuple(instead.get(value, value) if callable(value) else value for value in defaults)


def _functions(module: Any) -> Iterator[FunctionType]:
    for thing in list(vars(module).values()):
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if isinstance(thing, FunctionType):
            yield thing
        elif isinstance(thing, type):
            yield from (part for part in vars(thing).values() if isinstance(part, FunctionType))

"""A module's wire, and hearing on it frames mixed with single control bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from devices.base import Fault, StaffAction
from devices.link import Link
from devices.wired import Wired

_QUIET_S: Final = 0.03  # some thirty characters at 9600 baud
_BABBLE: Final = 4096
_DRAIN_S: Final = 0.5  # the rest of the longest frame at 9600 baud

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Timing:
    """Monotonic seconds and pauses; a test puts its own in."""

    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


class Wire(Wired):
    """The link of ``device``'s part ``module``. All methods raise ``Fault`` noDevice when it is gone."""

    def __init__(self, link: Link, device: str, module: str, timing: Timing) -> None:
        super().__init__(link, device)
        self.module: Final = module
        self.timing: Final = timing

    def send(self, data: bytes) -> None:
        with self._wire() as link:
            link.write(data)

    def receive(self, timeout_s: float) -> bytes:
        """Return what has arrived, ``b""`` when ``timeout_s`` went by in silence."""
        with self._wire() as link:
            return link.read(_BABBLE, timeout_s)

    def discard_input(self) -> None:
        with self._wire() as link:
            link.discard_input()

    def silent(self, detail: str) -> Fault:
        """Return the fault of a module that does not answer."""
        return self._silent(f"{self.module}: {detail}")

    def garbled(self, detail: str) -> Fault:
        """Return the fault of a module whose answers can't be read."""
        return Fault(self.name, "invalidData", StaffAction.MAINTENANCE, f"{self.module}: {detail}")


@dataclass(frozen=True, slots=True)
class Grammar(Generic[E]):
    """What may be heard: frames that begin with ``start``, single ``signs``, and nothing else.

    ``cut`` returns the frame at the front of the buffer and its size, or None when more must come. It
    returns ``damaged`` for what is no frame after all.
    """

    start: int
    signs: Mapping[int, E]
    unknown: E
    damaged: E
    cut: Callable[[bytes], tuple[E, int] | None]


class Parser(Generic[E]):
    """Cuts what arrives, in whatever pieces, into what the grammar knows."""

    def __init__(self, grammar: Grammar[E]) -> None:
        self._grammar = grammar
        self._buffer = bytearray()

    @property
    def midway(self) -> bool:
        """Tell whether a frame has begun and not ended."""
        return bool(self._buffer)

    def clear(self) -> None:
        self._buffer.clear()

    def feed(self, data: bytes) -> list[E]:
        """Return what ``data`` completes, in order."""
        self._buffer += data
        heard: list[E] = []
        while self._buffer:
            if self._buffer[0] != self._grammar.start:
                heard.append(self._grammar.signs.get(self._buffer.pop(0), self._grammar.unknown))
            elif (cut := self._grammar.cut(bytes(self._buffer))) is not None:
                heard.append(cut[0])
                del self._buffer[: cut[1]]
            else:
                break
        return heard


class Ear(Generic[E]):
    """Hears one thing after the other on a wire."""

    def __init__(self, wire: Wire, grammar: Grammar[E]) -> None:
        self._wire = wire
        self._damaged = grammar.damaged
        self._parser = Parser(grammar)
        self._heard: list[E] = []

    def next(self, timeout_s: float) -> E | None:
        """Return the next thing, None after silence; half a frame and then silence is a damaged one."""
        while not self._heard and (data := self._wire.receive(timeout_s)):
            self._heard = self._parser.feed(data)
        if self._heard:
            return self._heard.pop(0)
        if self._parser.midway:
            self._parser.clear()
            return self._damaged
        return None

    def within(self, timeout_s: float) -> Iterator[E]:
        """Yield what is heard, until silence or until ``timeout_s`` are over, however much still comes."""
        now = self._wire.timing.now
        deadline = now() + timeout_s
        while (left_s := deadline - now()) > 0 and (event := self.next(left_s)) is not None:
            yield event

    def forget(self) -> None:
        """Forget all that has arrived."""
        self._heard.clear()
        self._parser.clear()
        self._wire.discard_input()

    def drain(self) -> None:
        """Let what is still coming of a damaged frame go by, until the wire is quiet."""
        self._heard.clear()
        self._parser.clear()
        passed, deadline = 0, self._wire.timing.now() + _DRAIN_S
        while data := self._wire.receive(_QUIET_S):
            passed += len(data)
            if passed > _BABBLE or self._wire.timing.now() > deadline:
                raise self._wire.garbled("does not stop sending")

"""Who does at the unit what a program cannot: the bench's world, or a person who is asked on the terminal."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final, Protocol, TextIO

from simulators.bench import Bench

LOOK_EVERY_S: Final = 0.2
ON_BENCH_WITHIN_S: Final = 20.0

Happened = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person does: how they are asked for it, and how the bench does it."""

    asked: str
    on_bench: Callable[[Bench], object]


class NotDone(Exception):
    """The person did not do it, or did not want to: the criterion is not tested."""


class Person(Protocol):
    """Acts at the unit."""

    def do(self, act: Act, until: Happened | None = None) -> None:
        """Have it done; return when it is done or, with ``until``, when the unit has noticed.

        Raises ``NotDone``.
        """
        ...

    def confirms(self, question: str, on_bench: Callable[[Bench], bool]) -> bool:
        """Ask what only eyes can tell. Raises ``NotDone``."""
        ...


class BenchPerson:
    """Acts in the simulated world."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def do(self, act: Act, until: Happened | None = None) -> None:
        act.on_bench(self._bench)
        deadline_s = time.monotonic() + ON_BENCH_WITHIN_S
        while until is not None and not until():
            if time.monotonic() > deadline_s:
                raise AssertionError(f"the unit did not notice within {ON_BENCH_WITHIN_S} s: {act.asked}")
            time.sleep(0.01)

    def confirms(self, question: str, on_bench: Callable[[Bench], bool]) -> bool:
        return on_bench(self._bench)


class TerminalPerson:
    """Somebody before a terminal and a real unit, who has ``within_s`` seconds for each thing.

    ``aside`` gives the time in which the terminal is not caught by the test runner.
    """

    def __init__(
        self,
        within_s: float,
        asks: TextIO | None = None,
        answers: TextIO | None = None,
        aside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._within_s = within_s
        self._asks = asks or sys.__stdout__
        self._answers = answers or sys.__stdin__
        self._aside = aside

    def do(self, act: Act, until: Happened | None = None) -> None:
        how = "done" if until is None else "if the unit does not notice by itself"
        with self._aside():
            self._say(f"\n>>> {act.asked}\n    [{self._within_s:.0f} s; Enter: {how}; s: skip] ")
            deadline_s = time.monotonic() + self._within_s
            while until is None or not until():
                answer = self._answer(LOOK_EVERY_S)
                if answer == "s":
                    raise NotDone(f"skipped: {act.asked}")
                if answer is not None and until is None:
                    return
                if answer is not None and not self._noticed(until):
                    raise AssertionError(f"done, but the unit did not notice: {act.asked}")
                if time.monotonic() > deadline_s:
                    raise NotDone(f"not done within {self._within_s:.0f} s: {act.asked}")
            self._say("noticed\n")

    def confirms(self, question: str, on_bench: Callable[[Bench], bool]) -> bool:
        with self._aside():
            self._say(f"\n??? {question}\n    [{self._within_s:.0f} s; y or n; s: skip] ")
            deadline_s = time.monotonic() + self._within_s
            while time.monotonic() < deadline_s:
                answer = self._answer(LOOK_EVERY_S)
                if answer == "s":
                    raise NotDone(f"skipped: {question}")
                if answer in ("y", "n"):
                    return answer == "y"
        raise NotDone(f"no answer: {question}")

    @staticmethod
    def _noticed(until: Happened | None) -> bool:
        """Give the unit a little time after somebody says that it is done."""
        for _ in range(10):
            if until is None or until():
                return True
            time.sleep(LOOK_EVERY_S)
        return False

    def _say(self, text: str) -> None:
        if self._asks is not None:
            self._asks.write(text)
            self._asks.flush()

    def _answer(self, timeout_s: float) -> str | None:
        """Return the line that was typed, None when none came; raises ``NotDone`` when nobody can type."""
        if self._answers is None:
            raise NotDone("there is no terminal")
        ready, _, _ = select.select([self._answers], [], [], timeout_s)
        if not ready:
            return None
        line = self._answers.readline()
        if not line:
            raise NotDone("the terminal is closed")
        return line.strip().lower()

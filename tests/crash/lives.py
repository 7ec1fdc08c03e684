"""The lives of a kiosk's core: begun, killed at any moment, begun again, until one may come home."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from devices.base import DeviceError
from kiosk.http import Refused
from kiosk.journal.verify import verify_file
from tests.crash import core
from tests.crash.hall import Hall
from tests.forking import FORKING, start

MOST_QUESTIONS: Final = 45
"""A life ends after so many questions at most, which is about one visit and the recovery of another."""
LONGEST_MOMENT_S: Final = 0.01
"""… and after a moment of so long at most, in which whatever stands between two questions is struck."""
LIVES_OF_ONE: Final = 20
"""So often one journal's kiosk is killed, before it is looked at as a whole."""
HOME_S: Final = 60.0
MEMORY: Final = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
"""A kill leaves the page cache alone, so that no disk is waited for; power cuts are ``tests/power``'s."""


@dataclass(slots=True)
class Told:
    """What became of many kills. ``struck`` are the questions that the core was about to be answered."""

    kills: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    recovered: int = 0
    most_starts: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        visits = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return (
            f"{self.kills} kills, between {len(self.struck)} kinds of questions, "
            f"{self.recovered} visits recovered, most starts {self.most_starts}; visits: {visits}; "
            f"{len(self.wrong)} wrong"
        )


def kill(count: int, seed: int) -> Told:
    """Kill cores ``count`` times at any moment, and tell how it went."""
    chance, told = random.Random(seed), Told()
    while told.kills < count:
        _one_journal(min(LIVES_OF_ONE, count - told.kills), chance, told)
    return told


def _one_journal(lives: int, chance: random.Random, told: Told) -> None:
    hall = Hall(chance)
    with tempfile.TemporaryDirectory(prefix="lives-", dir=MEMORY) as folder:
        for _ in range(lives):
            told.struck[live(hall, Path(folder), chance)] += 1
            told.kills += 1
        hall.open = False
        live(hall, Path(folder), None)
        report = verify_file(Path(folder) / "journal.db", core.KEY)
    told.wrong += [*hall.wrong, *report.faults, *(f"{number} can still be paid" for number in hall.orphans())]
    told.outcomes.update(hall.judged)
    told.recovered += hall.recovered
    told.most_starts = max(told.most_starts, hall.most_starts)


def live(hall: Hall, folder: Path, chance: random.Random | None) -> str:
    """Let one core live, and kill it by ``chance``; return the question that it asked last.

    Raises ``TimeoutError`` for one that may come home and does not, ``ChildProcessError`` for one that ended
    otherwise than it should.
    """
    ours, theirs = FORKING.Pipe()
    process = FORKING.Process(target=core.live, args=(theirs, folder))
    start(process)
    theirs.close()
    questions = chance.randint(1, MOST_QUESTIONS) if chance else -1
    end_s, asked = time.monotonic() + HOME_S, ""
    while ours.poll(max(0.0, end_s - time.monotonic())):
        try:
            asked = _answer(hall, ours)
        except EOFError:
            break
        questions -= 1
        if chance and questions == 0:
            end_s = time.monotonic() + chance.uniform(0, LONGEST_MOMENT_S)
    else:
        if chance is None:
            process.kill()
            raise TimeoutError(f"not home within {HOME_S} s; the last question was {asked}")
        process.kill()
    process.join()
    ours.close()
    if process.exitcode != (-9 if chance else 0):
        raise ChildProcessError(f"the core ended with {process.exitcode}; its last question was {asked}")
    return asked


def _answer(hall: Hall, line: Connection) -> str:
    who, method, args, more = line.recv()
    try:
        answer = hall.answer(who, method, args, more)
    except (DeviceError, Refused) as error:
        line.send(core.told(error))
    else:
        line.send((None, answer))
    return f"{who}.{method}"

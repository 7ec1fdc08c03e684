"""Scenarios in the panel: one is picked, played before one's eyes, step by step if wanted, and judged.

They are the files of ``simulators/scenarios``, played by ``simulators.scenario`` as everywhere; only the
stand is the panel's own, and somebody is told of each move before it is made.
"""

from __future__ import annotations

import dataclasses
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulators import judge, scenario
from simulators.judge import STRINGS
from simulators.kiosk_link import KioskGone
from simulators.panel.live_stand import LiveStand, Move, Stopped
from simulators.people import Persona
from simulators.scenario import Director
from simulators.scenario_file import Scenario, Step, load_all
from simulators.stand import NotReady

PACE_S: Final = 1.2
"""How long a person can look at a move before it is made."""
VISIT_S: Final = 3600.0
STAY_S: Final = 1.0
MOVES_KEPT: Final = 200


class Busy(Exception):
    """Not now: a scenario is being played, or none is, or the kiosk is not the panel's to drive."""


class NoScenario(Exception):
    """No scenario has this name."""


def listed(people: Mapping[str, Persona]) -> list[dict[str, Any]]:
    """Return every scenario of the files: name, titles, service, who comes, what is done, how it must end.

    ``titles`` are the scenario's in each language; ``services`` the service's, as the kiosk's own files say
    them.
    """
    titles = {file.stem: tomllib.loads(file.read_text("utf-8")) for file in STRINGS.glob("*.toml")}
    return [
        {
            "name": one.name,
            "titles": _titles(one),
            "service": one.citizen.service,
            "services": {
                language: table.get(one.citizen.service, {}).get("title", one.citizen.service)
                for language, table in titles.items()
            },
            "persona": one.citizen.persona,
            "who": people[one.citizen.persona].title if one.citizen.persona in people else "",
            **_script(one),
            "expect": [_plain(finding) for finding in judge.so_far(one.expect, (), set())],
        }
        for one in load_all()
    ]


class Theatre:
    """Plays one scenario at a time; ``told`` is what can be seen of it from the seats.

    ``stand`` makes the stand, given who is told of each move; it raises ``Busy`` where the kiosk was
    started by somebody else.
    """

    def __init__(self, stand: Callable[[Callable[[Move], None]], LiveStand]) -> None:
        self._make_stand = stand
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stand: LiveStand | None = None
        self._told: dict[str, Any] = {"state": "none"}
        self._stepping = self._go_on = self._stopped = False
        self._pace_s = PACE_S
        self._page: Mapping[str, Any] = {}
        self._last: tuple[int, Move] | None = None

    def play(self, name: str, *, stepping: bool, pace_s: float = PACE_S) -> None:
        """Begin a scenario; raises ``NoScenario``, ``Busy``."""
        chosen = next((one for one in load_all() if one.name == name), None)
        if chosen is None:
            raise NoScenario(f"no scenario is called {name!r}")
        with self._changed:
            if self._thread is not None:
                raise Busy("a scenario is being played")
            stand = self._make_stand(self._before)
            self._stand, self._stepping, self._pace_s = stand, stepping, pace_s
            self._go_on = self._stopped = False
            self._page, self._last = {}, None
            self._told = {
                "state": "preparing",
                "name": chosen.name,
                "titles": _titles(chosen),
                "stepping": stepping,
                "held": False,
                "moves": [],
                "made": 0,
                "page": "",
                "done": [],
                **_script(chosen),
                "findings": [_plain(one) for one in judge.so_far(chosen.expect, (), set())],
                "why": "",
            }
            self._thread = threading.Thread(
                target=self._perform, args=(chosen, stand), name="theatre", daemon=True
            )
            self._thread.start()

    def step(self, *, stepping: bool) -> None:
        """Make the move that is held up; go on by steps, or at the chosen pace from here.

        Raises ``Busy`` when nothing is played.
        """
        with self._changed:
            if self._thread is None:
                raise Busy("no scenario is being played")
            self._stepping, self._go_on = stepping, True
            self._tell(stepping=stepping)
            self._changed.notify_all()

    def stop(self) -> None:
        """End the performance where it stands, and wait until it has; the kiosk stays as it is."""
        with self._changed:
            thread, stand = self._thread, self._stand
            self._stopped = True
            self._changed.notify_all()
        if stand is not None:
            stand.stop()
        if thread is not None:
            thread.join()

    def told(self) -> dict[str, Any]:
        """Return what is played, the moves so far, which is held up, and what holds."""
        with self._changed:
            return {**self._told, "moves": list(self._told.get("moves", ()))}

    # --- the performance, on a thread of its own ---------------------------------------------------

    def _perform(self, chosen: Scenario, stand: LiveStand) -> None:
        director = Director(chosen, stand, stand.hands, self._watch)
        state, why = "over", ""
        try:
            found = scenario.perform(chosen, stand, director, stand.hands, VISIT_S)
            self._tell(findings=[_plain(one) for one in found])
        except Stopped:
            state = "stopped"
        except (NotReady, KioskGone) as error:
            state, why = "failed", str(error)
        finally:
            stand.close()
            with self._changed:
                if self._stopped:
                    state, why = "stopped", ""
                self._told |= {"state": state, "why": why, "held": False, "made": len(self._told["moves"])}
                self._thread = self._stand = None

    def _watch(self, director: Director, page: dict[str, Any]) -> None:
        expect = director.scenario.expect
        self._page = page
        self._tell(
            state="playing",
            page=str(page["prompt"]["name"]),
            done=sorted(director.done),
            findings=[_plain(one) for one in judge.so_far(expect, director.prompts, director.said)],
        )

    def _before(self, move: Move) -> None:
        """Tell of a move and hold it up: until the tester goes on, or as long as it takes to see it."""
        with self._changed:
            if self._stopped:
                raise Stopped
            again = (int(self._page.get("number", 0)), move)
            if again == self._last:
                return  # what was not possible a moment ago is tried once more
            self._last = again
            moves: list[dict[str, Any]] = self._told["moves"]
            moves.append({"page": self._told["page"], **dataclasses.asdict(move)})
            del moves[:-MOVES_KEPT]
            self._told["made"] = len(moves) - 1
        if self._waits_for_nobody():
            return
        if self._stepping:
            self._hold()
        else:
            self._pause()

    def _waits_for_nobody(self) -> bool:
        """Tell whether the kiosk is at work: it would go on while the move is held up."""
        return bool(self._page and self._page["prompt"]["kind"] == "working")

    def _hold(self) -> None:
        with self._changed:
            self._go_on = False
            self._tell(held=True)
        while True:
            with self._changed:
                over = self._changed.wait_for(lambda: self._go_on or self._stopped, STAY_S)
                if over:
                    self._tell(held=False)
                    if self._stopped:
                        raise Stopped
                    return
                stand = self._stand
            if stand is not None:
                stand.stay()

    def _pause(self) -> None:
        over_s = time.monotonic() + self._pace_s
        with self._changed:
            if self._changed.wait_for(lambda: self._stopped, max(0.0, over_s - time.monotonic())):
                raise Stopped

    def _tell(self, **what: Any) -> None:
        with self._changed:
            self._told |= what


def _titles(one: Scenario) -> dict[str, str]:
    return {"zh-CN": one.title_zh or one.title, "en": one.title}


def _script(one: Scenario) -> dict[str, Any]:
    """Return what the file has done, and when: plain values."""
    return {
        "before": [_plain_step(step) for step in one.before],
        "when": [
            {
                "prompt": when.prompt,
                "said": when.said,
                "time": when.time,
                "every": when.every,
                "do": [_plain_step(step) for step in when.do],
            }
            for when in one.when
        ],
        "failpoint": one.failpoint,
    }


def _plain_step(step: Step) -> dict[str, Any]:
    return {"kind": step.kind, "what": step.what, "more": dict(step.more)}


def _plain(finding: judge.Finding) -> dict[str, Any]:
    return {
        "what": finding.what,
        "wanted": finding.wanted,
        "holds": finding.holds,
        "otherwise": finding.otherwise if finding.holds is False else "",
    }

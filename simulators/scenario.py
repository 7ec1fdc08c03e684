"""``python -m simulators.scenario [FILES] [--junit OUT.xml]``: play scenarios and judge how they ended."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from simulators import judge
from simulators.citizen import Citizen
from simulators.control_client import Refused, World
from simulators.hands import DataHands, Hands
from simulators.kiosk_link import KioskGone
from simulators.scenario_file import FOLDER, Scenario, ScenarioError, Step, When, load, load_all
from simulators.stand import FIRST_PAGES, NotReady, Stand

VISIT_S: Final = 90.0
RECOVERY_S: Final = 60.0


class PowerCut(Exception):
    """The kiosk has been killed, as the scenario wanted it."""


class Director:
    """Sees every page with the citizen and has the scenario's steps done at their time."""

    def __init__(
        self,
        scenario: Scenario,
        stand: Stand,
        hands: Hands | None = None,
        watching: Watching | None = None,
    ) -> None:
        self.scenario, self._stand = scenario, stand
        self._hands, self._watching = hands, watching
        self._seen: dict[str, int] = {}
        self._shown: tuple[int, str] | None = None
        self.done: set[int] = set()
        """The numbers of the ``when`` that had their moment."""
        self.prompts: list[str] = []
        self.said: set[str] = set()

    def __call__(self, page: dict[str, Any]) -> bool:
        """Do what the scenario says at this page; returns whether the citizen goes on as usual."""
        prompt = page["prompt"]
        name, keys = str(prompt["name"]), set(keys_of(prompt))
        self.said |= keys
        shown = (page["number"], str((prompt.get("trouble") or {}).get("key", "")))
        new = shown != self._shown
        if new:
            self._shown = shown
            self._seen[name] = self._seen.get(name, 0) + 1
            if not self.prompts or self.prompts[-1] != name:
                self.prompts.append(name)
        if self._watching is not None:
            self._watching(self, page)
        obvious = True
        for number, when in enumerate(self.scenario.when):
            if self._is_now(number, when, name, keys, new):
                self.done.add(number)
                obvious = obvious and when.obvious and all(step.kind != "answer" for step in when.do)
                for step in when.do:
                    do(step, self._stand, page, self._hands)
        return obvious

    def _is_now(self, number: int, when: When, name: str, keys: set[str], new: bool) -> bool:
        if number in self.done and not (when.every and new):
            return False
        if when.said:
            return when.said in keys
        return new and when.prompt == name and (when.every or self._seen[name] == when.time)

    def left_undone(self) -> list[str]:
        """Return the prompts and sentences at which something should have been done, and that never came."""
        return [
            when.prompt or when.said
            for number, when in enumerate(self.scenario.when)
            if number not in self.done
        ]


Watching = Callable[[Director, dict[str, Any]], None]
"""Is told each page with the director, before anything of the scenario is done there."""


def do(step: Step, stand: Stand, page: dict[str, Any] | None = None, hands: Hands | None = None) -> None:
    """Do one step; what the world refuses is not done. Answers go by ``hands``, else by data."""
    match step.kind:
        case "act":
            shown = {"code": page["prompt"].get("code")} if page and step.what == "scan_qr" else {}
            _try(stand.world, str(step.what), {**shown, **step.more})
        case "fault":
            stand.world.fault(fault=step.what, **step.more)
        case "clear":
            stand.world.clear_faults(str(step.what))
        case "answer" if page is not None:
            (hands or DataHands(stand.link)).press(page["number"], str(step.what), step.more.get("value"))
        case "noticed":
            stand.until(lambda: step.what in stand.unusable(), f"{step.what} out of order")
        case "pause_s":
            time.sleep(float(step.what))
        case "power":
            stand.cut_power()
            raise PowerCut


def play(scenario: Scenario, stand: Stand) -> list[str]:
    """Play a scenario on a stand; returns what was not as it must be, nothing when all was well.

    Raises ``NotReady`` when the stand cannot be brought in order before the visit.
    """
    director = Director(scenario, stand)
    wrong = [one.otherwise for one in perform(scenario, stand, director) if not one.holds]
    return [*wrong, f"prompts {director.prompts}"] if wrong else []


def perform(
    scenario: Scenario,
    stand: Stand,
    director: Director,
    hands: Hands | None = None,
    visit_s: float = VISIT_S,
) -> list[judge.Finding]:
    """Play a scenario on a stand with ``director``; returns everything that must be true, and whether it is.

    Raises ``NotReady`` when the stand cannot be brought in order before the visit.
    """
    stand.prepare()
    stand.order_failpoint(scenario.failpoint)
    scene = judge.Scene.before(stand)
    for step in scenario.before:
        do(step, stand)
    if scenario.before:
        stand.link.begin_now()
    citizen = Citizen(
        stand.link, hands or DataHands(stand.link), stand.world, scenario.citizen, director=director
    )
    try:
        report = citizen.visit(timeout_s=visit_s)
    except PowerCut:
        report = _recovered(scenario, stand)
    except KioskGone as gone:
        if not scenario.failpoint or stand.kiosk.died() != -signal.SIGKILL:
            return [_ended(scenario, f"the kiosk ended: {gone} {stand.kiosk.last_words()}")]
        stand.cut_power()
        report = _recovered(scenario, stand)
    except TimeoutError as late:
        return [_ended(scenario, f"the visit does not end: {late}")]
    undone = [
        judge.Finding("done", name, False, f"nothing was done at {name}, it never came")
        for name in director.left_undone()
    ]
    found = judge.findings(scenario, stand, report, scene, director.prompts, director.said)
    return [*undone, *found]


def _ended(scenario: Scenario, why: str) -> judge.Finding:
    return judge.Finding("outcome", scenario.expect.outcome, False, why)


def _recovered(scenario: Scenario, stand: Stand) -> dict[str, Any]:
    """Start the kiosk again and take the permit when it comes; returns what recovery reports."""
    stand.order_failpoint("")
    stand.start_kiosk()
    takes = not scenario.citizen.forgets_permit

    def ended() -> bool:
        if takes and stand.world.state()["permit"]["where"] == "gate":
            _try(stand.world, "take_permit", {})
        return stand.page()["prompt"]["name"] in FIRST_PAGES

    stand.until(ended, "first page after the power cut", RECOVERY_S)
    reports: list[dict[str, Any]] = stand.link.ask("reports")
    if not reports:
        return {"outcome": "none", "reason": "", "prompts": []}
    return reports[-1]


def _try(world: World, act: str, arguments: Any) -> None:
    try:
        world.do(act, **arguments)
    except Refused:
        return


def keys_of(value: Any) -> Iterator[str]:
    """Yield the key of every sentence in a prompt, those within others too."""
    if isinstance(value, dict):
        if isinstance(value.get("key"), str) and isinstance(value.get("args"), dict):
            yield value["key"]
        for part in value.values():
            yield from keys_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from keys_of(part)


def play_all(
    scenarios: Sequence[Scenario], told: Callable[[Scenario, list[str], float], None]
) -> ElementTree.Element:
    """Play scenarios on one stand; returns the results in JUnit's form."""
    suite = ElementTree.Element("testsuite", name="scenarios", tests=str(len(scenarios)))
    failures = 0
    with Stand() as stand:
        for scenario in scenarios:
            begun_s = time.monotonic()
            try:
                wrong = play(scenario, stand)
            except (NotReady, KioskGone, Refused) as error:
                wrong = [f"{type(error).__name__}: {error}"]
            seconds = time.monotonic() - begun_s
            if wrong or not judge.may_go_on(scenario):
                stand.close()
            case = ElementTree.SubElement(
                suite, "testcase", classname="scenario", name=scenario.name, time=f"{seconds:.3f}"
            )
            if wrong:
                failures += 1
                ElementTree.SubElement(case, "failure", message=wrong[0]).text = "\n".join(wrong)
            told(scenario, wrong, seconds)
    suite.set("failures", str(failures))
    return suite


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 when all went as it must."""
    parser = argparse.ArgumentParser(prog="python -m simulators.scenario", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help=f"scenario files (all of {FOLDER.name}/)")
    parser.add_argument("--junit", type=Path, metavar="OUT.xml", help="write the results in JUnit's form")
    options = parser.parse_args(arguments)
    try:
        scenarios = [one for file in options.files for one in load(file)] if options.files else load_all()
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2

    def told(scenario: Scenario, wrong: list[str], seconds: float) -> None:
        print(f"{'FAILED' if wrong else 'ok':6} {scenario.name:40} {seconds:5.1f} s  {scenario.title}")
        for line in wrong:
            print(f"       {line}")
        sys.stdout.flush()

    suite = play_all(scenarios, told)
    if options.junit:
        ElementTree.ElementTree(suite).write(options.junit, "utf-8", xml_declaration=True)
    return 1 if int(suite.get("failures", "0")) else 0


if __name__ == "__main__":
    sys.exit(main())

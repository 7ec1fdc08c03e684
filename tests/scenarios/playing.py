"""Playing scenarios as tests: four files share them, so that as many workers can play at once."""

from __future__ import annotations

from typing import Final

from simulators import judge
from simulators.kiosk_link import KioskGone
from simulators.scenario import play
from simulators.scenario_file import Scenario, load_all
from simulators.stand import NotReady, Stand

OF_DEVICES = ("camera", "chip", "document", "face", "finger", "id-card", "permit", "receipt", "strip", "worn")
VISITS, DEVICES, PAPERS, DESKS = "visits", "devices", "papers", "desks"
BY_SERVICE: Final = {
    "certificates": PAPERS,
    "guide": PAPERS,
    "progress": PAPERS,
    "pick-up": DESKS,
    "traffic-violations": DESKS,
}
"""Which file plays what a citizen wants, unless it begins with a device's trouble; the others are visits."""


def scenarios(share: str) -> list[Scenario]:
    """Return those of a share: each scenario has one."""
    return [one for one in load_all() if _share(one) == share]


def must_go_well(scenario: Scenario, stand: Stand) -> None:
    """Play and judge; the next scenario gets a new stand when this one left something open."""
    try:
        wrong = play(scenario, stand)
    except (NotReady, KioskGone) as error:
        wrong = [str(error)]
    if wrong or not judge.may_go_on(scenario):
        stand.close()
    assert not wrong, "\n".join(wrong)


def _share(scenario: Scenario) -> str:
    if scenario.name.startswith(OF_DEVICES):
        return DEVICES
    return BY_SERVICE.get(scenario.citizen.service, VISITS)

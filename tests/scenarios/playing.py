"""Playing scenarios as tests: two files share them, so that two workers can play at once."""

from __future__ import annotations

from simulators import judge
from simulators.kiosk_link import KioskGone
from simulators.scenario import play
from simulators.scenario_file import Scenario, load_all
from simulators.stand import NotReady, Stand

OF_DEVICES = ("camera", "chip", "document", "face", "finger", "id-card", "permit", "receipt", "strip", "worn")


def scenarios(*, of_devices: bool) -> list[Scenario]:
    """Return those that begin with a device's trouble, or all the others."""
    return [one for one in load_all() if one.name.startswith(OF_DEVICES) is of_devices]


def must_go_well(scenario: Scenario, stand: Stand) -> None:
    """Play and judge; the next scenario gets a new stand when this one left something open."""
    try:
        wrong = play(scenario, stand)
    except (NotReady, KioskGone) as error:
        wrong = [str(error)]
    if wrong or not judge.may_go_on(scenario):
        stand.close()
    assert not wrong, "\n".join(wrong)

"""Scenarios in the panel: the files of the folder, played on its kiosk, here without a window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.bench import Bench
from simulators.kiosk_link import KioskProcess
from simulators.panel import theatre
from simulators.panel.live_stand import _with_next_id
from simulators.scenario_file import load, load_all
from tests.simulators.test_panel import Client

UNDER_WAY = ("preparing", "playing")
PLAYED_S = 120.0
"""Far more than any of these plays takes; news come as often as anything changes, so they are not counted."""


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with (
        pytest.MonkeyPatch.context() as patch,
        Bench(tmp_path_factory.mktemp("theatre"), hasty=True) as bench,
    ):
        patch.delenv("DISPLAY", raising=False)
        yield Client(bench)


def begin(seat: Client, name: str, *, stepping: bool = False, pace_s: float = 0) -> None:
    answer = seat.post("do/play", {"name": name, "stepping": stepping, "pace_s": pace_s})
    assert answer.status_code == 200, answer.text


def seen(seat: Client, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Follow the performance until ``met``; returns what is told then."""
    play: dict[str, Any] = {}
    for told in news(seat):
        if "play" in told:
            play = told["play"]
            if met(play):
                return play
            assert play["state"] in UNDER_WAY, f"over before it came: {play}"
    raise AssertionError(f"it never came: {play}")


def news(seat: Client) -> Iterator[dict[str, Any]]:
    """Yield what is told, as it is told, as long as a play may take."""
    versions: dict[str, str] = {}
    until_s = time.monotonic() + PLAYED_S
    while time.monotonic() < until_s:
        told = seat.news(**versions)
        versions = told["seen"]
        yield told


def held_at(seat: Client, count: int) -> dict[str, Any]:
    """Wait until the ``count``-th move is held up."""
    return seen(seat, lambda play: bool(play["held"]) and len(play["moves"]) == count)


def played(seat: Client) -> dict[str, Any]:
    return seen(seat, lambda play: play["state"] not in UNDER_WAY)


def shows(seat: Client, name: str) -> dict[str, Any]:
    """Wait until the panel, which follows the kiosk over a link of its own, shows the page; returns it."""
    shown: list[str] = []
    for told in news(seat):
        if page := told.get("kiosk", {}).get("page"):
            if page["prompt"]["name"] == name:
                return dict(page)
            shown.append(page["prompt"]["name"])
    raise AssertionError(f"{name} was never shown, but {shown}")


def moves(play: dict[str, Any]) -> list[str]:
    return [f"{move['kind']} {move['what']}" for move in play["moves"]]


def broken(play: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in play["findings"] if one["holds"] is not True]


def test_what_can_be_played_are_the_files(seat: Client) -> None:
    listed = {one["name"]: one for one in seat.get("ask/scenarios").json()}
    files = {one.name: one for one in load_all()}
    assert set(listed) == set(files)
    assert len(listed) > 20
    titles = {name: {"zh-CN": one.title_zh, "en": one.title} for name, one in files.items()}
    assert {name: one["titles"] for name, one in listed.items()} == titles
    declined = listed["pay-declined"]
    assert "李文静" in declined["who"]
    assert [(when["prompt"], when["do"][0]["more"]) for when in declined["when"]] == [
        ("pay-at-terminal", {"result": "decline"})
    ]


def test_a_scenario_is_played_watched_and_judged(seat: Client) -> None:
    begin(seat, "pay-declined", stepping=True)
    assert seat.post("do/play", {"name": "pay-declined", "stepping": False, "pace_s": 0}).status_code == 409
    on_the_way = held_at(seat, 1)
    shown = [one for one in on_the_way["findings"] if one["what"] == "shown"]
    assert {one["holds"] for one in shown} == {None}, "nothing of it has come yet, and all can still come"
    seat.post("do/step", {"stepping": False})
    play = played(seat)
    assert (play["state"], broken(play)) == ("over", [])
    assert play["done"] == [0]
    assert moves(play)[:4] == ["act persona", "press begin", "press choose", "press begin"]
    assert moves(play).count("act pay") == 2
    assert {"outcome", "shown", "paid_fen", "invariant", "clean"} <= {one["what"] for one in play["findings"]}


def test_what_does_not_hold_is_told_with_what_is_there_instead(
    seat: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mistaken.toml"
    file.write_text(
        'title = "Expects what will not be"\n[[when]]\nprompt = "leaflet"\ndo = [{ answer = "cancel" }]\n'
        '[expect]\noutcome = "delivered"\npermit = "pocket"\nnever = ["leaflet"]\n',
        "utf-8",
    )
    monkeypatch.setattr(theatre, "load_all", lambda: load(file))
    begin(seat, "mistaken")
    play = played(seat)
    assert play["state"] == "over"
    wrong = {one["what"]: one["otherwise"] for one in broken(play)}
    assert wrong["outcome"] == "outcome is 'cancelled', not 'delivered'"
    assert wrong["never"] == "leaflet was shown"
    assert "permit" not in wrong


def test_step_by_step_each_move_waits(seat: Client) -> None:
    begin(seat, "cancel-early:leaflet", stepping=True)
    for count, expected in enumerate(("act persona", "press begin", "press choose"), 1):
        play = held_at(seat, count)
        assert moves(play)[-1] == expected
        assert play["made"] == count - 1
        if expected == "press begin":
            shows(seat, "attract")  # nothing is pressed before the step
        assert seat.post("do/step", {"stepping": True}).status_code == 200
    held_at(seat, 4)
    seat.post("do/step", {"stepping": False})
    play = played(seat)
    assert (play["state"], broken(play)) == ("over", [])
    assert seat.post("do/step", {"stepping": True}).status_code == 409


def test_stopped_the_kiosk_stays_as_it_is_for_the_tester(seat: Client) -> None:
    begin(seat, "all-goes-well", stepping=True)
    for count in range(1, 4):
        held_at(seat, count)
        seat.post("do/step", {"stepping": True})
    seen(seat, lambda play: play["held"] and play["page"] == "leaflet")
    assert seat.post("do/stop", {}).status_code == 200
    assert played(seat)["state"] == "stopped"
    page = shows(seat, "leaflet")
    pressed = seat.post("do/press", {"page": page["number"], "action": "begin"})
    assert pressed.status_code == 200, "the tester goes on by hand"
    begin(seat, "all-goes-well")  # somebody's visit is open: the kiosk is started anew
    play = played(seat)
    assert (play["state"], broken(play)) == ("over", [])


def test_the_power_is_cut_and_what_staff_would_have_to_see_to_takes_another_machine(seat: Client) -> None:
    begin(seat, "power-cut-after-paying")
    play = played(seat)
    assert (play["state"], broken(play)) == ("over", [])
    begin(seat, "pay-unknown-for-good")
    play = played(seat)
    assert (play["state"], broken(play)) == ("over", [])
    site = (seat.bench.state / "site.toml").read_text("utf-8")
    begin(seat, "cancel-early:leaflet")
    play = played(seat)
    assert (play["state"], broken(play)) == ("over", [])
    replaced = (seat.bench.state / "site.toml").read_text("utf-8")
    assert replaced in (site, _with_next_id(site))


def test_there_is_no_such_scenario(seat: Client) -> None:
    for name in ("nothing", "../panel", "all-goes-well.toml", ""):
        answer = seat.post("do/play", {"name": name, "stepping": False, "pace_s": 0})
        assert answer.status_code == 404


def test_a_kiosk_started_elsewhere_is_not_driven(seat: Client) -> None:
    seat.post("do/power", {"to": "off"})
    kiosk = KioskProcess(seat.bench.state / "site.toml", headless=True)
    try:
        kiosk.connect().close()
        answer = seat.post("do/play", {"name": "all-goes-well", "stepping": False, "pace_s": 0})
        assert answer.status_code == 409
        assert kiosk.exit_code is None
    finally:
        kiosk.stop()


def test_the_next_machine_has_the_next_number() -> None:
    assert _with_next_id('a = 1\nid = "330212K01"\nid = "x01"\n') == 'a = 1\nid = "330212K02"\nid = "x01"\n'
    assert _with_next_id('id = "330212K09"') == 'id = "330212K10"'

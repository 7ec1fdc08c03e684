"""Doors, power and documents on the whole bench: what a person does is what the drivers tell."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from devices.document_printer import IppPrinter
from devices.interfaces import Door, FlashRate, OperatorSwitch, PrintState
from devices.io_board import ModbusIoBoard, load_board
from devices.ups import NutUps
from simulators.bench import Bench
from tests.documents import pdf

STANDARD = Path(__file__).parents[2] / "config" / "io_boards" / "standard.toml"


class Hand:
    """A tester's client of the control API."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._headers = {"X-Bench-Token": bench.token}

    def get(self, path: str) -> Any:
        answer = requests.get(self.bench.control_url + path, headers=self._headers, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, act: str, **arguments: Any) -> requests.Response:
        body = {"act": act, **arguments}
        return requests.post(self.bench.control_url + "/do", json=body, headers=self._headers, timeout=10)

    def do(self, act: str, **arguments: Any) -> Any:
        answer = self.post(act, **arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture
def tester(started: Bench) -> Iterator[Hand]:
    tester = Hand(started)
    yield tester
    tester.do("reset")


def test_doors_key_and_presence(tester: Hand) -> None:
    board = ModbusIoBoard(tester.bench.links["io_board"], load_board(STANDARD))
    tester.do("door", door="cabinetRear", state="open")
    tester.do("operator_switch", position="supervisor")
    world = tester.do("sensor", sensor="proximity", on=True)["io_board"]
    told = board.auxiliaries()
    assert told.doors == {name: Door(state) for name, state in world["doors"].items()}
    assert told.doors["cabinetRear"] is Door.OPEN
    assert told.operator_switch is OperatorSwitch.SUPERVISOR
    assert told.sensors["proximity"]
    board.set_light("permit_unit", FlashRate.MEDIUM)
    assert tester.get("/world")["io_board"]["lights"]["permit_unit"] == "medium"
    board.close()
    said = [f["words"] for f in tester.get("/wire?since=0") if f["link"] == "io_board"]
    assert "write register 00 01 00 02" in said
    assert tester.do("reset")["io_board"]["doors"]["cabinetRear"] == "locked"


def test_a_power_cut(tester: Hand) -> None:
    ups = NutUps.at(tester.bench.links["ups"])
    assert not ups.power().powering
    tester.do("mains", on=False)
    assert tester.do("battery", percent=12)["ups"] == {
        "mains": False,
        "charge": 12,
        "status": "OB DISCHRG LB",
    }
    assert ups.status().fault == "batteryCritical"
    tester.do("reset")
    assert ups.power().recovered
    ups.close()


def test_a_document_is_seen_as_a_picture(tester: Hand) -> None:
    printer = IppPrinter(tester.bench.links["document_printer"])
    tester.do("document_paper", state="low")
    tester.do("document_toner", state="low")
    assert printer.status().warnings == ("paperLow", "tonerLow")
    tester.do("jam_document")
    assert printer.status().fault == "paperJammed"
    tester.do("free_document")
    tester.do("document_cover", open=True)
    assert printer.status().fault == "coverOpen"
    tester.do("document_cover", open=False)
    printer.print("case-1", pdf(2))
    assert printer.job("case-1").state is PrintState.COMPLETED
    pages = tester.get("/printed")["pages"]
    assert [(page["job"], page["page"]) for page in pages] == [("case-1", 1), ("case-1", 2)]
    assert all(base64.b64decode(page["png"]).startswith(b"\x89PNG") for page in pages)
    assert tester.get("/world")["document_printer"]["in_tray"] == 2
    assert tester.do("take_document")["document_printer"]["in_tray"] == 0
    said = [f["words"] for f in tester.get("/wire?since=0") if f["link"] == "document_printer"]
    assert any(words.startswith("Print-Job, ") for words in said)


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        ("door", {"door": "trapdoor"}),
        ("door", {"door": "safe", "state": "ajar"}),
        ("door", {"door": "cabinetFront", "state": "tampered"}),
        ("operator_switch", {"position": "holiday"}),
        ("sensor", {"sensor": "smell"}),
        ("sensor", {"sensor": "proximity", "on": 1}),
        ("battery", {"percent": 101}),
        ("mains", {"on": "yes"}),
        ("document_paper", {"state": "soggy"}),
        ("document_toner", {"state": 3}),
    ],
)
def test_acts_that_nobody_can_do(tester: Hand, act: str, arguments: dict[str, Any]) -> None:
    assert tester.post(act, **arguments).status_code == 400

"""The devices that not every cabinet has: their faults strike when they are ordered to, and no other time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from devices.barcode_reader import open_barcode_reader
from devices.base import DeviceError
from devices.card_dispenser import open_card_dispenser
from devices.document_printer import IppPrinter
from devices.document_scanner import open_document_scanner
from devices.interfaces import ScanSettings
from devices.io_board import ModbusIoBoard, load_board
from devices.ups import NutUps
from kiosk.fitting import BOARD
from simulators.bench import Bench
from simulators.faults import Order
from simulators.recorder import FROM_DEVICE

WITHIN_S = 5.0
CORNER = ScanSettings(50, area_mm=(0.0, 0.0, 10.0, 10.0))


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at an operation of a device, what is asked for it to strike, and what comes of it."""

    device: str
    fault: str
    operation: str
    ask: Callable[[Bench, Any], object]
    code: str
    state: str
    """A fault that stands, which ``ask`` comes upon as well."""


def fetch(bench: Bench, dispenser: Any) -> None:
    """Have one card fetched and kept; the unit is cleared and filled before."""
    store = bench.side_cabinet.card_dispenser.store(1)
    store.clear()
    store.empty()
    bench.world.do("load_stacker", {"unit": 1, "personas": ["li-wenjing"]})
    dispenser.reset()
    dispenser.pick(1)
    dispenser.retain(1)


def look(_: Bench, board: Any) -> None:
    board.auxiliaries()


def reset(_: Bench, unit: Any) -> None:
    unit.reset()


CASES = (
    Case("document_printer", "busy", "status", reset, "deviceBusy", "paperOut"),
    Case("io_board", "deviceBusy", "read_inputs", look, "deviceBusy", "switchBroken"),
    Case("barcode_reader", "refused", "command", reset, "unsupportedCommand", "noAnswer"),
    Case("document_scanner", "jammed", "scan", lambda _, unit: unit.scan(CORNER), "mediaJammed", "coverOpen"),
    Case("card_dispenser", "jam", "feed", fetch, "mediaJam", "bin_full"),
    Case("ups", "dataStale", "list", lambda _, unit: unit.power(), "offline", "contradiction"),
)
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.device)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture(scope="module")
def drivers(started: Bench) -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("devices.document_scanner.driver._SCAN_S", 1.0)  # nobody waits here for paper to move
        yield from _opened(started.links)


def _opened(links: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    opened: dict[str, Any] = {
        "document_printer": IppPrinter(links["document_printer"], answer_s=0.5),
        "io_board": ModbusIoBoard(links["io_board"], load_board(BOARD)),
        "barcode_reader": open_barcode_reader(links["barcode_reader"]),
        "document_scanner": open_document_scanner(links["document_scanner"]),
        "card_dispenser": open_card_dispenser(links["card_dispenser"]),
        "ups": NutUps.at(links["ups"]),
    }
    for driver in opened.values():
        driver.open()
    yield opened
    for driver in opened.values():
        driver.close()


@dataclass
class Hand:
    bench: Bench
    case: Case
    driver: Any

    def order(self, fault: str, operation: str | None = None, **more: Any) -> None:
        order = Order(self.case.device, fault, operation, **more)
        self.bench.catalogue.check(order)
        self.bench.faults.arm(order)

    def told(self) -> str:
        """Ask, and return the word that comes of it, "" when all is well."""
        try:
            self.case.ask(self.bench, self.driver)
        except DeviceError as error:
            return error.code
        return ""


@pytest.fixture
def tester(started: Bench, drivers: dict[str, Any], case: Case) -> Iterator[Hand]:
    yield Hand(started, case, drivers[case.device])
    started.faults.clear()
    started.world.do("reset", {})


@ALL
def test_at_the_second_operation_and_at_no_other(tester: Hand, case: Case) -> None:
    tester.order(case.fault, case.operation, nth=2)
    assert [tester.told() for _ in range(3)] == ["", case.code, ""]


@ALL
def test_at_each_until_it_is_called_off(tester: Hand, case: Case) -> None:
    tester.order(case.fault, case.operation, repeat=True)
    assert [tester.told() for _ in range(2)] == [case.code] * 2
    tester.bench.faults.clear(case.device, case.fault)
    assert tester.told() == ""


@ALL
def test_by_chance_from_a_seed(tester: Hand, case: Case) -> None:
    tester.order(case.fault, case.operation, repeat=True, probability=0.5, seed=11)
    drawn = random.Random(11)
    expected = [case.code if drawn.random() < 0.5 else "" for _ in range(5)]
    assert set(expected) == {case.code, ""}
    assert [tester.told() for _ in range(5)] == expected


@ALL
def test_after_a_while(tester: Hand, case: Case) -> None:
    tester.order(case.state, after_s=0.2)
    deadline_s = time.monotonic() + WITHIN_S
    while not tester.told():
        assert time.monotonic() < deadline_s
    assert tester.told()


@ALL
def test_a_state_that_comes_at_an_operation_stays(tester: Hand, case: Case) -> None:
    if case.device in ("document_scanner", "io_board"):
        pytest.skip("each run, each request is one of its own: there a state is ordered without an operation")
    tester.order(case.state, case.operation)
    tester.told()
    assert case.state in tester.bench.faults.standing(case.device)
    assert tester.told()


@pytest.mark.parametrize("case", [case for case in CASES if case.device == "barcode_reader"])
@pytest.mark.parametrize("share", [0.25, 0.75])
def test_a_share_of_a_code(tester: Hand, share: float) -> None:
    tester.order("brokenOff", "read", args={"share": share})
    tester.bench.world.do("show_code", {"text": "0123456789AB"})
    mark = tester.bench.recorder.count
    tester.driver.start()
    with pytest.raises(DeviceError, match="broken off"):
        polled(tester.driver)
    frames = tester.bench.recorder.since(mark)
    said = [bytes.fromhex(frame["hex"]) for frame in frames if frame["direction"] == FROM_DEVICE]
    assert said[0] == b"0123456789AB"[: int(12 * share)]


def polled(reader: Any) -> str:
    """Poll until a code is there."""
    while (code := reader.poll()) is None:
        pass
    return str(code)


# --- on the wire -------------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("fault", ["drop", "corrupt", "split", "glue", "delay", "echo", "disconnect"])
def test_a_disturbed_wire_heals(tester: Hand, case: Case, fault: str) -> None:
    """Whatever one disturbance comes to, the device answers truly again once it is over."""
    operation = "request" if fault == "echo" else "answer"
    tester.order(fault, operation, args={"seconds": 0.05, "for_s": 0.05, "at": 3})
    tester.told()
    tester.bench.faults.clear(case.device)
    deadline_s = time.monotonic() + WITHIN_S
    while not tester.driver.status().usable or tester.told():
        assert time.monotonic() < deadline_s

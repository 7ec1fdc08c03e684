"""Scanners and card dispenser on the bench: acts of the control API, drivers on the links of the site."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator

import pytest
import qrcode
import requests

from devices.barcode_reader import open_barcode_reader
from devices.base import Fault
from devices.card_dispenser import open_card_dispenser
from devices.document_scanner import open_document_scanner
from devices.interfaces import Media, ScanMode, ScanSettings
from kiosk import settings
from kiosk.site_links import not_real
from simulators.bench import Bench


class Hand:
    """A tester at the control API."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._session = requests.Session()
        self._session.headers["X-Bench-Token"] = bench.token

    def do(self, act: str, status: int = 200, **more: object) -> dict[str, object]:
        answer = self._session.post(f"{self.bench.control_url}/do", json={"act": act, **more}, timeout=10)
        assert answer.status_code == status, answer.text
        told: dict[str, object] = answer.json()
        return told

    def fault(self, device: str, fault: str) -> None:
        order = {"device": device, "fault": fault}
        answer = self._session.post(f"{self.bench.control_url}/fault", json=order, timeout=10)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture
def tester(started: Bench) -> Iterator[Hand]:
    tester = Hand(started)
    yield tester
    started.faults.clear()
    tester.do("reset")


def test_the_site_file_names_their_links(started: Bench) -> None:
    site = settings.load(started.state / "site.toml")
    for link in ("barcode_reader", "card_dispenser", "document_scanner"):
        assert site.links[link] == started.links[link]
        assert not_real(started.links[link])


@pytest.mark.parametrize("url", ["sane:test:0", "sane:test"])
def test_sanes_test_scanner_is_no_real_one(url: str) -> None:
    assert not_real(url) == "it names SANE's test backend"
    assert not_real("sane:epson2:libusb:001:004") is None


def read_code(bench: Bench) -> str | None:
    """Read the code that is held before the scanner, as the kiosk does."""
    reader = open_barcode_reader(bench.links["barcode_reader"])
    reader.open()
    try:
        reader.start()
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            if (text := reader.poll()) is not None:
                return text
    finally:
        reader.close()
    return None


def test_a_code_shown_as_text(tester: Hand) -> None:
    tester.do("show_code", text="R-1")
    assert read_code(tester.bench) == "R-1"
    assert tester.do("hide_code")["code"] == {"shown": "", "reading": False}


def test_a_code_shown_as_a_picture(tester: Hand) -> None:
    picture = io.BytesIO()
    qrcode.make("R-2").save(picture, "PNG")
    tester.do("show_code", picture=base64.b64encode(picture.getvalue()).decode())
    assert read_code(tester.bench) == "R-2"


@pytest.mark.parametrize("picture", ["not base64", base64.b64encode(b"no picture").decode()])
def test_what_is_no_picture_can_not_be_shown(tester: Hand, picture: str) -> None:
    tester.do("show_code", status=400, picture=picture)


def test_a_card_from_the_stacker_into_a_hand(tester: Hand) -> None:
    loaded = tester.do("load_stacker", unit=2, personas=["li-wenjing", "chen-haoran"])["dispenser"]
    assert isinstance(loaded, list)
    tester.do("take_card", status=409, unit=2)
    dispenser = open_card_dispenser(tester.bench.links["card_dispenser"])
    dispenser.open()
    try:
        dispenser.pick(2)
        line = str(tester.bench.people["li-wenjing"].tables()["permit"]["mrz"])
        assert dispenser.read_chip(2, line).mrz.startswith(line)
        dispenser.present(2)
        assert dispenser.media(2) is Media.ENTERING
        units = tester.do("take_card", unit=2)["dispenser"]
        assert isinstance(units, list)
        assert units[1]["taken"] == [line[2:11]]
        assert units[1]["stacker"] == loaded[1]["stacker"][1:]
        assert dispenser.media(2) is Media.NOT_PRESENT
        tester.fault("card_dispenser", "bin_full")
        assert dispenser.status().fault == "retainBinFull"
    finally:
        dispenser.close()


@pytest.mark.parametrize(
    "act",
    [
        {"act": "load_stacker", "unit": 3, "personas": ["li-wenjing"]},
        {"act": "load_stacker", "unit": 1, "personas": ["nobody"]},
        {"act": "load_stacker", "unit": 1, "personas": [["li-wenjing"]]},
        {"act": "load_stacker", "unit": "1"},
        {"act": "take_card", "unit": 0},
        {"act": "lay_page", "picture": "somebody's passport"},
    ],
)
def test_acts_that_make_no_sense(tester: Hand, act: dict[str, object]) -> None:
    tester.do(str(act["act"]), status=400, **{key: value for key, value in act.items() if key != "act"})


def test_a_page_on_the_glass(tester: Hand) -> None:
    scanner = open_document_scanner(tester.bench.links["document_scanner"])
    settings = ScanSettings(100, ScanMode.GRAY, area_mm=(0, 0, 50, 50))
    tester.do("lay_page", picture="Solid white")
    assert scanner.scan(settings).min() == 255
    tester.fault("document_scanner", "coverOpen")
    with pytest.raises(Fault, match="coverOpen"):
        scanner.scan(settings)


def test_what_passes_is_told_in_words(tester: Hand) -> None:
    dispenser = open_card_dispenser(tester.bench.links["card_dispenser"])
    dispenser.open()
    dispenser.close()
    passed = tester.bench.recorder.since(0)
    said = ", ".join(str(entry["words"]) for entry in passed if entry["link"] == "card_dispenser")
    assert "unit 1: initialise, no move" in said
    assert "unit 2: bin counter" not in said
    assert "unit 2: version: ok, no card" in said

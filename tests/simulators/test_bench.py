"""The bench as one program: its control API (also under hostile input), the world, start and end."""

from __future__ import annotations

import base64
import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import serial

from kiosk import settings
from simulators.bench import Bench
from simulators.people import load_personas

ROOT = Path(__file__).parents[2]
FIND = bytes.fromhex("AAAAAA96690003200122")
FOUND = bytes.fromhex("AAAAAA9669000800009F0000000097")
NO_CARD = bytes.fromhex("AAAAAA96690004000080 84".replace(" ", ""))


class Hand:
    """A tester's client of the control API."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.session = requests.Session()
        self.session.headers["X-Bench-Token"] = bench.token

    def get(self, path: str) -> Any:
        answer = self.session.get(self.bench.control_url + path, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def do(self, act: str, **arguments: Any) -> Any:
        answer = self.post("/do", {"act": act, **arguments})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> requests.Response:
        return self.session.post(self.bench.control_url + path, json=body, timeout=10)

    def fault(self, **order: Any) -> requests.Response:
        return self.post("/fault", order)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture
def tester(started: Bench) -> Iterator[Hand]:
    tester = Hand(started)
    yield tester
    tester.session.delete(started.control_url + "/fault", timeout=10)
    tester.do("reset")


def test_files_lead_a_kiosk_and_a_tester_to_the_bench(started: Bench) -> None:
    summary = json.loads((started.state / "bench.json").read_text())
    assert summary == started.summary()
    for secret in ("bench.json", "token"):
        assert stat.S_IMODE((started.state / secret).stat().st_mode) == 0o600
    site = settings.load(started.state / "site.toml")
    assert site.simulated
    assert site.links == summary["links"]
    assert site.back_office.url == summary["back_office"]
    assert site.back_office.token() == summary["token"]
    assert all("simulated=1" in url for url in site.links.values())
    health = requests.get(
        f"{started.back_office_url}/v1/health",
        timeout=10,
        headers={"Authorization": f"Bearer {started.token}"},
    )
    assert health.json()["ready"] is True


def test_a_card_placed_in_the_world_is_found_on_the_wire(tester: Hand) -> None:
    path = urlsplit(tester.bench.links["id_card_reader"]).path
    with serial.Serial(path, 115200, timeout=5) as port:
        port.write(FIND)
        assert port.read(len(NO_CARD)) == NO_CARD
        tester.do("persona", name="li-wenjing")
        assert tester.do("place_id_card")["id_card"] == {"where": "reader"}
        port.write(FIND)
        assert port.read(len(FOUND)) == FOUND
        assert tester.do("lift_id_card")["id_card"] == {"where": "pocket"}
    passed = tester.get("/wire?since=0")
    assert [f["words"] for f in passed if f["link"] == "id_card_reader"][-4:] == [
        "find", "no card", "find", "card found, 15 bytes",
    ]  # fmt: skip
    assert tester.get(f"/wire?since={passed[-1]['n']}") == []


def test_a_permit_at_the_shut_gate_is_taken_back(tester: Hand) -> None:
    tester.do("persona", name="lin-swap")
    assert tester.do("insert_permit")["permit"]["where"] == "gate"
    assert tester.do("take_permit")["permit"]["where"] == "pocket"
    assert tester.post("/do", {"act": "take_permit"}).status_code == 409


def test_who_stands_there_is_who_the_camera_sees(tester: Hand) -> None:
    assert tester.do("persona", name="zhou-mei")["camera"]["persona"] == "zhou-mei"
    two = tester.do("look", pose="far", second="chen-haoran")["camera"]
    assert (two["pose"], two["second"]) == ("far", "p11")
    assert tester.do("look", attack="print")["camera"]["attack"] == "print"
    assert tester.do("step_away")["camera"]["persona"] is None


def test_fingers_by_code_or_picture_in_the_persons_own_condition(tester: Hand) -> None:
    tester.do("persona", name="huang-dehua")
    assert tester.do("place_finger", finger="16")["finger"] == {
        "finger": "f09", "impression": 2, "condition": "dry",
    }  # fmt: skip
    assert tester.do("place_finger", finger="f01", condition="ok")["finger"]["finger"] == "f01"
    assert tester.do("lift_finger")["finger"] is None


def test_paper_and_receipts(tester: Hand) -> None:
    assert tester.do("paper", state="low")["receipt"]["paper"] == "low"
    address = urlsplit(tester.bench.links["receipt_printer"])
    with socket.create_connection((str(address.hostname), int(address.port or 0)), 5) as host:
        host.sendall("收据\n".encode("gb18030") + b"\x1dV\x00\x1dr1")
        assert host.recv(1) == b"\x03"
    assert tester.get("/world")["receipt"] == {"paper": "low", "in_slot": True, "unknown_commands": 0}
    receipt = tester.get("/printed")["receipts"][0]
    assert receipt["text"] == "收据"
    assert base64.b64decode(receipt["png"]).startswith(b"\x89PNG")
    assert tester.do("take_receipt")["receipt"]["in_slot"] is False
    assert tester.do("refill_paper")["receipt"]["paper"] == "full"
    tester.do("reset")
    assert tester.get("/printed") == {"receipts": [], "strips": [], "pages": []}


def test_personas_are_listed(tester: Hand) -> None:
    listed = {p["name"]: p for p in tester.get("/personas")}
    assert set(listed) == set(load_personas())
    assert listed["garcia-maria"]["has_permit"] is False


def test_faults_are_armed_listed_and_cleared(tester: Hand) -> None:
    assert tester.fault(device="receipt_printer", fault="paperOut").status_code == 200
    assert tester.get("/world")["receipt"]["paper"] == "out"
    listed = tester.get("/fault")
    assert listed["orders"] == [
        {
            "device": "receipt_printer",
            "fault": "paperOut",
            "operation": None,
            "nth": 1,
            "repeat": False,
            "after_s": 0.0,
            "probability": 1.0,
            "seed": 1,
            "args": {},
        }
    ]
    tester.session.delete(tester.bench.control_url + "/fault", timeout=10)
    assert tester.get("/fault")["orders"] == []
    assert tester.get("/world")["receipt"]["paper"] == "full"


def test_every_fault_of_the_catalogue_can_be_ordered(tester: Hand) -> None:
    catalogue = tester.get("/fault")["catalogue"]
    for device, entry in catalogue["devices"].items():
        assert entry["faults"], device
        for fault, said in entry["faults"].items():
            assert said
            operation = {"operation": entry["operations"][0]} if entry["operations"] else {}
            assert tester.fault(device=device, fault=fault, nth=999, **operation).status_code == 200
    for link in catalogue["links"]["names"]:
        for fault in catalogue["links"]["faults"]:
            order = {"device": link, "fault": fault, "operation": "answer", "nth": 999}
            assert tester.fault(**order).status_code == 200


@pytest.mark.parametrize("order", [
    {"device": "toaster", "fault": "burnt"},
    {"device": "camera", "fault": "paperOut"},
    {"device": "camera", "fault": "black", "operation": "toast"},
    {"device": "camera"},
    {"device": "camera", "fault": "black", "nth": "2"},
    {"device": "camera", "fault": "black", "nth": 0},
    {"device": "camera", "fault": "black", "nth": True},
    {"device": "camera", "fault": "black", "repeat": 1},
    {"device": "camera", "fault": "black", "args": []},
    {"device": "camera", "fault": "black", "more": 1},
    {"device": "camera", "fault": "black", "after_s": -1},
    {"device": "camera", "fault": "black", "after_s": float("1e9")},
    {"device": "camera", "fault": "black", "after_s": "1"},
    {"device": "camera", "fault": "black", "probability": 0.5},
    {"device": "camera", "fault": "black", "operation": "frame", "probability": 1.5},
    {"device": "camera", "fault": "black", "operation": "frame", "probability": True},
    {"device": "camera", "fault": "black", "seed": 1.5},
    {"device": "camera", "fault": "black", "args": {"share": 0.5}},
    {"device": "permit_unit", "fault": "jam", "operation": "to_gate", "args": {"share": 2}},
    {"device": "permit_unit", "fault": "jam", "operation": "to_gate", "args": {"share": "0.5"}},
    {"device": "camera", "fault": "stalled", "operation": "frame", "args": {"seconds": None}},
    {"device": ["camera"], "fault": "black"},
    ["camera", "black"],
    "camera",
])  # fmt: skip
def test_faults_that_nothing_obeys_are_refused(tester: Hand, order: Any) -> None:
    answer = tester.post("/fault", order)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert tester.get("/fault")["orders"] == []


@pytest.mark.parametrize("body", [
    {}, {"act": 5}, {"act": "fly"}, {"act": "persona"}, {"act": "persona", "name": 7},
    {"act": "persona", "name": "nobody"}, {"act": "persona", "name": "li-wenjing", "age": 3},
    {"act": "place_id_card"}, {"act": "insert_permit", "persona": "garcia-maria"},
    {"act": "insert_permit", "persona": "li-wenjing", "wrong_way_round": 1},
    {"act": "look", "persona": "li-wenjing", "pose": "../../etc"},
    {"act": "place_finger", "finger": "../f01"},
    {"act": "place_finger", "finger": "f01", "impression": 9}, {"act": "place_finger", "impression": "2"},
    {"act": "paper", "state": "soggy"}, {"act": "pay", "method": "gold"}, {"act": "reset", "all": True},
    {"act": "_arrive", "name": "li-wenjing"}, {"act": "__init__"}, [], 5,
])  # fmt: skip
def test_acts_that_make_no_sense_are_refused(tester: Hand, body: Any) -> None:
    before = tester.get("/world")
    assert tester.post("/do", body).status_code == 400
    assert tester.get("/world") == before


def test_paying_when_no_amount_shows_is_a_conflict(tester: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.devices.payment_terminal.PERSON_WAITS_S", 0.05)
    assert tester.post("/do", {"act": "pay"}).status_code == 409


@pytest.mark.parametrize("path", ["/world", "/do", "/fault", "/printed", "/wire", "/personas"])
def test_nothing_is_said_without_the_token(started: Bench, path: str) -> None:
    for headers in ({}, {"X-Bench-Token": "wrong"}, {"X-Bench-Token": "\u00e9"}):
        method = "POST" if path == "/do" else "GET"
        encoded = {name: value.encode("latin-1") for name, value in headers.items()}
        answer = requests.request(method, started.control_url + path, headers=encoded, timeout=10)
        assert answer.status_code == 401


@pytest.mark.parametrize(("headers", "code"), [
    ({"Origin": "https://elsewhere.example"}, 403), ({"Host": "elsewhere.example"}, 403),
    ({"Origin": "null"}, 403), ({"Host": ""}, 403), ({"Content-Type": "text/plain"}, 415),
])  # fmt: skip
def test_other_origins_hosts_and_kinds_of_body_are_refused(
    tester: Hand, headers: dict[str, str], code: int
) -> None:
    answer = tester.session.post(
        tester.bench.control_url + "/do", data='{"act": "reset"}', timeout=10,
        headers={"Content-Type": "application/json", **headers},
    )  # fmt: skip
    assert answer.status_code == code


@pytest.mark.parametrize(("body", "code"), [
    (b"x" * 70_000, 413), (b"{", 400), (b"[" * 60_000, 400), (b"\xff\xfe", 400), (b"", 400), (b"NaN", 400),
])  # fmt: skip
def test_bodies_that_are_too_long_or_no_json_are_refused(tester: Hand, body: bytes, code: int) -> None:
    answer = tester.session.post(
        tester.bench.control_url + "/do", data=body, timeout=10, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == code


@pytest.mark.parametrize("since", ["-1", "one", "1.5", "9" * 30, "%C2%B2"])
def test_wire_wants_a_number(tester: Hand, since: str) -> None:
    answer = tester.session.get(f"{tester.bench.control_url}/wire?since={since}", timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize("usb", [None, "pipes"])
def test_the_program_starts_says_where_it_is_and_ends_cleanly(tmp_path: Path, usb: str | None) -> None:
    command = [sys.executable, "-m", "simulators", "--state", str(tmp_path), "--level", "worn", "--seed", "5"]
    command += ["--usb", usb] if usb else []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        try:
            summary = json.loads(program.stdout.readline())
            assert summary == json.loads((tmp_path / "bench.json").read_text())
            answer = requests.get(
                summary["control"] + "/world", headers={"X-Bench-Token": summary["token"]}, timeout=10
            )
            assert answer.json()["persona"] is None
            assert summary["links"]["id_card_reader"].startswith("usb:0400:c35a?" if usb else "serial://")
        finally:
            program.send_signal(signal.SIGTERM)
        rest, errors = program.communicate(timeout=30)
    assert (program.returncode, rest, errors) == (0, b"", b"")
    assert not list((tmp_path / "links").glob("*")), "the links went with the bench"

"""The panel: who may ask, what it tells, what it does; and the page itself in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from websocket import ABNF, WebSocket, WebSocketBadStatusException, create_connection

from simulators.bench import Bench
from simulators.kiosk_link import KioskProcess
from simulators.panel import news, panel
from simulators.panel.theatre import listed
from simulators.recorder import FROM_DEVICE, TO_DEVICE, Recorder
from simulators.scenario_file import STEPS
from simulators.world import ACTS

WORDS = (panel.PAGE / "words.js").read_text(encoding="utf-8")
QUIET = {"seen", "wires"}
"""What news hold when nobody does anything: the terminal's heartbeat may pass at any time."""
GOT = ["ask/people", "ask/scenarios"]
DONE = ["ask/news", "do/touch", "do/press", "do/power", "do/play", "do/step", "do/stop"]
ASKED = [*GOT, *DONE]


class Client:
    """A client of the panel's server side."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.session = requests.Session()
        self.session.headers["X-Bench-Token"] = bench.token

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(f"{self.bench.control_url}/panel/{path}", timeout=30, **more)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        return self.session.post(f"{self.bench.control_url}/panel/{path}", json=body, timeout=30, **more)

    def news(self, **seen: str) -> dict[str, Any]:
        answer = self.post("ask/news", {"seen": seen})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("panel")) as bench:
        yield bench


@pytest.fixture
def tester(started: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(panel, "NEWS_WAIT_S", 0.3)
    tester = Client(started)
    yield tester
    started.faults.clear()
    started.world.do("reset", {})


# --- who may ask ----------------------------------------------------------------------------------


def test_the_page_is_for_everybody_here_and_holds_no_secret(started: Bench) -> None:
    address, _, fragment = started.panel_url.partition("#")
    assert fragment == started.token
    assert started.summary()["panel"] == started.panel_url
    page = requests.get(address, timeout=10)
    assert page.status_code == 200
    assert started.token not in page.text
    assert requests.get(started.control_url, timeout=10).text == page.text, "the bare address leads there"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_needs_no_address_outside_the_machine(started: Bench) -> None:
    files = sorted(panel.PAGE.iterdir())
    assert {file.name for file in files} >= {"index.html", "panel.css", "main.js"}
    for file in files:
        answer = requests.get(f"{started.control_url}/panel/{file.name}", timeout=10)
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        outside = set(re.findall(r"https?://[^\s\"']+", answer.text))
        assert outside <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", ["..%2fpanel.py", "%2e%2e/panel.py", "panel.py", "nothing.js", "ask", ""])
def test_nothing_but_the_pages_files_is_given_out(started: Bench, path: str) -> None:
    answer = requests.get(f"{started.control_url}/panel/page/{path}", timeout=10)
    assert answer.status_code == 404
    if path:
        assert requests.get(f"{started.control_url}/panel/{path}", timeout=10).status_code == 404


@pytest.mark.parametrize("path", ASKED)
def test_everything_else_asks_for_the_token(started: Bench, path: str) -> None:
    method = "GET" if path in GOT else "POST"
    address = f"{started.control_url}/panel/{path}"
    for token in ("", "wrong", started.token[:-1], started.token + "x"):
        answer = requests.request(method, address, headers={"X-Bench-Token": token}, json={}, timeout=10)
        assert answer.status_code == 401


@pytest.mark.parametrize("headers", [
    {"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
    {"Host": "elsewhere.example"}, {"Host": "127.0.0.1.elsewhere.example:80"}, {"Host": ""},
])  # fmt: skip
@pytest.mark.parametrize("path", ["", "panel.css", *ASKED])
def test_other_origins_and_host_names_are_refused(tester: Client, path: str, headers: dict[str, str]) -> None:
    method = "POST" if path in DONE else "GET"
    address = f"{tester.bench.control_url}/panel/{path}"
    assert tester.session.request(method, address, headers=headers, json={}, timeout=10).status_code == 403


TOUCH: dict[str, Any] = {"kind": "down", "x": 0, "y": 0}
PRESS: dict[str, Any] = {"page": 1, "action": "begin"}
PLAY: dict[str, Any] = {"name": "all-goes-well", "stepping": False, "pace_s": 0}
NONSENSE: dict[str, list[Any]] = {
    "do/touch": [
        {}, {**TOUCH, "kind": "hit"}, {**TOUCH, "kind": ["down"]}, {**TOUCH, "x": "0"}, {**TOUCH, "x": None},
        {**TOUCH, "x": True}, {**TOUCH, "x": -0.1}, {**TOUCH, "y": 1.01}, {**TOUCH, "z": 0},
    ],
    "do/press": [
        {}, {**PRESS, "page": "1"}, {**PRESS, "page": True}, {**PRESS, "action": 2}, {**PRESS, "value": {}},
        {**PRESS, "value": [1]}, {**PRESS, "more": 1},
    ],
    "do/play": [
        {}, {**PLAY, "name": 1}, {**PLAY, "name": None}, {**PLAY, "stepping": "yes"}, {**PLAY, "stepping": 1},
        {**PLAY, "pace_s": "0"}, {**PLAY, "pace_s": -1}, {**PLAY, "pace_s": 31}, {**PLAY, "pace_s": True},
        {**PLAY, "speed": 2}, {"name": "all-goes-well"},
    ],
    "do/step": [{}, {"stepping": 1}, {"stepping": None}, {"stepping": True, "count": 2}],
    "do/stop": [{"now": True}, [], "stop"],
    "do/power": [{}, {"to": "up"}, {"to": 1}, {"to": "on", "now": True}, "on"],
    "ask/news": [{}, [], {"seen": []}, {"seen": None}, {"seen": {"world": 1}}],
}  # fmt: skip


@pytest.mark.parametrize(("path", "body"), [(path, body) for path in NONSENSE for body in NONSENSE[path]])
def test_bodies_that_make_no_sense_are_refused(tester: Client, path: str, body: Any) -> None:
    answer = tester.post(path, body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]
    assert tester.bench.power.state()["on"] is False
    assert tester.news()["play"]["state"] == "none"


@pytest.mark.parametrize("body", [
    b'{"kind": "down", "x": NaN, "y": 0}', b'{"kind": "down", "x": 1e999, "y": 0}',
    b'{"kind": "down", "x": -Infinity, "y": 0}',
])  # fmt: skip
def test_places_that_are_no_numbers_are_refused(tester: Client, body: bytes) -> None:
    address = f"{tester.bench.control_url}/panel/do/touch"
    answer = tester.session.post(address, data=body, headers={"Content-Type": "application/json"}, timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", DONE)
@pytest.mark.parametrize(("body", "kind", "code"), [
    (b"x" * 70_000, "application/json", 413), (b"{", "application/json", 400), (b"{}", "text/plain", 415),
    (b"[" * 60_000, "application/json", 400), (b"\xff\xfe", "application/json", 400),
])  # fmt: skip
def test_bodies_too_long_or_no_json_are_refused(
    tester: Client, path: str, body: bytes, kind: str, code: int
) -> None:
    address = f"{tester.bench.control_url}/panel/{path}"
    answer = tester.session.post(address, data=body, headers={"Content-Type": kind}, timeout=10)
    assert answer.status_code == code


def film(bench: Bench, *subprotocols: str, **more: Any) -> WebSocket:
    """Ask for the living picture, as the page does; raises ``WebSocketBadStatusException``."""
    address = f"{bench.control_url.replace('http', 'ws', 1)}/panel/film"
    return create_connection(address, subprotocols=subprotocols, timeout=10, **more)


@pytest.mark.parametrize(
    "asked", [(), ("bench",), ("bench", "wrong"), ("wrong", "TOKEN"), ("bench", "TOKEN", "x")]
)
def test_the_picture_asks_for_the_token(started: Bench, asked: tuple[str, ...]) -> None:
    with pytest.raises(WebSocketBadStatusException, match="403"):
        film(started, *(started.token if word == "TOKEN" else word for word in asked))


@pytest.mark.parametrize("more", [
    {"origin": "https://elsewhere.example"}, {"origin": "null"}, {"host": "elsewhere.example"},
])  # fmt: skip
def test_the_picture_is_for_pages_of_this_origin(started: Bench, more: dict[str, str]) -> None:
    with pytest.raises(WebSocketBadStatusException, match="403"):
        film(started, "bench", started.token, **more)


SEEN = {"width": 300, "seen": 0}


@pytest.mark.parametrize("message", [
    "", "{", "[]", "7", "{}", "[" * 5000, b"\x00\xff", "x" * 100_000, '{"width": 300}',
    '{"width": 300, "seen": 0, "more": 1}', '{"width": "300", "seen": 0}', '{"width": 0, "seen": 0}',
    '{"width": true, "seen": 0}', '{"width": 1e9, "seen": 0}', '{"width": 300, "seen": -1}',
])  # fmt: skip
def test_a_viewer_that_makes_no_sense_is_left(started: Bench, message: str | bytes) -> None:
    socket = film(started, "bench", started.token)
    try:
        assert socket.getsubprotocol() == "bench"
        socket.send(message) if isinstance(message, str) else socket.send_binary(message)
        opcode, _ = socket.recv_data()
        assert opcode == ABNF.OPCODE_CLOSE
    finally:
        socket.close()


# --- what it tells ---------------------------------------------------------------------------------


def test_without_a_kiosk_it_says_so(tester: Client) -> None:
    told = tester.news()
    assert told["power"]["on"] is False
    assert told["power"]["ended"]["how"] == "never-on"
    assert told["kiosk"] == {}
    socket = film(tester.bench, "bench", tester.bench.token)
    socket.send(json.dumps(SEEN))
    assert json.loads(socket.recv()) == {"window": False}
    socket.close()
    assert tester.post("do/touch", {"kind": "down", "x": 0.5, "y": 0.5}).status_code == 409
    assert tester.post("do/press", {"page": 1, "action": "begin"}).status_code == 409


def test_news_are_only_what_changed(tester: Client) -> None:
    first = tester.news()
    assert first["world"]["persona"] is None
    assert set(tester.news(**first["seen"])) <= QUIET, "nothing happened"
    tester.bench.world.do("persona", {"name": "li-wenjing"})
    second = tester.news(**first["seen"])
    assert second["world"]["persona"] == "li-wenjing"
    assert "faults" not in second
    assert set(tester.news(**second["seen"])) <= QUIET


@pytest.mark.parametrize("seen", [
    {"world": "", "wires": "-1"}, {"wires": "9" * 40, "log": "9" * 40}, {"log": "²", "wires": "٣"},
    {"no-such-part": "x" * 5000}, {"wires": "999999999", "log": "999999999"},
])  # fmt: skip
def test_versions_from_nowhere_do_no_harm(tester: Client, seen: dict[str, str]) -> None:
    told = tester.news(**seen)
    assert told["world"]["persona"] is None


def test_frames_on_wires_are_told_once_and_cut_short() -> None:
    recorder = Recorder()
    recorder.describe("pad", lambda direction, data: f"{direction} {len(data)}")
    part = news.wires(recorder)
    assert part(None) is None
    recorder.add("pad", TO_DEVICE, b"\x01\x02")
    recorder.add("pad", FROM_DEVICE, bytes(1000))
    told = part(None)
    assert told is not None
    version, frames = told
    assert [(f["words"], f["size"], len(f["hex"]) // 2) for f in frames] == [
        ("to_device 2", 2, 2), ("from_device 1000", 1000, news.SHOWN_BYTES),
    ]  # fmt: skip
    assert part(version) is None
    recorder.add("pad", TO_DEVICE, b"\x03")
    again = part(version)
    assert again is not None
    assert [f["hex"] for f in again[1]] == ["03"]


def test_the_log_is_told_by_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    part = news.log(file)
    assert part(None) is None
    file.write_text('{"event": "a"}\n{"event": "b"}\n{"ev')
    told = part(None)
    assert told == (str(len('{"event": "a"}\n{"event": "b"}\n')), [{"event": "a"}, {"event": "b"}])
    assert part(told[0]) is None, "the last line is not whole"
    with file.open("a") as log:
        log.write('ent": "c"}\n')
    more = part(told[0])
    assert more is not None
    assert more[1] == [{"event": "c"}]
    file.write_text('{"event": "d"}\n')
    turned = part(more[0])
    assert turned is not None
    assert turned[1] == [{"event": "d"}], "the log was turned over"


def test_people_come_with_portraits(tester: Client) -> None:
    people = {person["name"]: person for person in tester.get("ask/people").json()}
    assert set(people) == set(tester.bench.people)
    assert all(person["portrait"].startswith("data:image/jpeg;base64,/9j/") for person in people.values())
    assert people["li-wenjing"]["fingers"] == {"11": "f01", "16": "f02"}


def test_one_fault_of_a_device_can_be_called_off(tester: Client) -> None:
    for fault in ("coverOpen", "headHot"):
        tester.session.post(
            f"{tester.bench.control_url}/fault",
            json={"device": "receipt_printer", "fault": fault},
            timeout=10,
        )
    assert len(tester.news()["faults"]) == 2
    address = f"{tester.bench.control_url}/fault?device=receipt_printer&fault=coverOpen"
    tester.session.delete(address, timeout=10)
    assert [order["fault"] for order in tester.news()["faults"]] == ["headHot"]


def test_every_person_act_fault_and_cable_has_words_in_both_languages(tester: Client) -> None:
    words = _words()
    catalogue = tester.bench.catalogue.plain()
    wanted = [f"person.{name}" for name in tester.bench.people]
    wanted += [f"device.{device}" for device in catalogue["devices"]]
    wanted += [
        f"fault.{device}.{fault}"
        for device, entry in catalogue["devices"].items()
        for fault in entry["faults"]
    ]
    wanted += [f"link.{name}" for name in catalogue["links"]["names"]]
    wanted += [f"link-fault.{fault}" for fault in catalogue["links"]["faults"]]
    wanted += [f"act.{act}" for act in ACTS]
    wanted += [f"move.{kind}" for kind in ("press", *STEPS) if kind not in ("act", "fault")]
    wanted += [
        f"finding.{one['what']}" for scenario in listed(tester.bench.people) for one in scenario["expect"]
    ]
    assert [name for name in wanted if name not in words] == []


def test_every_word_that_the_page_asks_for_is_there() -> None:
    words = _words()
    scripts = [
        file.read_text(encoding="utf-8") for file in panel.PAGE.glob("*.js") if file.name != "words.js"
    ]
    asked = {key for script in scripts for key in re.findall(r'\bt\("([^"]+)"\)', script)}
    assert asked - set(words) == set()
    acts = {act for script in scripts for act in re.findall(r'\bact\("([a-z_]+)"', script)}
    assert acts <= set(ACTS)
    assert acts >= {"persona", "place_id_card", "insert_permit", "look", "place_finger", "pay", "scan_qr"}


def _words() -> dict[str, tuple[str, str]]:
    found = re.findall(r'^  "([^"]+)": \["([^"]+)",\s*"([^"]+)"\],$', WORDS, re.M)
    assert len(found) == len(re.findall(r'^  "', WORDS, re.M)), "a line that this test cannot read"
    return {key: (zh, en) for key, zh, en in found}


# --- a kiosk without a window ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Bench(tmp_path_factory.mktemp("headless"), hasty=True) as bench:
        bench.power.on(headless=True)
        yield Client(bench)


def until(tester: Client, met: Any) -> dict[str, Any]:
    """Follow the news until ``met`` of all that is known; returns that."""
    known: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for _ in range(200):
        told = tester.news(**seen)
        seen = told.pop("seen")
        known |= told
        if met(known):
            return known
    raise AssertionError(f"never: {known.get('kiosk')}")


def prompt(known: dict[str, Any]) -> str:
    page = known.get("kiosk", {}).get("page")
    return str(page["prompt"]["name"]) if page else ""


def test_a_page_is_told_in_sentences_and_can_be_pressed(headless: Client) -> None:
    known = until(headless, lambda known: prompt(known) == "attract")
    page = known["kiosk"]["page"]
    assert page["prompt"]["question"] == "请触摸屏幕开始"
    assert page["simulated"] is True
    assert (
        headless.post("do/press", {"page": page["number"], "action": "begin", "value": "en"}).status_code
        == 200
    )
    known = until(headless, lambda known: prompt(known) == "home")
    home = known["kiosk"]["page"]
    assert home["language"] == "en"
    assert {service["value"] for service in home["prompt"]["services"]} >= {"endorsement"}
    headless.post("do/press", {"page": home["number"], "action": "choose", "value": "endorsement"})
    known = until(headless, lambda known: known["kiosk"].get("journal") and known.get("log"))
    journal = known["kiosk"]["journal"]
    assert journal["service"] == "endorsement"
    assert journal["outcome"] is None
    assert journal["events"][0]["kind"] == "visit-began"


def test_the_power_is_cut_and_comes_back(headless: Client) -> None:
    known = until(headless, lambda known: known["kiosk"].get("pid"))
    pid = known["kiosk"]["pid"]
    cut = headless.post("do/power", {"to": "cut"}).json()
    assert (cut["on"], cut["ended"]) == (False, {"how": "cut", "exit_code": -9, "words": ""})
    assert not Path(f"/proc/{pid}").exists()
    until(headless, lambda known: known["kiosk"] == {})
    assert headless.post("do/power", {"to": "on"}).json()["on"] is True
    known = until(
        headless, lambda known: known["kiosk"].get("pid") not in (None, pid) and prompt(known) == "attract"
    )
    assert headless.post("do/power", {"to": "off"}).json()["ended"]["how"] == "off"


def test_a_kiosk_started_elsewhere_is_shown_and_left_alone(started: Bench, tester: Client) -> None:
    kiosk = KioskProcess(started.state / "site.toml", headless=True)
    try:
        known = until(tester, lambda known: known["kiosk"].get("pid"))
        assert known["kiosk"]["pid"] == kiosk.pid
        for to in ("on", "cut", "off"):
            assert tester.post("do/power", {"to": to}).status_code == 409
        assert kiosk.exit_code is None
    finally:
        kiosk.stop()
    until(tester, lambda known: known["kiosk"] == {})

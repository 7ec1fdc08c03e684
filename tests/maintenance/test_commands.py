"""``kiosk diagnose``, ``report``, ``staff``, ``support-bundle``: with a kiosk and without one."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.__main__ import main
from kiosk.maintenance.service_socket import Busy, ask
from simulators.citizen import Citizen, Plan
from simulators.faults import Order
from simulators.hands import DataHands
from tests.maintenance.technician import Machine, acts, machine
from tests.residue import marks, strokes
from tests.residue.test_residue import FINGER, SIGNED

LOOK = {"consent-face": [{"act": "place_id_card"}, {"act": "look"}]}
PLANS = (
    (Plan("wang-guoqiang", acts=LOOK), "refused"),
    (Plan("li-wenjing", acts=LOOK), "delivered"),
    (FINGER.plan, "delivered"),
    (SIGNED.plan, "delivered"),
)
"""Who is refused, who pays, who leaves a mobile number, who signs."""
LONGEST_S = 40.0


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def kiosk(state: Path, *arguments: str, stdin: str = "") -> Done:
    """Call the command line as a shell would, in this process: nine interpreters would take a minute."""
    out, errors = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(stdin)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            code = main(["--site", str(state / "site.toml"), *arguments])
    finally:
        sys.stdin = before
    return Done(code, out.getvalue(), errors.getvalue())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("bench")) as started:
        started.staff.until("attract")
        yield started


def test_a_running_kiosk_is_asked_and_says_what_to_do(running: Machine) -> None:
    state = running.bench.state
    found = kiosk(state, "diagnose", "--json", "receipt_printer")
    assert found.returncode == 0, found.stderr
    (sheet,) = json.loads(found.stdout)
    assert sheet["capabilities"]["serial"] == "RP9900001"
    assert sheet["wire"]["answered"] > 0
    running.world.do("paper", state="out")
    said = kiosk(state, "diagnose", "receipt_printer")
    running.world.do("paper", state="full")
    assert said.returncode == 1
    assert "receipt_printer: paperOut" in said.stdout
    assert "Put in a roll" in said.stdout


def test_a_device_that_is_not_fitted_is_said_so(running: Machine) -> None:
    assert kiosk(running.bench.state, "diagnose", "teapot").returncode == 2


def test_a_self_test_over_the_socket_tells_as_it_goes_and_fails_with_the_device(running: Machine) -> None:
    told: list[str] = []
    question = {"ask": "self-test", "devices": ["receipt_printer", "ups"]}
    found = ask(running.bench.state, question, lambda m: told.append(m["finding"]["verdict"]))
    assert {one["verdict"] for one in found} == {"passed"}
    assert told.count("running") == 2
    running.bench.faults.arm(Order("receipt_printer", "cutterFault", repeat=True))
    found = ask(running.bench.state, question)
    running.bench.faults.clear()
    assert {one["device"]: one["verdict"] for one in found} == {"receipt_printer": "failed", "ups": "passed"}
    assert next(one["code"] for one in found if one["verdict"] == "failed") == "cutterFault"
    tests = {one["test"]: one for one in ask(running.bench.state, {"ask": "report"})["self_tests"]}
    assert tests["receipt_printer"]["verdict"] == "failed"
    assert tests["ups"]["at"]


def test_nobody_is_tested_away_from_a_citizen(running: Machine) -> None:
    running.link.begin_now()
    asked: list[object] = []

    def watch(page: dict[str, object]) -> None:
        if not asked and page["prompt"]["name"] == "insert-permit":  # type: ignore[index]
            try:
                asked.append(ask(running.bench.state, {"ask": "self-test", "devices": ["ups"]}))
            except Busy as busy:
                asked.append(busy)

    plan = Plan(acts={"consent-face": [{"act": "place_id_card"}, {"act": "look"}]})
    report = Citizen(running.link, DataHands(running.link), running.world, plan, watch).visit(60)
    assert report["outcome"] == "delivered"
    assert isinstance(asked[0], Busy)


def test_the_socket_is_the_kiosks_own_and_nonsense_is_refused(running: Machine) -> None:
    path = running.bench.state / "maintenance.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    for line in (b"\n", b"{}\n", b'{"ask": "everything"}\n', b"[1]\n", b"\xff\n"):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(path))
            peer.sendall(line)
            assert json.loads(peer.makefile().readline()) == {"error": "not-understood"}


def test_the_support_bundle_has_nothing_of_anybody(running: Machine, tmp_path: Path) -> None:
    for plan, outcome in PLANS:
        running.world.do("reset")
        running.staff.until("attract", timeout_s=LONGEST_S)
        running.link.begin_now()
        report = Citizen(running.link, DataHands(running.link), running.world, plan).visit(90)
        assert report["outcome"] == outcome, report
    file = tmp_path / "support.tar.gz"
    assert kiosk(running.bench.state, "support-bundle", "--out", str(file)).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as bundle:
        content = {entry.name: bundle.extractfile(entry).read() for entry in bundle}  # type: ignore[union-attr]
    assert {"support/versions.json", "support/settings.json", "support/report.json"} <= set(content)
    assert any(name.startswith("support/log/") for name in content)
    secrets = [running.bench.token, (running.bench.state / "journal.key").read_bytes().hex()]
    secrets += [member.secret for member in running.members.values()]
    secrets += [member.pin_hash for member in running.members.values()]
    hits = [
        (name, where)
        for where, data in content.items()
        for name, words in [*planted(running).items(), ("secrets", secrets)]
        for word in words
        if word.encode() in data
    ]
    written = {*strokes.marks(), marks.PHONE.encode()}
    hits += [("written", where) for where, data in content.items() if any(mark in data for mark in written)]
    assert hits == []


def planted(running: Machine) -> dict[str, list[str]]:
    """Return each persona's own words: names, numbers, addresses, the permit's line."""
    found: dict[str, list[str]] = {}
    for name, persona in running.bench.people.items():
        words: list[str] = []
        _gather(persona.tables(), words)
        found[name] = [word for word in words if len(word) >= 6 or (len(word) >= 2 and not word.isascii())]
        assert found[name], name
    return found


PUBLIC = {"汉", "汉族", "居民", "浙江省公安厅出入境管理局"}


def _gather(value: object, words: list[str], key: str = "") -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            _gather(part, words, str(name))
    elif isinstance(value, list):
        for part in value:
            _gather(part, words, key)
    elif isinstance(value, str) and value not in PUBLIC and key in (
        "name", "number", "id_number", "permit_number", "address", "phone", "mrz", "english_name", "chip_mrz",
    ):  # fmt: skip
        words.append(value)


def test_without_a_kiosk_the_devices_are_opened_and_the_report_made(tmp_path: Path) -> None:
    with machine(tmp_path / "bench") as stopped:
        stopped.staff.until("attract")
        stopped.stop()
        state = stopped.bench.state
        sheets = json.loads(kiosk(state, "diagnose", "--json", "ups", "receipt_printer").stdout)
        assert [sheet["state"] for sheet in sheets] == ["online", "online"]
        tested = kiosk(state, "diagnose", "--self-test", "payment_terminal", "receipt_printer")
        assert tested.returncode == 0, tested.stdout + tested.stderr
        out = tmp_path / "out"
        made = kiosk(state, "report", "--out", str(out))
        assert made.returncode == 0, made.stdout + made.stderr
        (pdf,) = out.glob("*.pdf")
        assert pdf.read_bytes().startswith(b"%PDF")
        added = kiosk(state, "staff", "add", "2001", "--role", "auditor", "--pin-stdin", stdin="805193\n")
        assert added.returncode == 0, added.stderr
        assert added.stdout.startswith("otpauth://totp/")
        assert kiosk(state, "staff", "remove", "1001").returncode == 0
        listed = kiosk(state, "staff", "list").stdout
        assert "2001" in listed
        assert "1001" not in listed
        written = [(event.body["action"], event.body["staff"]) for event in acts(state)]
        assert written[-2:] == [("staff-added", "2001"), ("staff-removed", "1001")]
        stopped.start()

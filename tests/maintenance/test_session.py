"""Maintenance on a running kiosk: the handshake, what roles may do, remedies, supplies, the audit log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kiosk.maintenance.lockout import LONGEST_WAIT_S
from kiosk.maintenance.staff import Role
from simulators.citizen import Citizen, Plan
from simulators.control_client import World
from simulators.faults import Order
from simulators.hands import DataHands
from tests.maintenance.technician import PIN, Machine, Page, acts, lend_a_hand, machine


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("bench")) as started:
        yield started


@pytest.fixture
def kiosk(running: Machine) -> Iterator[Machine]:
    running.clear()
    yield running
    running.clear()


ATTENDED = ("id_card_reader.card", "fingerprint_pad.finger", "permit_unit.card", "payment_terminal.cent")


def eventually(so: Callable[[], bool]) -> None:
    for _ in range(800):
        if so():
            return
        time.sleep(0.05)
    raise TimeoutError


def count(prompt: Page, mark: str) -> int:
    """Return how many lines of a checklist have ``mark``."""
    return [item["mark"] for item in prompt["items"]].count(mark)


def ticked(number: int, prompt: Page) -> bool:
    return count(prompt, "done") == number


def under_way(test: str, prompt: Page) -> bool:
    return any(
        item["mark"] == "now" and item["label"]["key"] == f"selftest.{test}" for item in prompt["items"]
    )


def over(test: str, prompt: Page) -> bool:
    return not under_way(test, prompt)


def turn(world: World, position: str) -> None:
    world.do("operator_switch", position=position)


def test_the_key_closes_the_machine_and_turning_it_back_opens_it(kiosk: Machine) -> None:
    turn(kiosk.world, "maintenance")
    page = kiosk.staff.until("staff-wanted")
    assert [action["name"] for action in page["prompt"]["actions"]] == ["log-in"]
    turn(kiosk.world, "run")
    kiosk.staff.until("attract")


def test_roles_see_what_they_may_do(kiosk: Machine) -> None:
    turn(kiosk.world, "maintenance")
    seen = {}
    for role in Role:
        kiosk.staff.log_in(role)
        seen[role] = [option["value"] for option in kiosk.staff.page()["prompt"]["options"]]
        kiosk.staff.log_out()
    assert seen[Role.ENGINEER] == ["devices", "supplies", "self-tests", "check", "report", "machine"]
    assert seen[Role.OPERATOR] == ["devices", "supplies", "check"]
    assert seen[Role.AUDITOR] == ["devices", "supplies", "check", "report"]


def test_a_machine_without_its_root_helper_says_so(kiosk: Machine) -> None:
    turn(kiosk.world, "maintenance")
    kiosk.staff.log_in(Role.ENGINEER)
    kiosk.staff.press("maintenance", "choose", "machine")
    kiosk.staff.press("machine", "choose", "restart-kiosk")
    kiosk.staff.press("machine-confirm", "ok")
    page = kiosk.staff.until("machine-refused")
    assert page["prompt"]["paragraphs"][0]["key"] == "machine.no-helper"
    kiosk.staff.press("machine-refused", "ok")
    kiosk.staff.until("machine")
    kiosk.staff.log_out()


def test_a_wrong_pin_is_not_admitted_and_nothing_says_which(kiosk: Machine) -> None:
    turn(kiosk.world, "maintenance")
    kiosk.staff.press("staff-wanted", "log-in")
    kiosk.staff.identify(pin="999111")
    said = kiosk.staff.until("not-admitted")["prompt"]
    assert said["paragraphs"][0]["args"]["tries"] == 4
    kiosk.staff.press("not-admitted", "ok")
    kiosk.staff.log_in()
    kiosk.staff.log_out()


def test_staff_see_which_unit_of_the_store_differs_and_have_it_compared_again(kiosk: Machine) -> None:
    """What they say is not enough: the unit serves again when it is as the register says."""

    def units_out() -> Any:
        return kiosk.link.ask("status")["units_out"]

    kiosk.world.do("empty_unit", unit=1)
    eventually(lambda: units_out() == {"1": "documentsMissing"})
    turn(kiosk.world, "maintenance")
    kiosk.staff.log_in(Role.OPERATOR)
    kiosk.staff.open("devices")
    kiosk.staff.press("devices", "choose", "card_dispenser")
    kiosk.staff.press("device", "check-store")
    (row,) = kiosk.staff.until("store")["prompt"]["rows"]
    assert (row["label"]["args"]["unit"], row["value"]["args"]["documents"]) == (1, "SL2026110001")
    for stocked, told, left in (
        (False, "store-differs", {"1": "documentsMissing"}),
        (True, "store-agrees", {}),
    ):
        if stocked:
            kiosk.world.do("stock_documents")
            kiosk.staff.press("device", "check-store")
        kiosk.staff.press("store", "checked")
        kiosk.staff.press(told, "ok")
        assert units_out() == left
    assert "check-store" not in [one["name"] for one in kiosk.staff.until("device")["prompt"]["actions"]]
    kiosk.staff.log_out()


def test_an_open_door_without_a_session_is_an_alarm_and_with_one_is_not(kiosk: Machine) -> None:
    alarms = kiosk.bench.state / "events.jsonl"
    before = alarms.read_text().count('"cabinet-alarm"')
    kiosk.world.do("door", door="cabinetFront", state="open")
    kiosk.staff.until("staff-wanted")
    eventually(lambda: alarms.read_text().count('"cabinet-alarm"') > before)
    eventually(lambda: kiosk.world.state()["io_board"]["lights"]["statusBadIndicator"] == "quick")
    kiosk.world.do("door", door="cabinetFront", state="locked")
    kiosk.staff.until("attract")
    turn(kiosk.world, "maintenance")
    kiosk.staff.log_in()
    kiosk.world.do("door", door="cabinetRear", state="open")
    time.sleep(1.0)  # longer than the doors are asked: nothing may come of it
    assert alarms.read_text().count('"cabinet-alarm"') == before + 1
    kiosk.world.do("door", door="cabinetRear", state="locked")
    kiosk.staff.log_out()


def handshake(kiosk: Machine, at: str, act: dict[str, Any]) -> dict[str, Any]:
    """Let somebody be served while ``act`` happens at the prompt ``at``; return the kiosk's report."""
    kiosk.link.begin_now()
    plan = Plan(acts={at: [act], "consent-face": [{"act": "place_id_card"}, {"act": "look"}]})
    return Citizen(kiosk.link, DataHands(kiosk.link), kiosk.world, plan).visit(60)


def test_the_key_in_mid_visit_waits_for_its_end(kiosk: Machine) -> None:
    key = {"act": "operator_switch", "position": "maintenance"}
    report = handshake(kiosk, "choose-destinations", key)
    assert report["outcome"] == "delivered"
    kiosk.staff.until("staff-wanted")


def test_a_door_in_mid_visit_ends_it_and_gives_everything_back(kiosk: Machine) -> None:
    door = {"act": "door", "door": "cabinetFront", "state": "open"}
    report = handshake(kiosk, "insert-permit", door)
    assert (report["outcome"], report["reason"]) == ("cancelled", "maintenance")
    assert report["paid_fen"] == 0
    assert report["prompts"][-1] in ("take-permit", "take-id-card", "visit-ended")
    assert kiosk.world.state()["permit"]["where"] == "pocket"
    kiosk.staff.until("staff-wanted")


def test_a_door_while_money_is_under_way_lets_it_come_to_its_end(kiosk: Machine) -> None:
    door = {"act": "door", "door": "cabinetFront", "state": "open"}
    report = handshake(kiosk, "pay-at-terminal", door)
    assert report["outcome"] == "delivered"
    assert report["paid_fen"] == 3000
    assert all(value is True for value in report["invariants"].values())
    kiosk.staff.until("staff-wanted")


def test_a_remedy_ticks_itself_off(kiosk: Machine) -> None:
    turn(kiosk.world, "maintenance")
    staff = kiosk.staff
    staff.log_in()
    staff.open("devices")
    staff.press("devices", "choose", "receipt_printer")
    kiosk.world.do("paper", state="out")
    offered = staff.until("device", lambda p: any(a["name"] == "remedy" for a in p["actions"]))
    assert offered["prompt"]["tone"] == "needs-you"
    staff.press("device", "remedy")
    staff.back("remedy")
    staff.press("device", "remedy")
    staff.until("remedy")
    assert "done" not in staff.marks()
    kiosk.world.do("receipt_cover", open=True)
    staff.until("remedy", partial(ticked, 1))
    kiosk.world.do("paper", state="full")
    staff.until("remedy", partial(ticked, 2))
    kiosk.world.do("receipt_cover", open=False)
    staff.until("remedy", lambda p: all(item["mark"] == "done" for item in p["items"]) and p["actions"])
    staff.press("remedy", "ok")
    staff.until("device", lambda p: p["tone"] == "plain")
    staff.log_out()
    log = map(json.loads, (kiosk.bench.state / "events.jsonl").read_text("utf-8").splitlines())
    told = [event["action"] for event in log if event.get("action", "").startswith("remedy")]
    assert told == ["remedy-begun", "remedy-ended"] * 2


def test_an_exchange_of_blank_documents_needs_a_second_person(kiosk: Machine) -> None:
    turn(kiosk.world, "maintenance")
    staff = kiosk.staff
    first = staff.log_in(Role.OPERATOR)
    staff.open("supplies")
    for page in ("same-person", "exchanged"):
        staff.press("supplies", "choose", "document-paper")
        staff.press("supply", "exchange")
        staff.press("exchange", "ok")
        staff.press("exchange-count", "enter", "320")
        staff.press("second-person", "ok")
        if page == "same-person":
            staff.type(first, PIN, staff.code_of(first))
        else:
            staff.identify(unlike=first)
        staff.press(page, "ok")
    staff.until("supplies")
    details = {o["value"]: o["detail"] for o in staff.page()["prompt"]["options"]}
    assert details["document-paper"]["args"]["count"] == 320
    staff.log_out()


def test_what_is_in_the_bin_is_told_by_case_and_handed_over(kiosk: Machine) -> None:
    kiosk.link.begin_now()
    plan = Plan(forgets_permit=True, acts={"consent-face": [{"act": "place_id_card"}, {"act": "look"}]})
    report = Citizen(kiosk.link, DataHands(kiosk.link), kiosk.world, plan).visit(90)
    turn(kiosk.world, "maintenance")
    staff = kiosk.staff
    number = staff.log_in()
    staff.open("supplies")
    staff.press("supplies", "choose", "permits")
    rows = staff.until("bin")["prompt"]["rows"]
    assert rows[-1]["value"]["args"]["value"] == report["case"]
    staff.press("bin", "hand-over")
    staff.press("hand-over", "ok")
    staff.press("bin-count", "enter", "7")
    staff.press("receiver", "enter", "330212")
    told = staff.until("handed-over")["prompt"]
    assert told["tone"] == "needs-you"  # seven are not what was counted
    assert told["paragraphs"][-1]["key"] == "supply.slip.printed"
    first, second = [one["text"] for one in kiosk.world.printed()["receipts"]][-2:]
    assert first == second, "each of the two has the same"
    for words in (report["case"], "清点 7 张，机器计数 1 张", "接收人 330212 签字", f"移交人 {number} 签字"):
        assert words in first
    staff.press("handed-over", "ok")
    staff.press("supplies", "choose", "permits")
    assert staff.until("bin")["prompt"]["rows"] == []
    kiosk.world.do("paper", state="out")
    staff.press("bin", "hand-over")
    staff.press("hand-over", "ok")
    staff.press("bin-count", "enter", "0")
    staff.press("receiver", "enter", "330212")
    (by_hand,) = staff.until("handed-over")["prompt"]["paragraphs"]
    assert by_hand["key"] == "supply.slip.not-printed"
    assert by_hand["args"]["why"]["key"] == "fault.receipt_printer.paperOut"
    staff.log_out()


def test_every_self_test_with_a_person_and_the_report_after_it(kiosk: Machine) -> None:
    turn(kiosk.world, "maintenance")
    staff = kiosk.staff
    number = staff.log_in()
    staff.open("self-tests")
    for name in ATTENDED:
        staff.until("self-test", partial(under_way, name))
        lend_a_hand(kiosk.world, name)
    staff.until_done("self-test")
    assert set(staff.marks()) == {"done"}, staff.said()
    staff.press("self-test", "ok")
    orders = kiosk.world.state()["orders"]
    assert [(o["amount_fen"], o["state"]) for o in orders.values()] == [(1, "refunded")]
    staff.open("report")
    page = staff.until("report")["prompt"]
    file = page["rows"][-1]["value"]["args"]["value"]
    assert (kiosk.bench.state / "reports" / file).read_bytes().startswith(b"%PDF")
    body = json.loads((kiosk.bench.state / "reports" / file.replace(".pdf", ".json")).read_text())
    assert {test["verdict"] for test in body["self_tests"]} == {"passed"}
    assert {part["device"] for part in body["parts"]} >= {"permit_unit", "ups", "io_board"}
    assert body["maintenance"]["preventive"]["staff"] == number
    assert body["journal"]["verified"] is not False  # None: a busy machine had no time to come to its end
    assert body["journal"]["events"] > 0
    staff.press("report", "ok")
    staff.open("check")
    staff.until("issues")
    staff.log_out()


def test_what_nobody_is_going_to_do_is_skipped_and_a_failure_is_said_in_words(kiosk: Machine) -> None:
    kiosk.world.do("mains", on=False)
    turn(kiosk.world, "maintenance")
    staff = kiosk.staff
    staff.log_in()
    staff.open("self-tests")
    for name in ATTENDED:
        staff.until("self-test", partial(under_way, name))
        staff.press("self-test", "skip")
        staff.until("self-test", partial(over, name))
    items = staff.until_done("self-test")["prompt"]["items"]
    details = {item["label"]["key"]: item["detail"] for item in items}
    assert details["selftest.ups"]["key"] == "selftest.why.onBattery"
    why = [details[f"selftest.{name}"]["args"]["why"]["key"] for name in ATTENDED]
    assert why == ["selftest.why.skipped"] * len(ATTENDED)
    assert kiosk.world.state()["permit"]["where"] == "pocket"
    staff.press("self-test", "ok")
    staff.log_out()


def test_nothing_to_offer_is_said_with_the_reason_and_where_else_to_go(kiosk: Machine) -> None:
    for device in ("id_card_reader", "permit_unit"):
        for fault in ("noAnswer",):
            kiosk.bench.faults.arm(Order(device, fault, repeat=True))
    services = kiosk.staff.page()["prompt"]["services"]
    page = kiosk.staff.until("out-of-service" if services else "attract")["prompt"]
    assert page["body"]["args"]["why"]["key"] == "unready.device"
    assert page["elsewhere"]["args"]["place"]["key"] == "site.elsewhere"
    kiosk.bench.faults.clear()
    kiosk.staff.until("attract")


def test_a_receipt_printer_without_paper_means_less_and_is_said_so(kiosk: Machine) -> None:
    kiosk.world.do("paper", state="out")
    page = kiosk.staff.until(
        "attract", lambda p: any(s["detail"]["key"] == "home.with-less" for s in p["services"])
    )
    endorsement = next(s for s in page["prompt"]["services"] if s["value"] == "endorsement")
    assert endorsement["refused"] is None


def test_the_lockout_outlives_a_power_cut(tmp_path: Path) -> None:
    with machine(tmp_path / "bench") as kiosk:
        kiosk.staff.until("attract")
        turn(kiosk.world, "maintenance")
        for _ in range(5):
            kiosk.staff.press("staff-wanted", "log-in")
            kiosk.staff.type("1001", "999111", "000000")
            kiosk.staff.until("not-admitted" if _ < 4 else "locked")
            kiosk.staff.press("not-admitted" if _ < 4 else "locked", "ok")
        kiosk.kiosk.kill()
        kiosk.link.close()
        count = kiosk.bench.state / "lockout.json"
        kept = json.loads(count.read_text())
        assert kept["tries"] == 5
        count.write_text(json.dumps({**kept, "tries": 12}))  # a wait that outlasts any slow machine
        kiosk.start()
        kiosk.staff.press("staff-wanted", "log-in")
        seconds = kiosk.staff.until("locked")["prompt"]["paragraphs"][0]["args"]["seconds"]
        assert 15 < seconds <= LONGEST_WAIT_S
        kiosk.staff.press("locked", "ok")
        kiosk.stop()
        refused = [event for event in acts(kiosk.bench.state) if event.body["action"] == "log-in-refused"]
        assert len(refused) == 5
        assert {event.body["staff"] for event in refused} == {"unknown"}
        assert PIN not in (kiosk.bench.state / "events.jsonl").read_text()
        kiosk.start()

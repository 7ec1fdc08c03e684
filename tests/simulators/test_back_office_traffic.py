"""The traffic police's desk: a violation is decided once, paid once, and only as its driver saw it."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from simulators.faults import Order
from tests.simulators.back_office_bench import START, Bench
from tests.simulators.notices_bench import SIGNATURE
from tests.simulators.officers_bench import Desk as OfficersDesk
from tests.simulators.officers_bench import cheap_passwords, hire

MEI: dict[str, Any] = {
    "name": "mei",
    "id_card": {"number": "330212199003059920", "name": "测试梅"},
    "traffic": {
        "licence": {"points": 9, "cycle_until": date(2027, 3, 1)},
        "vehicles": [{"plate": "浙B9T101"}, {"plate": "浙B9T102", "owned": False, "other_licences": 1}],
        "violations": [
            {"plate": "浙B9T101", "act": "1345", "at": START - timedelta(days=9), "place": "测试路"},
            {"plate": "浙B9T102", "act": "1208", "at": START - timedelta(days=8), "place": "测试路"},
            {"plate": "浙B9T101", "act": "1357", "at": START - timedelta(days=7), "place": "测试路"},
            {"plate": "浙B9T101", "act": "1110", "at": START - timedelta(days=6), "place": "测试路"},
        ],
    },
}
JUN: dict[str, Any] = {
    "name": "jun",
    "id_card": {"number": "330212198811029915", "name": "测试军"},
    "traffic": {
        "licence": {"cycle_until": date(2027, 3, 1)},
        "vehicles": [{"plate": "浙B9T101", "owned": False}],
    },
}


class Desk:
    """One kiosk's talk with the desk, for a person's case."""

    def __init__(self, bench: Bench, person: dict[str, Any], case_no: str) -> None:
        self.bench, self.case_no, self.card = bench, case_no, person["id_card"]
        bench.open_case(case_no).raise_for_status()

    def records(self) -> Any:
        asked = {
            "kiosk": "330212K01",
            "case_no": self.case_no,
            "id_number": self.card["number"],
            "name": self.card["name"],
        }
        response = self.bench.post("/v1/traffic/records", asked)
        response.raise_for_status()
        return response.json()

    def shown(self, act: str) -> Any:
        return next(one for one in self.records()["violations"] if one["act_code"] == act)

    def decide(self, violation: Any, key: str = "", signature: Any = SIGNATURE) -> Any:
        asked = {
            "case_no": self.case_no,
            "violation_no": violation["violation_no"],
            "fine_fen": violation["fine_fen"],
            "points": violation["points"],
            "proof": "face",
            "declared": True,
            "signature": signature,
        }
        return self.bench.post("/v1/traffic/decisions", asked, key=key or f"{self.case_no}-decide")

    def bill(self, *decisions: str) -> Any:
        asked = {"case_no": self.case_no, "decisions": list(decisions)}
        return self.bench.post("/v1/traffic/bills", asked, key=f"bill-{self.bench.now.isoformat()}")

    def settle(self, bill: Any, order_no: str, key: str = "settle") -> Any:
        asked = {"case_no": self.case_no, "bill_no": bill["bill_no"], "order_no": order_no}
        return self.bench.post("/v1/traffic/settlements", asked, key=key)

    def handled(self) -> Any:
        return self.bench.get(f"/v1/traffic/cases/{self.case_no}")


@pytest.fixture
def mei(bench_on_file: Bench) -> Desk:
    bench_on_file.desk.reseed([MEI, JUN])
    return Desk(bench_on_file, MEI, "CASE-1")


@pytest.fixture
def mei_everywhere(bench: Bench) -> Desk:
    """The same on each of the databases: for what must hold when two come at once."""
    bench.desk.reseed([MEI, JUN])
    return Desk(bench, MEI, "CASE-1")


def error(response: Any) -> tuple[int, str]:
    return response.status_code, response.json().get("error", "")


def test_own_and_entrusted_vehicles_are_listed_newest_first(mei: Desk) -> None:
    records = mei.records()
    assert records["licence"]["points"] == 9
    assert [(v["act_code"], v["owned"]) for v in records["violations"]] == [
        ("1110", True), ("1357", True), ("1208", False), ("1345", True),
    ]  # fmt: skip
    stranger = Desk(mei.bench, {"id_card": {**MEI["id_card"], "name": "别人"}}, "CASE-2")
    assert stranger.records()["licence"] is None, "number and name must belong together"


def test_evidence_is_pictures_for_the_case_that_may_handle_it_and_nobody_else(mei: Desk) -> None:
    number = mei.shown("1345")["violation_no"]
    path = f"/v1/traffic/cases/CASE-1/violations/{number}/evidence"
    pictures = mei.bench.get(path)["pictures"]
    assert len(pictures) == 3
    with Image.open(BytesIO(base64.b64decode(pictures[0]["data"]))) as picture:
        assert picture.size == (960, 600)
    Desk(mei.bench, JUN, "CASE-2").records()
    theirs = mei.shown("1208")["violation_no"]
    url = f"{mei.bench.server.url}/v1/traffic/cases/CASE-2/violations/{theirs}/evidence"
    assert mei.bench.session.get(url, timeout=5).status_code == 404


def test_a_decision_adds_points_and_names_its_driver(mei: Desk) -> None:
    decision = mei.decide(mei.shown("1345")).json()
    document = "\n".join(decision["document"])
    for words in ("测试梅", decision["decision_no"], "浙B9T101", "罚款 100 元，记 1 分", "行政复议"):
        assert words in document
    assert MEI["id_card"]["number"] not in document
    assert mei.records()["licence"]["points"] == 10
    assert mei.shown("1345")["decision_no"] == decision["decision_no"]
    asked = {"case_no": "CASE-1", "last_four": MEI["id_card"]["number"][-4:]}
    assert mei.bench.post("/v1/progress", asked).json()["next_step"] == "pay"


def test_a_decision_says_whether_it_was_signed_and_officers_see_how(
    mei: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap_passwords(monkeypatch)
    hire(mei.bench)
    signed = mei.decide(mei.shown("1345")).json()
    refused = mei.decide(mei.shown("1208"), "k2", signature=None).json()
    assert "被处罚人已在自助机屏幕上签名。" in signed["document"]
    assert "被处罚人拒绝签名。" in refused["document"]
    desk = OfficersDesk(mei.bench, "audit")
    papers = {one["number"]: one["signed"] for one in desk.get("cases/CASE-1/signed-papers")["papers"]}
    assert papers == {signed["decision_no"]: True, refused["decision_no"]: False}
    assert desk.get(f"cases/CASE-1/signed-papers/{signed['decision_no']}")["signature"] == SIGNATURE
    steps = [step["step"] for step in mei.bench.get("/v1/cases/CASE-1")["history"]]
    assert steps[-3:] == ["decision-signed", "decided", "decision-unsigned"]
    assert {"decision_no", "signature"} & signed.keys() == {"decision_no"}, "a kiosk never gets it back"


def test_a_decision_is_a_sheet_of_a4_for_its_own_case(mei: Desk) -> None:
    decision_no = mei.decide(mei.shown("1345")).json()["decision_no"]
    path = f"/v1/traffic/cases/CASE-1/decisions/{decision_no}/document"
    with pypdfium2.PdfDocument(base64.b64decode(mei.bench.get(path)["pdf"])) as paper:
        (page,) = paper
        said = page.get_textpage().get_text_bounded().split()
        page.close()
    for words in ("公安交通管理简易程序处罚决定书", decision_no, "测试梅", "330212********9920", "浙B9T101"):
        assert words in said
    Desk(mei.bench, JUN, "CASE-2").records()
    url = f"{mei.bench.server.url}/v1/traffic/cases/CASE-2/decisions/{decision_no}/document"
    assert mei.bench.session.get(url, timeout=5).status_code == 404


def test_a_repeat_is_the_same_decision_under_another_key_too(mei: Desk) -> None:
    violation = mei.shown("1345")
    first = mei.decide(violation, "k1").json()
    assert mei.decide(violation, "k1").json() == first
    assert mei.decide(violation, "k2").json() == first
    assert mei.records()["licence"]["points"] == 10


def test_two_kiosks_at_once_decide_it_once(mei_everywhere: Desk) -> None:
    mei = mei_everywhere
    violation = mei.shown("1345")
    jun = Desk(mei.bench, JUN, "CASE-2")
    jun.records()
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda desk: desk.decide(violation), (mei, jun)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {error(a) for a in answers if a.status_code == 409} == {(409, "handled-elsewhere")}


def test_what_the_driver_did_not_see_is_not_decided(mei: Desk) -> None:
    violation = mei.shown("1345")
    for changed in ({"fine_fen": 5000}, {"points": 0}):
        assert error(mei.decide({**violation, **changed})) == (409, "penalty-differs")
    assert error(mei.decide(mei.shown("1357"))) == (409, "limit-reached"), "nine points and three"
    assert error(mei.decide(mei.shown("1110"))) == (409, "limit-reached"), "five hundred yuan"


def test_another_owners_vehicle_is_noted_on_the_licence(mei: Desk) -> None:
    mei.decide(mei.shown("1208")).raise_for_status()
    assert mei.records()["licence"]["other_vehicles"] == ["浙B9T102"]


def test_an_objection_keeps_it_from_being_decided(mei: Desk) -> None:
    violation = mei.shown("1345")
    asked = {"case_no": "CASE-1", "violation_no": violation["violation_no"], "reason": "unclear"}
    first = mei.bench.post("/v1/traffic/objections", asked, key="o1").json()
    assert mei.bench.post("/v1/traffic/objections", asked, key="o2").json() == first
    assert error(mei.decide(violation)) == (409, "handled-elsewhere")
    assert mei.handled()["objections"] == [
        {"violation_no": violation["violation_no"], "objection_no": first["objection_no"]}
    ]
    history = [step["step"] for step in mei.bench.get("/v1/cases/CASE-1")["history"]]
    assert history[-2:] == ["objected", "sent-on"]


def test_late_fines_cost_three_per_cent_a_day_up_to_the_fine(mei: Desk) -> None:
    number = mei.decide(mei.shown("1345")).json()["decision_no"]
    totals = []
    for days in (15, 1, 9, 400):
        mei.bench.wait(days * 86400)
        totals.append(mei.bill(number).json()["total_fen"])
    assert totals == [10000, 10300, 13000, 20000]


def test_paid_fines_are_booked_once_and_never_refunded(mei_everywhere: Desk) -> None:
    mei = mei_everywhere
    number = mei.decide(mei.shown("1345")).json()["decision_no"]
    bill = mei.bill(number).json()
    assert error(mei.settle(bill, "ORDER0001")) == (404, "not-found")
    mei.bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    first = mei.settle(bill, "ORDER0001").json()
    assert [(r["decision_no"], r["amount_fen"]) for r in first["receipts"]] == [(number, 10000)]
    assert mei.settle(bill, "ORDER0001", key="again").json() == first
    assert mei.handled()["receipts"] == first["receipts"]
    asked = {"refund_no": "ORDER0001R1", "amount_fen": 10000, "reason": "x"}
    refund = mei.bench.post("/v1/payments/ORDER0001/refunds", asked, key="r1")
    assert error(refund) == (409, "already-issued")
    mei.bench.wait(1)
    assert error(mei.bill(number)) == (409, "not-offered"), "paid is paid"


def test_a_bill_is_for_ones_own_decisions(mei: Desk) -> None:
    number = mei.decide(mei.shown("1345")).json()["decision_no"]
    jun = Desk(mei.bench, JUN, "CASE-2")
    jun.records()
    assert error(jun.bill(number)) == (409, "not-offered")
    assert error(mei.bill(number, number)) == (409, "not-offered")


@pytest.mark.parametrize(
    ("fault", "error_code"),
    [("handled_elsewhere", "handled-elsewhere"), ("penalty_changes", "penalty-differs")],
)
def test_what_the_bench_lets_happen_just_before(mei: Desk, fault: str, error_code: str) -> None:
    violation = mei.shown("1345")
    mei.bench.faults.arm(Order("back_office", fault))
    assert error(mei.decide(violation)) == (409, error_code)


def test_a_bill_that_changes_cannot_be_paid_as_it_was(mei: Desk) -> None:
    number = mei.decide(mei.shown("1345")).json()["decision_no"]
    mei.bench.faults.arm(Order("back_office", "fee_changes"))
    bill = mei.bill(number).json()
    mei.bench.faults.clear()
    taken = mei.bench.payment("CASE-1", bill, "ORDER0001", "wechat")
    assert error(mei.bench.post("/v1/payments", taken, key="p")) == (409, "bill-differs")

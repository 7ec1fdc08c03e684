"""A whole case through the back office over real HTTP, as a kiosk would bring it."""

from __future__ import annotations

import base64
from datetime import date

import pytest

from simulators.faults import Order
from tests.simulators.back_office_bench import HONG_KONG, LI, Bench


def test_a_case_paid_by_qr_code_is_issued_and_registered(bench: Bench) -> None:
    known = bench.check(LI)
    assert known["permit_status"] == "valid"
    assert known["held_by_applicant"] is True
    assert known["refusal"] is None
    bill = bench.quote("CASE-1", [HONG_KONG, {**HONG_KONG, "destination": "MAC", "entries": 2}])
    assert (bill["total_fen"], [i["fee_fen"] for i in bill["items"]]) == (4500, [1500, 3000])
    code = bench.ask_payment("CASE-1", bill, "ORDER0001", "wechat")
    assert bench.get("/v1/payments/ORDER0001")["state"] == "waiting"
    assert bench.hosts.scan(code["code"]) == "paid"
    assert bench.get("/v1/payments/ORDER0001")["state"] == "paid"
    approval = bench.issue("CASE-1", bill, "ORDER0001").json()
    today = bench.now.date()
    first = approval["endorsements"][0]
    assert (first["valid_from"], first["stay_days"]) == (today.isoformat(), 7)
    record = base64.b64decode(approval["chip_record"]).decode("ascii")
    assert len(record) <= 255
    assert record.splitlines()[0].startswith(f"1|HKG|G|{today:%Y%m%d}|20270221|1|7|")
    letters, digits = approval["strip_code"][:2], approval["strip_code"][2:]
    assert (letters, len(digits), int(digits) % 97) == ("EN", 16, 1)  # ISO/IEC 7064 MOD 97-10
    outcome = {"outcome": "issued", "chip": True, "strip": True}
    path = f"/v1/endorsements/{approval['approval_no']}"
    assert bench.post(f"{path}/outcome", outcome, key="o1").json() == {"state": "issued"}
    assert bench.get(path)["state"] == "issued"
    after = bench.check(LI)
    assert {(e["destination"], e["entries_left"]) for e in after["endorsements"]} == {("HKG", 1), ("MAC", 2)}
    assert after["strip_rewrites"] == known["strip_rewrites"] + 1
    case = bench.get("/v1/cases/CASE-1")
    assert (case["state"], case["approval_no"]) == ("issued", approval["approval_no"])
    steps = [step["step"] for step in case["history"]]
    assert steps == ["opened", "quoted", "payment-asked", "paid", "approved", "issued"]


def test_nothing_is_issued_unpaid(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.ask_payment("CASE-1", bill, "ORDER0001", "wechat")
    refused = bench.issue("CASE-1", bill, "ORDER0001")
    assert (refused.status_code, refused.json()["error"]) == (409, "not-paid")


def test_terminal_payment_counts_and_its_refund_is_registered(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    paid = bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    assert (paid["state"], paid["method"]) == ("paid", "card")
    approval = bench.issue("CASE-1", bill, "ORDER0001").json()
    failed = {"outcome": "failed", "chip": False, "strip": True}
    bench.post(f"/v1/endorsements/{approval['approval_no']}/outcome", failed, key="o1")
    refund = {"refund_no": "ORDER0001R1", "amount_fen": 1500, "reason": "strip"}
    answer = bench.post("/v1/payments/ORDER0001/refunds", refund, key="r1").json()
    assert answer == {"state": "refunded", "refunded_fen": 1500}
    assert bench.get("/v1/payments/ORDER0001")["state"] == "refunded"
    assert bench.get("/v1/cases/CASE-1")["state"] == "refunded"
    assert bench.check(LI)["endorsements"] == []


def test_money_for_what_was_issued_stays(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    approval = bench.issue("CASE-1", bill, "ORDER0001").json()
    issued = {"outcome": "issued", "chip": True, "strip": True}
    bench.post(f"/v1/endorsements/{approval['approval_no']}/outcome", issued, key="o1")
    refund = {"refund_no": "ORDER0001R1", "amount_fen": 1500, "reason": ""}
    answer = bench.post("/v1/payments/ORDER0001/refunds", refund, key="r1")
    assert (answer.status_code, answer.json()["error"]) == (409, "already-issued")


def test_one_payment_gives_one_approval_whatever_the_key(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    first = bench.issue("CASE-1", bill, "ORDER0001", key="k1").json()
    again = bench.issue("CASE-1", bill, "ORDER0001", key="k2").json()
    assert first == again
    other = bench.post(
        "/v1/endorsements",
        {
            "case_no": "CASE-1",
            "permit_number": LI["permit"]["number"],
            "bill_no": bill["bill_no"],
            "order_no": "ORDER0001",
            "items": [{**HONG_KONG, "entries": 2}],
        },
        key="k3",
    )
    assert (other.status_code, other.json()["error"]) == (409, "order-differs")


@pytest.mark.parametrize("reason", ["exit_ban", "state_employee", "soldier"])
def test_a_bar_is_told_in_neutral_words_and_refused_even_when_paid(bench: Bench, reason: str) -> None:
    bench.desk.reseed([{**LI, "register": {reason: True}}])
    known = bench.check(LI)
    assert known["refusal"] == "see-window"
    assert reason not in str(known)
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    refused = bench.issue("CASE-1", bill, "ORDER0001")
    assert (refused.status_code, refused.json()["error"]) == (409, "refused")
    assert bench.get("/v1/cases/CASE-1")["state"] == "refused"


def test_registers_tell_of_lost_expired_foreign_and_unknown_permits(bench: Bench) -> None:
    bench.desk.reseed([{**LI, "register": {"permit_status": "lost"}}])
    assert bench.check(LI)["permit_status"] == "lost"
    expired = {**LI, "permit": {"number": "CZ0000001", "expires": date(2026, 1, 1)}}
    bench.desk.reseed([expired])
    assert bench.check(expired)["permit_status"] == "expired"
    assert (
        bench.check({**LI, "permit": {"number": "CZ7777777", "expires": date(2030, 1, 1)}})["permit_status"]
        == "unknown"
    )
    stranger = {**expired, "id_card": {"number": "330212198512019918", "name": "林涛"}}
    answer = bench.check(stranger)
    assert answer["held_by_applicant"] is False
    assert answer["endorsements"] == []


def test_a_permit_too_short_for_the_endorsement_is_refused(bench: Bench) -> None:
    short = {**LI, "permit": {**LI["permit"], "expires": date(2027, 1, 15)}}
    bench.desk.reseed([short])
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    assert bench.issue("CASE-1", bill, "ORDER0001").json()["error"] == "refused"


def test_faults_of_the_bench_strike_the_operation_they_name(bench: Bench) -> None:
    bench.faults.arm(Order("back_office", "refuse", "POST /v1/quotes", args={"error": "refused"}))
    bench.open_case("CASE-1")
    answer = bench.post("/v1/quotes", {"case_no": "CASE-1", "items": [HONG_KONG]}, key="q")
    assert (answer.status_code, answer.json()["error"]) == (409, "refused")
    answer = bench.post("/v1/quotes", {"case_no": "CASE-1", "items": [HONG_KONG]}, key="q")
    assert answer.status_code == 200


def test_outcome_that_comes_late_by_letter_is_acted_on_once(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    approval_no = bench.issue("CASE-1", bill, "ORDER0001").json()["approval_no"]
    body = {"approval_no": approval_no, "status": "issued", "chip": True, "strip": True}
    letter = {
        "id": "e1",
        "at": "2026-11-22T10:05:00+08:00",
        "kind": "endorsement-outcome",
        "case_no": "CASE-1",
        "body": body,
    }
    odd = {**letter, "id": "e2", "body": {"approval_no": "A0", "status": "maybe"}}
    against = {**letter, "id": "e3", "body": {**body, "status": "failed"}}
    told = bench.post("/v1/events", {"events": [letter, odd, against]}, key="k1")
    assert told.json() == {"accepted": ["e1", "e2", "e3"]}
    assert bench.get(f"/v1/endorsements/{approval_no}")["state"] == "issued"
    assert bench.check(LI)["strip_rewrites"] == 4

"""The API's manners: tokens, limits, wrong input, repeated requests, lost replies, the document."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from simulators.back_office.acceptance import cases
from simulators.back_office.bills import bills
from simulators.back_office.endorsements import approvals
from simulators.back_office.operations import OPERATIONS
from simulators.back_office.orders import payments
from simulators.back_office.reports import events
from simulators.back_office.store import open_store
from simulators.faults import Order
from tests.simulators.back_office_bench import HONG_KONG, LI, Bench

EVENT: dict[str, Any] = {
    "id": "e1",
    "at": "2026-11-22T10:00:00+08:00",
    "kind": "rating",
    "body": {"stars": 5},
}


def test_no_token_no_answer(bench: Bench) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer bench-tokené"}):
        answer = requests.get(
            f"{bench.server.url}/v1/health",
            headers={name: value.encode() for name, value in headers.items()},
            timeout=5,
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorised")
    assert bench.get("/v1/health")["ready"] is True


def test_what_is_not_there_is_told_as_json(bench: Bench) -> None:
    url = bench.server.url
    assert bench.session.get(f"{url}/v1/nothing", timeout=5).json()["error"] == "not-found"
    assert bench.session.delete(f"{url}/v1/cases", timeout=5).json()["error"] == "method-not-allowed"
    for path in ("/v1/cases/CASE-9", "/v1/payments/ORDER0009", "/v1/endorsements/A1"):
        answer = bench.session.get(url + path, timeout=5)
        assert (answer.status_code, answer.json()["error"]) == (404, "not-found")


QUOTE: dict[str, Any] = {"case_no": "CASE-1", "items": [HONG_KONG]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"[" * 100_000,
        b"\xff\xfe",
        json.dumps({**QUOTE, "case_no": 5}).encode(),
        json.dumps({**QUOTE, "case_no": "CASE-1\0"}).encode(),
        json.dumps({**QUOTE, "more": 1}).encode(),
        json.dumps({**QUOTE, "items": []}).encode(),
        json.dumps({**QUOTE, "items": [{**HONG_KONG, "destination": "TWN"}]}).encode(),
        *(
            json.dumps({**QUOTE, "items": [{**HONG_KONG, "entries": e}]}).encode()
            for e in ("1", True, 1.0, -1)
        ),
    ],
)
def test_what_does_not_fit_the_contract_is_refused(bench: Bench, body: bytes) -> None:
    answer = bench.session.post(
        f"{bench.server.url}/v1/quotes", data=body, headers={"Idempotency-Key": "k"}, timeout=5
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "bad-request")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=12,
    )
)
def test_whatever_an_event_carries_is_taken(bench: Bench, body: Any) -> None:
    event = {**EVENT, "id": f"e{abs(hash(repr(body)))}", "body": {"value": body}}
    answer = bench.post("/v1/events", {"events": [event]}, key=event["id"])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("text", ["NaN", "-Infinity", '"\\ud800"', "1e999"])
def test_an_event_with_what_is_no_json_is_refused(bench: Bench, text: str) -> None:
    raw = json.dumps({"events": [{**EVENT, "body": {"value": "HERE"}}]}).replace('"HERE"', text)
    answer = bench.session.post(
        f"{bench.server.url}/v1/events", data=raw, headers={"Idempotency-Key": "k"}, timeout=5
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "bad-request")


def test_huge_bodies_are_refused_announced_or_not(bench: Bench) -> None:
    url, key = f"{bench.server.url}/v1/events", {"Idempotency-Key": "k"}
    huge = b" " * ((1 << 20) + 1)
    assert bench.session.post(url, data=huge, headers=key, timeout=5).status_code == 413
    pieces = (huge[at : at + 65536] for at in range(0, len(huge), 65536))
    assert bench.session.post(url, data=pieces, headers=key, timeout=5).status_code == 413


def test_repeat_with_the_same_key_gives_the_stored_answer(bench: Bench) -> None:
    bench.open_case("CASE-1")
    asked = {"case_no": "CASE-1", "items": [HONG_KONG]}
    first = bench.post("/v1/quotes", asked, key="k1")
    again = bench.post("/v1/quotes", asked, key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert _count(bench, bills) == 1
    other = bench.post("/v1/quotes", {**asked, "items": [{**HONG_KONG, "entries": 2}]}, key="k1")
    assert (other.status_code, other.json()["error"]) == (422, "key-reused")
    elsewhere = bench.post("/v1/events", {"events": [EVENT]}, key="k1")
    assert elsewhere.status_code == 422
    missing = bench.post("/v1/quotes", asked)
    assert (missing.status_code, missing.json()["error"]) == (400, "key-missing")


def test_a_refusal_is_not_stored(bench: Bench) -> None:
    asked = {"case_no": "CASE-1", "items": [HONG_KONG]}
    assert bench.post("/v1/quotes", asked, key="k1").status_code == 404
    bench.open_case("CASE-1")
    assert bench.post("/v1/quotes", asked, key="k1").status_code == 200


def test_many_at_once_with_one_key_have_one_effect(bench: Bench) -> None:
    bench.open_case("CASE-1")
    asked = {"case_no": "CASE-1", "items": [HONG_KONG]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: bench.post("/v1/quotes", asked, key="k1").content, range(16)))
    assert len(set(answers)) == 1
    assert _count(bench, bills) == 1


def test_many_at_once_for_one_payment_get_one_approval(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: bench.issue("CASE-1", bill, "ORDER0001", key=f"k{n}").content, range(16))
        )
    assert len(set(answers)) == 1
    assert _count(bench, approvals) == 1


def test_lost_reply_was_processed_and_the_repeat_tells_it(bench: Bench) -> None:
    bench.open_case("CASE-1")
    asked = {"case_no": "CASE-1", "items": [HONG_KONG]}
    bench.faults.arm(Order("back_office", "reply_lost", "POST /v1/quotes"))
    with pytest.raises(requests.ConnectionError):
        bench.post("/v1/quotes", asked, key="k1")
    assert _count(bench, bills) == 1
    assert bench.post("/v1/quotes", asked, key="k1").status_code == 200
    assert _count(bench, bills) == 1


def test_down_processes_nothing_until_it_is_over(bench: Bench) -> None:
    bench.faults.arm(Order("back_office", "down"))
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            bench.open_case("CASE-1")
    assert _count(bench, cases) == 0
    bench.faults.clear("back_office")
    assert bench.open_case("CASE-1").status_code == 201


def test_twice_delivered_is_once_done(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.faults.arm(Order("back_office", "twice", "POST /v1/payments/terminal"))
    assert bench.pay_at_terminal("CASE-1", bill, "ORDER0001")["state"] == "paid"
    assert _count(bench, payments) == 1


def test_slow_answer_comes_after_its_time(bench: Bench) -> None:
    bench.faults.arm(Order("back_office", "slow", "GET /v1/health", args={"seconds": 5}))
    with pytest.raises(requests.Timeout):
        bench.session.get(f"{bench.server.url}/v1/health", timeout=0.3)
    assert bench.get("/v1/health")["ready"] is True


def test_events_are_kept_once_and_shown_in_their_case(bench: Bench) -> None:
    bench.open_case("CASE-1")
    told = {"events": [{**EVENT, "case_no": "CASE-1"}, {**EVENT, "id": "e2", "kind": "heartbeat"}]}
    assert bench.post("/v1/events", told, key="k1").json() == {"accepted": ["e1", "e2"]}
    assert bench.post("/v1/events", told, key="k2").json() == {"accepted": ["e1", "e2"]}
    assert _count(bench, events) == 2
    assert [s["step"] for s in bench.get("/v1/cases/CASE-1")["history"]] == ["opened", "rating"]


def test_same_case_number_for_another_case_is_refused(bench: Bench) -> None:
    assert bench.open_case("CASE-1").status_code == 201
    case = {
        "case_no": "CASE-1",
        "kiosk": "OTHER",
        "service": "endorsement",
        "opened_at": "2026-11-22T10:00:00+08:00",
    }
    answer = bench.post("/v1/cases", case, key="other")
    assert (answer.status_code, answer.json()["error"]) == (409, "case-differs")


def test_what_was_accepted_survives_a_restart(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.pay_at_terminal("CASE-1", bill, "ORDER0001")
    first = bench.issue("CASE-1", bill, "ORDER0001", key="k1").content
    bench.restart()
    assert bench.issue("CASE-1", bill, "ORDER0001", key="k1").content == first
    assert bench.check(LI)["permit_status"] == "valid"


def test_document_describes_every_operation_and_every_reference_resolves(bench: Bench) -> None:
    document = requests.get(f"{bench.server.url}/v1/openapi.json", timeout=5).json()
    described = {
        f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods
    }
    assert described == {operation.name for operation in OPERATIONS}
    schemas = document["components"]["schemas"]
    references = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document))
    assert references
    assert set(references) <= set(schemas)


def _count(bench: Bench, table: Any) -> int:
    with bench.desk.office.store.begin() as db:
        return int(db.scalars(select(func.count()).select_from(table)).one())


def test_an_unknown_database_is_refused() -> None:
    with pytest.raises(Exception, match="nosuchdb"):
        open_store("nosuchdb://x")

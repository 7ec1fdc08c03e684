"""Payments by code: on time, given up, too late, twice, given back; and hosts that say nothing."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
import requests

from simulators.back_office import payments
from simulators.back_office.merchant import AlipayChannel, WeChatChannel
from simulators.back_office.server import Served
from simulators.payment_hosts.trades import ScanRefused
from tests.simulators.back_office_bench import HONG_KONG, Bench

ORDER = "ORDER0001"
PATH = f"/v1/payments/{ORDER}"


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_code_lives_no_longer_than_asked(bench: Bench, channel: str) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    code = bench.ask_payment("CASE-1", bill, ORDER, channel, lifetime_s=60)
    assert (datetime.fromisoformat(code["expires_at"]) - bench.now).total_seconds() <= 60
    bench.wait(60)
    with pytest.raises(ScanRefused, match="expired"):
        bench.hosts.scan(code["code"])
    bench.wait(10)
    assert bench.get(PATH)["state"] == "closed"


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_person_who_only_looks_at_the_code_has_not_paid(bench: Bench, channel: str) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    code = bench.ask_payment("CASE-1", bill, ORDER, channel)["code"]
    assert bench.hosts.scan(code, "decline") == "scanned"
    assert bench.get(PATH)["state"] == "waiting"
    assert bench.hosts.scan(code) == "paid"
    assert bench.get(PATH) == {
        "order_no": ORDER,
        "state": "paid",
        "amount_fen": 1500,
        "refunded_fen": 0,
        "method": channel,
    }


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_closing_what_was_paid_a_moment_ago_finds_it_paid(bench: Bench, channel: str) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.hosts.scan(bench.ask_payment("CASE-1", bill, ORDER, channel)["code"])
    assert bench.post(f"{PATH}/close", key="c1").json() == {"state": "paid"}


def test_closed_wechat_order_cannot_be_paid(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    code = bench.ask_payment("CASE-1", bill, ORDER, "wechat")["code"]
    assert bench.post(f"{PATH}/close", key="c1").json() == {"state": "closed"}
    with pytest.raises(ScanRefused):
        bench.hosts.scan(code)


def test_late_success_after_close_goes_back_by_itself_and_is_reported(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    code = bench.ask_payment("CASE-1", bill, ORDER, "alipay")["code"]
    # The host knows no such trade yet, so there is nothing it could close, and the code lives on.
    assert bench.post(f"{PATH}/close", key="c1").json() == {"state": "closed"}
    bench.wait(30)
    assert bench.hosts.scan(code) == "paid"
    payments.look_after_all(bench.desk.office)
    late = bench.get(PATH)
    assert (late["state"], late["refunded_fen"]) == ("refunded", 1500)
    assert bench.hosts.orders()[ORDER]["refunded_fen"] == 1500
    steps = [step["step"] for step in bench.get("/v1/cases/CASE-1")["history"]]
    assert steps[-2:] == ["paid-too-late", "refunded"]
    # The kiosk's own refund of the same order is the same refund.
    again = bench.post(f"{PATH}/refunds", _refund(1500), key="r1").json()
    assert again == {"state": "refunded", "refunded_fen": 1500}
    assert bench.hosts.orders()[ORDER]["refunded_fen"] == 1500


def test_late_success_is_seen_by_the_watch_without_anybody_asking(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    code = bench.ask_payment("CASE-1", bill, ORDER, "alipay")["code"]
    bench.post(f"{PATH}/close", key="c1")
    bench.hosts.scan(code)
    deadline = time.monotonic() + 10
    while bench.hosts.orders()[ORDER]["refunded_fen"] != 1500:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert bench.get("/v1/cases/CASE-1")["state"] == "quoted"


def test_second_payment_of_one_bill_goes_back(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    first = bench.ask_payment("CASE-1", bill, ORDER, "wechat")["code"]
    second = bench.ask_payment("CASE-1", bill, "ORDER0002", "alipay")["code"]
    bench.hosts.scan(first)
    bench.hosts.scan(second)
    assert bench.get(PATH)["state"] == "paid"
    assert bench.get("/v1/payments/ORDER0002")["state"] == "refunded"
    refused = bench.post("/v1/payments", bench.payment("CASE-1", bill, "ORDER0003", "wechat"), key="p3")
    assert (refused.status_code, refused.json()["error"]) == (409, "already-paid")


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_refunds_happen_once_and_never_exceed_the_payment(bench: Bench, channel: str) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    code = bench.ask_payment("CASE-1", bill, ORDER, channel)["code"]
    refused = bench.post(f"{PATH}/refunds", _refund(1500), key="r0")
    assert (refused.status_code, refused.json()["error"]) == (409, "not-paid")
    bench.hosts.scan(code)
    bench.get(PATH)
    for key in ("r1", "r1", "r2"):
        assert bench.post(f"{PATH}/refunds", _refund(1000), key=key).json()["refunded_fen"] == 1000
    differs = bench.post(f"{PATH}/refunds", _refund(900), key="r3")
    assert (differs.status_code, differs.json()["error"]) == (409, "refund-differs")
    more = bench.post(f"{PATH}/refunds", {**_refund(501), "refund_no": f"{ORDER}R2"}, key="r4")
    assert (more.status_code, more.json()["error"]) == (409, "exceeds-payment")
    rest = bench.post(f"{PATH}/refunds", {**_refund(500), "refund_no": f"{ORDER}R2"}, key="r5")
    assert rest.json() == {"state": "refunded", "refunded_fen": 1500}
    assert bench.get(PATH)["state"] == "refunded"
    assert bench.hosts.orders()[ORDER]["refunded_fen"] == 1500


def test_order_for_another_amount_or_case_is_refused(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.open_case("CASE-2")
    for key, change in (("a", {"amount_fen": 1}), ("b", {"case_no": "CASE-2"})):
        asked = {**bench.payment("CASE-1", bill, ORDER, "wechat"), **change}
        refused = bench.post("/v1/payments", asked, key=key)
        assert (refused.status_code, refused.json()["error"]) == (409, "bill-differs")
    assert bench.session.get(bench.server.url + PATH, timeout=5).status_code == 404


def test_same_order_again_gives_the_same_code(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    first = bench.ask_payment("CASE-1", bill, ORDER, "wechat")
    again = bench.post("/v1/payments", bench.payment("CASE-1", bill, ORDER, "wechat"), key="another")
    assert again.json() == first
    other = bench.post("/v1/payments", bench.payment("CASE-1", bill, ORDER, "alipay"), key="third")
    assert (other.status_code, other.json()["error"]) == (409, "order-differs")


def test_expired_bill_is_not_paid(bench: Bench) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.wait(1801)
    refused = bench.post("/v1/payments", bench.payment("CASE-1", bill, ORDER, "wechat"), key="p")
    assert (refused.status_code, refused.json()["error"]) == (409, "bill-expired")


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_a_silent_host_makes_the_order_unknown_until_it_speaks(bench: Bench, channel: str) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    code = bench.ask_payment("CASE-1", bill, ORDER, channel)["code"]
    bench.hosts.scan(code)
    working = bench.desk.office.channels[channel]
    with Served(_forger) as forger:
        account = bench.hosts.merchant(forger.url)
        silent = WeChatChannel(account) if channel == "wechat" else AlipayChannel(account)
        bench.desk.office.channels[channel] = silent
        assert bench.get(PATH)["state"] == "unknown"
        closing = bench.post(f"{PATH}/close", key="c1")
        assert (closing.status_code, closing.json()["error"]) == (503, "payment-host-silent")
    bench.desk.office.channels[channel] = working
    assert bench.post(f"{PATH}/close", key="c1").json() == {"state": "paid"}


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_genuine_notice_is_acted_on_and_a_forged_one_is_not(bench: Bench, channel: str) -> None:
    bill = bench.quote("CASE-1", [HONG_KONG])
    bench.hosts.scan(bench.ask_payment("CASE-1", bill, ORDER, channel)["code"])
    host = bench.hosts.wechat if channel == "wechat" else bench.hosts.alipay
    trade = host.trades.of_order(ORDER)
    assert trade is not None
    url = f"{bench.server.url}/notify/{channel}"
    if channel == "wechat":
        headers, body = bench.hosts.wechat.notice(trade)
        forged = requests.post(url, body.replace("SUCCESS", "FAILURE").encode(), headers=headers, timeout=5)
        assert forged.status_code == 401
    else:
        form = bench.hosts.alipay.notice(trade)
        forged = requests.post(url, {**form, "total_amount": "0.01"}, timeout=5)
        assert forged.text == "failure"
    assert "paid" not in _steps(bench)
    if channel == "wechat":
        assert requests.post(url, body.encode(), headers=headers, timeout=5).status_code == 204
    else:
        assert requests.post(url, form, timeout=5).text == "success"
    assert "paid" in _steps(bench)


async def _forger(scope: Any, receive: Any, send: Any) -> None:
    """Answers everything with a well-formed but unsigned reply."""
    if scope["type"] != "http":
        return
    body = b'{"trade_state":"CLOSED","alipay_trade_query_response":{"code":"10000"},"sign":"Zm9yZ2Vk"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _refund(amount_fen: int) -> dict[str, Any]:
    return {"refund_no": f"{ORDER}R1", "amount_fen": amount_fen, "reason": "test"}


def _steps(bench: Bench) -> list[str]:
    return [step["step"] for step in bench.get("/v1/cases/CASE-1")["history"]]

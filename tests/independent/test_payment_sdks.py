"""The payment hosts against SDKs that others wrote: each signs, verifies and reads what it gets.

WeChat Pay: PyPI ``wechatpayv3``. Alipay: PyPI ``python-alipay-sdk`` and Alipay's own npm ``alipay-sdk``.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from alipay import AliPay
from alipay.exceptions import AliPayValidationError
from wechatpayv3 import WeChatPay, WeChatPayType

from simulators.back_office.merchant import MerchantAccount
from simulators.back_office.server import Served
from simulators.payment_hosts.hosts import PaymentHosts

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def hosts() -> PaymentHosts:
    return PaymentHosts()


@pytest.fixture(scope="module")
def account(hosts: PaymentHosts) -> Iterator[MerchantAccount]:
    with Served(hosts.app) as server:
        yield hosts.merchant(server.url)


@pytest.fixture
def wechat(account: MerchantAccount) -> Any:
    return _wechat(account, account.wechat_public_key)


def _wechat(account: MerchantAccount, platform_key: str) -> Any:
    client = WeChatPay(
        WeChatPayType.NATIVE,
        account.wechat_merchant_no,
        account.wechat_private_key,
        account.wechat_serial,
        account.wechat_app_id,
        account.wechat_api_v3_key,
        notify_url="https://merchant.invalid/notify",
        public_key=platform_key,
        public_key_id=account.wechat_public_key_id,
        timeout=10,
    )
    client._core._gate_way = account.wechat_url
    return client


@pytest.fixture
def alipay(account: MerchantAccount) -> Any:
    return _alipay(account, account.alipay_public_key)


def _alipay(account: MerchantAccount, platform_key: str) -> Any:
    client = AliPay(
        appid=account.alipay_app_id,
        app_private_key_string=account.alipay_private_key,
        alipay_public_key_string=platform_key,
    )
    client._gateway = account.alipay_url
    return client


def _order(client: Any, order_no: str) -> tuple[int, dict[str, Any]]:
    status, text = client.pay(
        description="test", out_trade_no=order_no, amount={"total": 1500, "currency": "CNY"}
    )
    return status, json.loads(text)


def test_wechat_life_of_an_order(hosts: PaymentHosts, wechat: Any) -> None:
    status, made = _order(wechat, "W000001")
    assert status == 200
    assert made["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert json.loads(wechat.query(out_trade_no="W000001")[1])["trade_state"] == "NOTPAY"
    hosts.scan(made["code_url"])
    paid = json.loads(wechat.query(out_trade_no="W000001")[1])
    assert (paid["trade_state"], paid["amount"]["total"]) == ("SUCCESS", 1500)
    assert wechat.close(out_trade_no="W000001")[0] == 400
    for _ in range(2):
        status, text = wechat.refund(
            out_refund_no="W000001R1",
            out_trade_no="W000001",
            amount={"refund": 1500, "total": 1500, "currency": "CNY"},
        )
        assert (status, json.loads(text)["status"]) == (200, "SUCCESS")
    status, text = wechat.query_refund(out_refund_no="W000001R1")
    assert (status, json.loads(text)["amount"]["refund"]) == (200, 1500)
    assert hosts.orders()["W000001"]["refunded_fen"] == 1500


def test_wechat_closed_order_and_unknown_order(wechat: Any) -> None:
    _order(wechat, "W000002")
    assert wechat.close(out_trade_no="W000002")[0] == 204
    assert json.loads(wechat.query(out_trade_no="W000002")[1])["trade_state"] == "CLOSED"
    status, text = wechat.query(out_trade_no="W999999")
    assert (status, json.loads(text)["code"]) == (404, "ORDER_NOT_EXIST")


def test_wechat_notice_is_decrypted_and_a_changed_one_is_not(hosts: PaymentHosts, wechat: Any) -> None:
    _, made = _order(wechat, "W000003")
    hosts.scan(made["code_url"])
    trade = hosts.wechat.trades.of_order("W000003")
    assert trade is not None
    headers, body = hosts.wechat.notice(trade)
    notice = wechat.callback(headers, body)
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    assert notice["resource"]["out_trade_no"] == "W000003"
    assert not wechat.callback(headers, body.replace("SUCCESS", "REFUNDS"))


def test_wechat_signatures_are_checked_both_ways(account: MerchantAccount, hosts: PaymentHosts) -> None:
    stranger = _wechat(account, account.alipay_public_key)
    with pytest.raises(Exception, match="verify"):
        _order(stranger, "W000004")
    unsigned = requests.post(f"{account.wechat_url}/v3/pay/transactions/native", json={}, timeout=10)
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "SIGN_ERROR")


def test_alipay_order_does_not_exist_before_the_scan(hosts: PaymentHosts, alipay: Any) -> None:
    made = alipay.server_api(
        "alipay.trade.precreate", {"out_trade_no": "A000001", "total_amount": "15.00", "subject": "test"}
    )
    assert made["code"] == "10000"
    asked = alipay.api_alipay_trade_query(out_trade_no="A000001")
    assert (asked["code"], asked["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")
    hosts.scan(made["qr_code"], "walk_away")
    assert alipay.api_alipay_trade_query(out_trade_no="A000001")["trade_status"] == "WAIT_BUYER_PAY"
    hosts.scan(made["qr_code"])
    paid = alipay.api_alipay_trade_query(out_trade_no="A000001")
    assert (paid["trade_status"], paid["total_amount"]) == ("TRADE_SUCCESS", "15.00")
    for change in ("Y", "N"):
        back = alipay.api_alipay_trade_refund("15.00", out_trade_no="A000001", out_request_no="A000001R1")
        assert (back["code"], back["fund_change"], back["refund_fee"]) == ("10000", change, "15.00")
    more = alipay.api_alipay_trade_refund("0.01", out_trade_no="A000001", out_request_no="A000001R2")
    assert more["code"] == "40004"
    assert alipay.api_alipay_trade_query(out_trade_no="A000001")["trade_status"] == "TRADE_CLOSED"


def test_alipay_cancel_before_the_scan_leaves_the_code_payable(hosts: PaymentHosts, alipay: Any) -> None:
    made = alipay.server_api(
        "alipay.trade.precreate", {"out_trade_no": "A000002", "total_amount": "0.01", "subject": "test"}
    )
    assert alipay.api_alipay_trade_cancel(out_trade_no="A000002")["code"] == "10000"
    assert hosts.scan(made["qr_code"]) == "paid"
    assert alipay.api_alipay_trade_cancel(out_trade_no="A000002")["action"] == "refund"
    assert hosts.orders()["A000002"]["refunded_fen"] == 1


def test_alipay_signatures_are_checked_both_ways(account: MerchantAccount) -> None:
    stranger = _alipay(account, account.wechat_public_key)
    with pytest.raises(AliPayValidationError):
        stranger.api_alipay_trade_query(out_trade_no="A000003")
    form = {
        "app_id": account.alipay_app_id,
        "method": "alipay.trade.query",
        "sign_type": "RSA2",
        "sign": "Zm9y",
    }
    refused = requests.post(account.alipay_url, form, timeout=10).json()
    assert refused["alipay_trade_query_response"]["sub_code"] == "isv.invalid-signature"


def test_alipays_own_node_sdk(account: MerchantAccount, hosts: PaymentHosts) -> None:
    order = {"outTradeNo": "N000001"}
    made, asked = _node(
        account,
        ("alipay.trade.precreate", {**order, "totalAmount": "45.00", "subject": "签注费"}),
        ("alipay.trade.query", order),
    )
    assert (made["code"], asked["subCode"]) == ("10000", "ACQ.TRADE_NOT_EXIST")
    hosts.scan(made["qrCode"])
    refund = {**order, "outRequestNo": "N000001R1"}
    paid, back, known = _node(
        account,
        ("alipay.trade.query", order),
        ("alipay.trade.refund", {**refund, "refundAmount": "45.00"}),
        ("alipay.trade.fastpay.refund.query", refund),
    )
    assert paid["tradeStatus"] == "TRADE_SUCCESS"
    assert (back["fundChange"], known["refundStatus"]) == ("Y", "REFUND_SUCCESS")


def _node(account: MerchantAccount, *calls: tuple[str, dict[str, str]]) -> list[dict[str, Any]]:
    told = {
        "account": {
            "appId": account.alipay_app_id,
            "privateKey": account.alipay_private_key,
            "alipayPublicKey": account.alipay_public_key,
            "gateway": account.alipay_url,
        },
        "calls": [{"method": method, "content": content} for method, content in calls],
    }
    done = subprocess.run(
        ["node", HERE / "alipay_client.mjs"],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers

"""How long a code can be paid, what a stale or changed request meets, and phones on wrong codes."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import requests

from simulators.back_office.merchant import AlipayChannel, HostRefused, HostState, WeChatChannel
from simulators.payment_hosts.trades import ScanRefused
from tests.simulators.back_office_bench import START, SharedHosts


@pytest.fixture
def shared(payment_hosts: SharedHosts) -> SharedHosts:
    payment_hosts.now = START
    payment_hosts.hosts.reset()
    return payment_hosts


def _wechat(shared: SharedHosts) -> WeChatChannel:
    return WeChatChannel(shared.hosts.merchant(shared.server.url))


def _alipay(shared: SharedHosts) -> AlipayChannel:
    return AlipayChannel(shared.hosts.merchant(shared.server.url))


def test_alipay_trade_left_unpaid_closes_at_its_end(shared: SharedHosts) -> None:
    channel = _alipay(shared)
    code = channel.order("A00001", 1500, "test", START + timedelta(seconds=60))
    assert channel.ask("A00001") is HostState.ABSENT
    shared.hosts.scan(code, "walk_away")
    assert channel.ask("A00001") is HostState.WAITING
    shared.now += timedelta(seconds=60)
    assert channel.ask("A00001") is HostState.CLOSED
    with pytest.raises(ScanRefused):
        shared.hosts.scan(code)


@pytest.mark.parametrize(("lifetime", "seconds"), [("1m", 60), ("2h", 7200), ("3d", 7200)])
def test_alipay_code_lifetime_of_its_own(shared: SharedHosts, lifetime: str, seconds: int) -> None:
    channel = _alipay(shared)
    made: Any = channel._client.server_api(
        "alipay.trade.precreate",
        {
            "out_trade_no": "A00002",
            "total_amount": "1.00",
            "subject": "test",
            "qr_code_timeout_express": lifetime,
        },
    )
    shared.now += timedelta(seconds=seconds - 1)
    assert shared.hosts.scan(made["qr_code"], "walk_away") == "scanned"
    shared.now += timedelta(seconds=1)
    with pytest.raises(ScanRefused):
        shared.hosts.scan(made["qr_code"])


@pytest.mark.parametrize("amount", ["0", "0.001", "-1.00", "1e2x", "NaN", "Infinity", ""])
def test_alipay_amount_that_is_none_is_refused(shared: SharedHosts, amount: str) -> None:
    answer: Any = _alipay(shared)._client.server_api(
        "alipay.trade.precreate", {"out_trade_no": "A00003", "total_amount": amount, "subject": "test"}
    )
    assert (answer["code"], answer["sub_code"]) == ("40004", "ACQ.INVALID_PARAMETER")


@pytest.mark.parametrize("which", [_wechat, _alipay])
def test_same_number_for_another_amount_is_refused(shared: SharedHosts, which: Any) -> None:
    channel = which(shared)
    until = START + timedelta(seconds=60)
    code = channel.order("X00004", 1500, "test", until)
    assert channel.order("X00004", 1500, "test", until) == code
    with pytest.raises(HostRefused):
        channel.order("X00004", 1501, "test", until)


def test_wechat_refuses_an_order_that_has_ended_before_it_begins(shared: SharedHosts) -> None:
    with pytest.raises(HostRefused, match="PARAM_ERROR"):
        _wechat(shared).order("W00005", 1500, "test", START)


def test_wechat_refuses_a_stale_signature(shared: SharedHosts) -> None:
    host = shared.hosts.wechat
    stamp = str(int(time.time()) - 301)
    target = f"/v3/pay/transactions/out-trade-no/W00006?mchid={host.merchant_no}"
    for signed_at, expected in ((stamp, 401), (str(int(time.time())), 404)):
        signature = host.merchant_key.sign(f"GET\n{target}\n{signed_at}\nnonce\n\n")
        fields = {
            "mchid": host.merchant_no,
            "nonce_str": "nonce",
            "signature": signature,
            "timestamp": signed_at,
            "serial_no": host.merchant_serial,
        }
        told = ",".join(f'{name}="{value}"' for name, value in fields.items())
        headers = {"Authorization": f"WECHATPAY2-SHA256-RSA2048 {told}"}
        assert requests.get(shared.server.url + target, headers=headers, timeout=5).status_code == expected


def test_phone_on_a_code_of_nobody(shared: SharedHosts) -> None:
    with pytest.raises(ScanRefused):
        shared.hosts.scan("https://example.com/menu")

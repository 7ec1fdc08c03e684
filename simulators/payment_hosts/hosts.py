"""Both hosts at one address, and the phones that pay what they see."""

from __future__ import annotations

import queue
import threading
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests
from starlette.applications import Starlette

from simulators.back_office.merchant import MerchantAccount
from simulators.payment_hosts.alipay import AlipayHost
from simulators.payment_hosts.trades import Clock, ScanRefused, Trade, TradeState
from simulators.payment_hosts.wechat import WeChatPayHost

BEIJING = ZoneInfo("Asia/Shanghai")
NOTICE_TIMEOUT_S = 5.0


def beijing_now() -> datetime:
    """Return the time now in the hosts' zone."""
    return datetime.now(BEIJING)


class PaymentHosts:
    """WeChat Pay and Alipay for one merchant. ``app`` is the ASGI application of both."""

    def __init__(self, clock: Clock = beijing_now) -> None:
        self._clock = clock
        self.wechat = WeChatPayHost(clock)
        self.alipay = AlipayHost(clock)
        self.app = Starlette(routes=[*self.wechat.routes, *self.alipay.routes])
        self._notices: queue.Queue[Trade] = queue.Queue()
        threading.Thread(target=self._send_notices, name="payment notices", daemon=True).start()

    def merchant(self, base_url: str, notify_url: str = "https://merchant.invalid/notify") -> MerchantAccount:
        """Return what a merchant is given to talk to the hosts served at ``base_url``.

        Both hosts post their notices to ``notify_url`` with ``/wechat`` or ``/alipay`` after it.
        """
        return MerchantAccount(
            wechat_url=base_url,
            wechat_merchant_no=self.wechat.merchant_no,
            wechat_app_id=self.wechat.app_id,
            wechat_private_key=self.wechat.merchant_key.private_pem(),
            wechat_serial=self.wechat.merchant_serial,
            wechat_api_v3_key=self.wechat.api_v3_key,
            wechat_public_key=self.wechat.platform_key.public_pem(),
            wechat_public_key_id=self.wechat.platform_key_id,
            alipay_url=f"{base_url}/gateway.do",
            alipay_app_id=self.alipay.app_id,
            alipay_private_key=self.alipay.merchant_key.private_pem(),
            alipay_public_key=self.alipay.platform_key.public_pem(),
            notify_url=notify_url,
        )

    def scan(self, code: str, result: str = "approve") -> str:
        """A phone reads ``code``; with ``approve`` it pays, with any other word it opens and leaves.

        Returns the order's state afterwards; raises ``ScanRefused`` when the phone shows an error.
        """
        for host in (self.wechat, self.alipay):
            with host.trades.lock:
                trade = host.trades.of_code(code)
                if trade is None:
                    continue
                trade.scan(result == "approve", self._clock())
            if trade.state is TradeState.PAID:
                self._notices.put(trade)
            return trade.state
        raise ScanRefused("no payment code of these hosts")

    def orders(self) -> dict[str, dict[str, Any]]:
        """Return every order at both hosts by the merchant's number, money in fen."""
        return {
            trade.order_no: {
                "channel": channel,
                "state": str(trade.state),
                "code": trade.code,
                "amount_fen": trade.amount_fen,
                "paid_fen": trade.amount_fen if trade.paid_at else 0,
                "refunded_fen": trade.refunded_fen,
            }
            for channel, host in (("wechat", self.wechat), ("alipay", self.alipay))
            for trade in host.trades.all()
        }

    def reset(self) -> None:
        """Forget every order; keys and accounts stay."""
        self.wechat.trades.clear()
        self.alipay.trades.clear()

    def _send_notices(self) -> None:
        """Post each notice once. The real hosts try again; no merchant may depend on them at all."""
        while True:
            trade = self._notices.get()
            if not trade.notify_url.startswith("http://127.0.0.1:"):
                continue
            try:
                if self.wechat.trades.of_code(trade.code) is trade:
                    headers, body = self.wechat.notice(trade)
                    requests.post(
                        trade.notify_url,
                        data=body.encode(),
                        headers={**headers, "Content-Type": "application/json"},
                        timeout=NOTICE_TIMEOUT_S,
                    )
                else:
                    requests.post(trade.notify_url, data=self.alipay.notice(trade), timeout=NOTICE_TIMEOUT_S)
            except requests.RequestException:
                continue

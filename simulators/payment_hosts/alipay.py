"""The Alipay gateway (支付宝): precreate, query, cancel, close, refund, refund query, the day's bill.

Written from the public API documents. A request is a form (or query string) whose ``sign`` covers
the sorted, joined parameters; a reply is ``{"<method>_response": {...}, "sign": "..."}`` whose
signature covers the raw characters of the inner object, so exactly what is sent is signed.

**precreate makes no trade**: until a phone opens the code, query and close answer
``ACQ.TRADE_NOT_EXIST`` while the code stays payable for its lifetime. That is the trap every
merchant has to live with, and the reason this host is here.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.payment_hosts.bills import alipay_bill
from simulators.payment_hosts.keys import KeyPair
from simulators.payment_hosts.trades import Clock, Trade, Trades, TradeState

BILL: Final = "alipay.data.dataservice.bill.downloadurl.query"
QR_LIFETIME: Final = timedelta(hours=2)
_TRADE_STATUS: Final = {
    TradeState.SCANNED: "WAIT_BUYER_PAY",
    TradeState.PAID: "TRADE_SUCCESS",
    TradeState.CLOSED: "TRADE_CLOSED",
}
_LIFETIME: Final = re.compile(r"(\d{1,5})([mhd])")
_UNIT: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Refusal(Exception):
    """A business or gateway error: ``code`` with ``sub_code``."""

    def __init__(self, code: str, sub_code: str) -> None:
        super().__init__(sub_code)
        self.code, self.sub_code = code, sub_code


class AlipayHost:
    """The gateway for one merchant's application."""

    def __init__(self, clock: Clock) -> None:
        self.app_id = f"2021{secrets.randbelow(10**12):012d}"
        self.merchant_key = KeyPair.generate()
        self.platform_key = KeyPair.generate()
        self.trades = Trades()
        self._clock = clock
        self._methods: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
            "alipay.trade.precreate": self._precreate,
            "alipay.trade.query": self._query,
            "alipay.trade.cancel": self._cancel,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._query_refund,
        }
        self._bills: dict[str, bytes] = {}
        self.routes = [
            Route("/gateway.do", self._gateway, methods=["GET", "POST"]),
            Route("/bill", self._download, methods=["GET"]),
        ]

    def notice(self, trade: Trade) -> dict[str, str]:
        """Return the signed form of the ``trade_status_sync`` notice for a paid ``trade``."""
        form = {
            "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(17),
            "notify_time": self._now_text(),
            "app_id": self.app_id,
            "charset": "utf-8",
            "version": "1.0",
            "out_trade_no": trade.order_no,
            "trade_no": trade.trade_no,
            "trade_status": _TRADE_STATUS[trade.state],
            "total_amount": _yuan(trade.amount_fen),
        }
        return {**form, "sign_type": "RSA2", "sign": self.platform_key.sign(_joined(form))}

    async def _gateway(self, request: Request) -> Response:
        parameters = {name: str(value) for name, value in request.query_params.items()}
        if request.method == "POST":
            body = (await request.body()).decode("utf-8", "replace")
            parameters |= dict(parse_qsl(body, keep_blank_values=True))
        method = parameters.get("method", "")
        try:
            base_url = str(request.base_url).rstrip("/")
            answer = {"code": "10000", "msg": "Success", **self._serve(method, parameters, base_url)}
        except Refusal as refusal:
            answer = {
                "code": refusal.code,
                "msg": "Business Failed" if refusal.code == "40004" else "Invalid Arguments",
                "sub_code": refusal.sub_code,
                "sub_msg": refusal.sub_code,
            }
        inner = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        name = (
            method.replace(".", "_") + "_response" if method in (*self._methods, BILL) else "error_response"
        )
        signature = self.platform_key.sign(inner)
        return Response(f'{{"{name}":{inner},"sign":"{signature}"}}', media_type="application/json")

    def _serve(self, method: str, parameters: dict[str, str], base_url: str) -> dict[str, Any]:
        signature = parameters.pop("sign", "")
        if parameters.get("app_id") != self.app_id:
            raise Refusal("40002", "isv.invalid-app-id")
        if parameters.get("sign_type") != "RSA2" or not self.merchant_key.verifies(
            _joined(parameters), signature
        ):
            raise Refusal("40002", "isv.invalid-signature")
        if method not in (*self._methods, BILL):
            raise Refusal("40002", "isv.invalid-method")
        try:
            content = json.loads(parameters.get("biz_content", ""))
        except ValueError as error:
            raise Refusal("40002", "isv.invalid-parameter") from error
        if method == BILL and isinstance(content, dict):
            return self._bill(content, base_url)
        if not isinstance(content, dict) or not isinstance(content.get("out_trade_no"), str):
            raise Refusal("40004", "ACQ.INVALID_PARAMETER")
        return self._methods[method](content, parameters.get("notify_url", ""))

    def _precreate(self, content: dict[str, Any], notify_url: str) -> dict[str, Any]:
        order_no, amount_fen = content["out_trade_no"], _fen(content.get("total_amount"))
        if not content.get("subject") or not 1 <= len(order_no) <= 64:
            raise Refusal("40004", "ACQ.INVALID_PARAMETER")
        until = self._payable_until(content)
        with self.trades.lock:
            trade = self.trades.of_order(order_no)
            if trade is None:
                trade = Trade(
                    order_no,
                    trade_no=f"{self._clock():%Y%m%d}22001{secrets.randbelow(10**15):015d}",
                    amount_fen=amount_fen,
                    description=str(content["subject"]),
                    code=f"https://qr.alipay.com/bax{secrets.token_hex(11)}",
                    payable_until=until,
                    notify_url=notify_url,
                )
                self.trades.add(trade)
        if trade.state is TradeState.PAID:
            raise Refusal("40004", "ACQ.TRADE_HAS_SUCCESS")
        if trade.state is TradeState.CLOSED:
            raise Refusal("40004", "ACQ.TRADE_HAS_CLOSE")
        if trade.amount_fen != amount_fen:
            raise Refusal("40004", "ACQ.CONTEXT_INCONSISTENT")
        return {"out_trade_no": order_no, "qr_code": trade.code}

    def _payable_until(self, content: dict[str, Any]) -> datetime:
        """The code's end: two hours, or sooner by ``qr_code_timeout_express`` or ``time_expire``."""
        now = self._clock()
        ends = [now + QR_LIFETIME]
        if (lifetime := content.get("qr_code_timeout_express")) is not None:
            match = _LIFETIME.fullmatch(str(lifetime))
            if match is None:
                raise Refusal("40004", "ACQ.INVALID_PARAMETER")
            ends.append(now + int(match[1]) * _UNIT[match[2]])
        if (expires := content.get("time_expire")) is not None:
            try:
                end = datetime.strptime(str(expires), "%Y-%m-%d %H:%M:%S").replace(tzinfo=now.tzinfo)
            except ValueError as error:
                raise Refusal("40004", "ACQ.INVALID_PARAMETER") from error
            ends.append(end)
        return min(ends)

    def _query(self, content: dict[str, Any], notify_url: str) -> dict[str, Any]:
        trade = self._trade(content)
        answer = {
            "out_trade_no": trade.order_no,
            "trade_no": trade.trade_no,
            "trade_status": _TRADE_STATUS[trade.state],
            "total_amount": _yuan(trade.amount_fen),
            "buyer_logon_id": "sim***@example.com",
        }
        if trade.paid_at is not None:
            answer["send_pay_date"] = trade.paid_at.strftime("%Y-%m-%d %H:%M:%S")
        return answer

    def _cancel(self, content: dict[str, Any], notify_url: str) -> dict[str, Any]:
        answer = {"out_trade_no": content["out_trade_no"], "retry_flag": "N"}
        with self.trades.lock:
            try:
                trade = self._trade(content)
            except Refusal:
                # Nothing exists before the scan, so there is nothing to cancel; the code lives on.
                return answer
            if trade.state is TradeState.PAID and trade.refunded_fen < trade.amount_fen:
                trade.give_back("cancel", trade.amount_fen - trade.refunded_fen, self._clock())
                trade.state = TradeState.CLOSED
                return {**answer, "trade_no": trade.trade_no, "action": "refund"}
            trade.state = TradeState.CLOSED
            return {**answer, "trade_no": trade.trade_no, "action": "close"}

    def _close(self, content: dict[str, Any], notify_url: str) -> dict[str, Any]:
        with self.trades.lock:
            trade = self._trade(content)
            if trade.state is not TradeState.SCANNED:
                raise Refusal("40004", "ACQ.REASON_TRADE_STATUS_INVALID")
            trade.state = TradeState.CLOSED
        return {"out_trade_no": trade.order_no, "trade_no": trade.trade_no}

    def _refund(self, content: dict[str, Any], notify_url: str) -> dict[str, Any]:
        asked = _fen(content.get("refund_amount"))
        with self.trades.lock:
            trade = self._trade(content)
            if trade.paid_at is None:
                raise Refusal("40004", "ACQ.TRADE_STATUS_ERROR")
            request_no = str(content.get("out_request_no") or trade.order_no)
            before = trade.refunds.get(request_no)
            if before is not None and before != asked:
                raise Refusal("40004", "ACQ.DISCORDANT_REPEAT_REQUEST")
            if before is None:
                if trade.refunded_fen + asked > trade.amount_fen:
                    raise Refusal("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
                trade.give_back(request_no, asked, self._clock())
                if trade.refunded_fen == trade.amount_fen:
                    trade.state = TradeState.CLOSED
        return {
            "out_trade_no": trade.order_no,
            "trade_no": trade.trade_no,
            "fund_change": "N" if before is not None else "Y",
            "refund_fee": _yuan(trade.refunded_fen),
        }

    def _query_refund(self, content: dict[str, Any], notify_url: str) -> dict[str, Any]:
        trade = self._trade(content)
        request_no = str(content.get("out_request_no"))
        if request_no not in trade.refunds:
            return {}
        return {
            "out_trade_no": trade.order_no,
            "trade_no": trade.trade_no,
            "out_request_no": request_no,
            "total_amount": _yuan(trade.amount_fen),
            "refund_amount": _yuan(trade.refunds[request_no]),
            "refund_status": "REFUND_SUCCESS",
        }

    def _bill(self, content: dict[str, Any], base_url: str) -> dict[str, Any]:
        """Say where a past day's bill can be fetched; the address is good for one time."""
        try:
            day = date.fromisoformat(str(content.get("bill_date")))
        except ValueError as error:
            raise Refusal("40004", "isp.bill_not_exist") from error
        packed = alipay_bill(self.trades.all(), day, self.app_id)
        if content.get("bill_type") != "trade" or day >= self._clock().date() or packed is None:
            raise Refusal("40004", "isp.bill_not_exist")
        token = secrets.token_urlsafe(16)
        self._bills[token] = packed
        return {"bill_download_url": f"{base_url}/bill?token={token}"}

    async def _download(self, request: Request) -> Response:
        packed = self._bills.pop(request.query_params.get("token", ""), None)
        if packed is None:
            return Response(status_code=404)
        return Response(packed, media_type="application/zip")

    def _trade(self, content: dict[str, Any]) -> Trade:
        """Return the trade, which exists from the first scan on; one left unpaid closes at its end."""
        trade = self.trades.of_order(content["out_trade_no"])
        if trade is None or (trade.state is TradeState.UNSCANNED):
            raise Refusal("40004", "ACQ.TRADE_NOT_EXIST")
        if trade.state is TradeState.SCANNED and self._clock() >= trade.payable_until:
            trade.state = TradeState.CLOSED
        return trade

    def _now_text(self) -> str:
        return self._clock().strftime("%Y-%m-%d %H:%M:%S")


def _joined(parameters: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(parameters.items()) if value)


def _yuan(amount_fen: int) -> str:
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def _fen(yuan: object) -> int:
    """Return an amount in yuan with at most two decimals as fen, 1 or more."""
    try:
        fen = Decimal(str(yuan)) * 100
    except InvalidOperation as error:
        raise Refusal("40004", "ACQ.INVALID_PARAMETER") from error
    if not fen.is_finite() or fen != fen.to_integral_value() or not 1 <= fen <= 10**11:
        raise Refusal("40004", "ACQ.INVALID_PARAMETER")
    return int(fen)

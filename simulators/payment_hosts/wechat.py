"""WeChat Pay API v3 (微信支付): native orders, query, close, refunds, the encrypted notice.

Written from the public API documents. Requests carry ``Authorization: WECHATPAY2-SHA256-RSA2048``
over method, path with query, timestamp, nonce and body; replies and notices are signed over
timestamp, nonce and body with the platform's key, which is named by its public-key id. The notice's
resource is AES-256-GCM under the APIv3 key.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final
from zlib import crc32

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.payment_hosts.bills import wechat_bill
from simulators.payment_hosts.keys import KeyPair
from simulators.payment_hosts.trades import Clock, Trade, Trades, TradeState

PREPAY_LIFETIME: Final = timedelta(hours=2)
CLOCK_TOLERANCE_S: Final = 300
SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
_ORDER_NO: Final = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_FIELD: Final = re.compile(r'(\w+)="([^"]*)"')
_TRADE_STATE: Final = {
    TradeState.UNSCANNED: ("NOTPAY", "订单未支付"),
    TradeState.SCANNED: ("NOTPAY", "订单未支付"),
    TradeState.PAID: ("SUCCESS", "支付成功"),
    TradeState.CLOSED: ("CLOSED", "订单已关闭"),
}


class Refusal(Exception):
    """An error reply: HTTP status, the host's code, a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class WeChatPayHost:
    """The host for one merchant. ``routes`` are to be mounted at the root of its address."""

    def __init__(self, clock: Clock) -> None:
        self.merchant_no = "1900000109"
        self.app_id = "wx" + secrets.token_hex(8)
        self.merchant_key = KeyPair.generate()
        self.merchant_serial = secrets.token_hex(20).upper()
        self.platform_key = KeyPair.generate()
        self.platform_key_id = "PUB_KEY_ID_" + "01" + secrets.token_hex(15).upper()
        self.api_v3_key = secrets.token_hex(16)
        self.trades = Trades()
        self._bills: dict[str, bytes] = {}
        self._clock = clock
        self.routes = [
            Route("/v3/pay/transactions/native", self._endpoint(self._native), methods=["POST"]),
            Route("/v3/pay/transactions/out-trade-no/{no}", self._endpoint(self._query), methods=["GET"]),
            Route(
                "/v3/pay/transactions/out-trade-no/{no}/close", self._endpoint(self._close), methods=["POST"]
            ),
            Route("/v3/refund/domestic/refunds", self._endpoint(self._refund), methods=["POST"]),
            Route("/v3/refund/domestic/refunds/{no}", self._endpoint(self._query_refund), methods=["GET"]),
            Route("/v3/bill/tradebill", self._endpoint(self._bill), methods=["GET"]),
            Route("/v3/billdownload/file", self._download, methods=["GET"]),
        ]

    def notice(self, trade: Trade) -> tuple[dict[str, str], str]:
        """Return headers and body of the ``TRANSACTION.SUCCESS`` notice for a paid ``trade``."""
        nonce, associated = secrets.token_hex(6), "transaction"
        plain = json.dumps(self._transaction(trade), ensure_ascii=False).encode()
        sealed = AESGCM(self.api_v3_key.encode()).encrypt(nonce.encode(), plain, associated.encode())
        body = json.dumps(
            {
                "id": secrets.token_hex(16),
                "create_time": self._clock().isoformat(timespec="seconds"),
                "resource_type": "encrypt-resource",
                "event_type": "TRANSACTION.SUCCESS",
                "summary": "支付成功",
                "resource": {
                    "original_type": "transaction",
                    "algorithm": "AEAD_AES_256_GCM",
                    "ciphertext": b64encode(sealed).decode("ascii"),
                    "associated_data": associated,
                    "nonce": nonce,
                },
            },
            ensure_ascii=False,
        )
        return self._signed_headers(body), body

    def _endpoint(
        self, act: Callable[[Request, dict[str, Any]], dict[str, Any] | None]
    ) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            raw = (await request.body()).decode("utf-8", "replace")
            try:
                self._check_signature(request, raw)
                answer = act(request, _json_object(raw))
            except Refusal as refusal:
                error = json.dumps({"code": refusal.code, "message": refusal.message}, ensure_ascii=False)
                return self._reply(refusal.status, error)
            if answer is None:
                return self._reply(204, "")
            return self._reply(200, json.dumps(answer, ensure_ascii=False))

        return endpoint

    def _reply(self, status: int, body: str) -> Response:
        media = "application/json; charset=utf-8" if body else None
        return Response(body, status, headers=self._signed_headers(body), media_type=media)

    def _signed_headers(self, body: str) -> dict[str, str]:
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": self.platform_key.sign(f"{stamp}\n{nonce}\n{body}\n"),
            "Wechatpay-Serial": self.platform_key_id,
            "Wechatpay-Signature-Type": SCHEME,
            "Request-ID": secrets.token_hex(16),
        }

    def _check_signature(self, request: Request, body: str) -> None:
        scheme, _, fields_text = request.headers.get("authorization", "").partition(" ")
        fields = dict(_FIELD.findall(fields_text))
        stamp = fields.get("timestamp", "")
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        signed = f"{request.method}\n{target}\n{stamp}\n{fields.get('nonce_str', '')}\n{body}\n"
        fresh = stamp.isdigit() and abs(time.time() - int(stamp)) <= CLOCK_TOLERANCE_S
        known = fields.get("mchid") == self.merchant_no and fields.get("serial_no") == self.merchant_serial
        if not (
            scheme == SCHEME
            and fresh
            and known
            and self.merchant_key.verifies(signed, fields.get("signature", ""))
        ):
            raise Refusal(401, "SIGN_ERROR", "签名错误")

    def _native(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        order_no, amount = body.get("out_trade_no"), body.get("amount")
        total = amount.get("total") if isinstance(amount, dict) else None
        if (
            not isinstance(order_no, str)
            or not _ORDER_NO.fullmatch(order_no)
            or type(total) is not int
            or total < 1
            or body.get("appid") != self.app_id
            or body.get("mchid") != self.merchant_no
            or not body.get("description")
            or not body.get("notify_url")
        ):
            raise Refusal(400, "PARAM_ERROR", "参数错误")
        until = self._payable_until(body.get("time_expire"))
        with self.trades.lock:
            trade = self.trades.of_order(order_no)
            if trade is None:
                trade = Trade(
                    order_no,
                    trade_no="4200" + f"{secrets.randbelow(10**24):024d}",
                    amount_fen=total,
                    description=str(body["description"]),
                    code=f"weixin://wxpay/bizpayurl?pr={secrets.token_urlsafe(7)}",
                    payable_until=until,
                    notify_url=str(body["notify_url"]),
                )
                self.trades.add(trade)
        if trade.state is TradeState.PAID:
            raise Refusal(400, "ORDERPAID", "订单已支付")
        if trade.state is TradeState.CLOSED:
            raise Refusal(400, "ORDER_CLOSED", "订单已关闭")
        if trade.amount_fen != total:
            raise Refusal(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        return {"code_url": trade.code}

    def _payable_until(self, time_expire: object) -> datetime:
        now = self._clock()
        if time_expire is None:
            return now + PREPAY_LIFETIME
        try:
            asked = datetime.fromisoformat(str(time_expire))
        except ValueError as error:
            raise Refusal(400, "PARAM_ERROR", "time_expire 格式错误") from error
        if asked.tzinfo is None or asked <= now:
            raise Refusal(400, "PARAM_ERROR", "time_expire 无效")
        return min(asked, now + PREPAY_LIFETIME)

    def _query(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        if request.query_params.get("mchid") != self.merchant_no:
            raise Refusal(400, "PARAM_ERROR", "mchid 错误")
        return self._transaction(self._trade(request.path_params["no"]))

    def _close(self, request: Request, body: dict[str, Any]) -> None:
        if body.get("mchid") != self.merchant_no:
            raise Refusal(400, "PARAM_ERROR", "mchid 错误")
        with self.trades.lock:
            trade = self._trade(request.path_params["no"])
            if trade.state is TradeState.PAID:
                raise Refusal(400, "ORDERPAID", "订单已支付")
            trade.state = TradeState.CLOSED

    def _refund(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        refund_no, amount = body.get("out_refund_no"), body.get("amount")
        asked = amount.get("refund") if isinstance(amount, dict) else None
        if not isinstance(refund_no, str) or not refund_no or type(asked) is not int or asked < 1:
            raise Refusal(400, "PARAM_ERROR", "参数错误")
        with self.trades.lock:
            trade = self._trade(str(body.get("out_trade_no")))
            if trade.state is not TradeState.PAID:
                raise Refusal(400, "INVALID_REQUEST", "订单未支付")
            if amount is None or amount.get("total") != trade.amount_fen:
                raise Refusal(400, "PARAM_ERROR", "订单金额不一致")
            before = trade.refunds.get(refund_no)
            if before is not None and before != asked:
                raise Refusal(400, "INVALID_REQUEST", "退款单号已存在且金额不一致")
            if before is None:
                if trade.refunded_fen + asked > trade.amount_fen:
                    raise Refusal(400, "INVALID_REQUEST", "退款金额超过可退金额")
                trade.give_back(refund_no, asked, self._clock())
        return self._refund_answer(trade, refund_no)

    def _query_refund(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        refund_no = request.path_params["no"]
        trade = self.trades.of_refund(refund_no)
        if trade is None:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return self._refund_answer(trade, refund_no)

    def _bill(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Say where a past day's bill can be fetched, and the SHA-1 of what it is when unpacked."""
        try:
            day = date.fromisoformat(request.query_params.get("bill_date", ""))
        except ValueError as error:
            raise Refusal(400, "PARAM_ERROR", "bill_date 格式错误") from error
        if day >= self._clock().date():
            raise Refusal(400, "INVALID_REQUEST", "账单日期不合法")
        text = wechat_bill(self.trades.all(), day, self.app_id, self.merchant_no)
        if text is None:
            raise Refusal(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        token = secrets.token_urlsafe(16)
        packed = (
            gzip.compress(text.encode()) if request.query_params.get("tar_type") == "GZIP" else text.encode()
        )
        self._bills[token] = packed
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
            "download_url": f"{str(request.base_url).rstrip('/')}/v3/billdownload/file?token={token}",
        }

    async def _download(self, request: Request) -> Response:
        """Give a bill out once; the reply is not signed, the hash told before vouches for it."""
        try:
            self._check_signature(request, "")
            return Response(
                self._bills.pop(request.query_params.get("token", "")), media_type="application/octet-stream"
            )
        except Refusal as refusal:
            return Response(json.dumps({"code": refusal.code}), refusal.status)
        except KeyError:
            return Response(json.dumps({"code": "INVALID_REQUEST"}), 400)

    def _refund_answer(self, trade: Trade, refund_no: str) -> dict[str, Any]:
        return {
            "refund_id": f"5030{crc32(refund_no.encode()):024d}",
            "out_refund_no": refund_no,
            "transaction_id": trade.trade_no,
            "out_trade_no": trade.order_no,
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "success_time": self._clock().isoformat(timespec="seconds"),
            "create_time": self._clock().isoformat(timespec="seconds"),
            "status": "SUCCESS",
            "amount": {
                "total": trade.amount_fen,
                "refund": trade.refunds[refund_no],
                "payer_total": trade.amount_fen,
                "payer_refund": trade.refunds[refund_no],
                "currency": "CNY",
            },
        }

    def _trade(self, order_no: str) -> Trade:
        trade = self.trades.of_order(order_no)
        if trade is None:
            raise Refusal(404, "ORDER_NOT_EXIST", "订单不存在")
        return trade

    def _transaction(self, trade: Trade) -> dict[str, Any]:
        state, words = _TRADE_STATE[trade.state]
        if trade.refunds:
            state, words = "REFUND", "转入退款"
        answer: dict[str, Any] = {
            "appid": self.app_id,
            "mchid": self.merchant_no,
            "out_trade_no": trade.order_no,
            "trade_state": state,
            "trade_state_desc": words,
            "amount": {"total": trade.amount_fen, "currency": "CNY"},
        }
        if trade.paid_at is not None:
            answer |= {
                "transaction_id": trade.trade_no,
                "trade_type": "NATIVE",
                "bank_type": "OTHERS",
                "success_time": trade.paid_at.isoformat(timespec="seconds"),
                "payer": {"openid": "o" + "simulated-payer-000000000000"},
            }
            answer["amount"] |= {"payer_total": trade.amount_fen, "payer_currency": "CNY"}
        return answer


def _json_object(raw: str) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise Refusal(400, "PARAM_ERROR", "JSON 格式错误") from error
    if not isinstance(value, dict):
        raise Refusal(400, "PARAM_ERROR", "JSON 格式错误")
    return value

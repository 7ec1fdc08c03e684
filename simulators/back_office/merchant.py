"""The back office as a merchant: one small face over the two hosts' SDKs.

WeChat Pay goes through ``wechatpayv3``, Alipay through ``python-alipay-sdk``; both sign, verify and
are pointed at another address than the public one through the attribute each of them keeps it in.
Every call is made once and returns or raises; whoever asks decides what to do about silence.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol
from urllib.error import URLError

import requests
from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig
from wechatpayv3 import WeChatPay, WeChatPayType

HOST_TIMEOUT_S = 4.0
BILL: Final = "alipay.data.dataservice.bill.downloadurl.query"


@dataclass(frozen=True, slots=True, repr=False)
class MerchantAccount:
    """What the two hosts give a merchant. URLs without a trailing slash; keys as PEM text.

    Notices are asked for at ``notify_url`` + ``/wechat`` or ``/alipay``.
    """

    wechat_url: str
    wechat_merchant_no: str
    wechat_app_id: str
    wechat_private_key: str
    wechat_serial: str
    wechat_api_v3_key: str
    wechat_public_key: str
    wechat_public_key_id: str
    alipay_url: str
    alipay_app_id: str
    alipay_private_key: str
    alipay_public_key: str
    notify_url: str


class HostState(StrEnum):
    """What a host says of an order. ``ABSENT``: it knows none (Alipay: not scanned *yet*)."""

    WAITING = "waiting"
    PAID = "paid"
    CLOSED = "closed"
    ABSENT = "absent"


class HostSilent(Exception):
    """No answer, or none that can be trusted: the order's state is unknown."""


class HostRefused(Exception):
    """The host answered no; ``code`` is its word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Moved:
    """One line of a host's bill: a payment, or (with ``refund_no``) money that went back. Positive fen."""

    order_no: str
    refund_no: str
    amount_fen: int


class Channel(Protocol):
    """A way to be paid by QR code. Every call may raise ``HostSilent`` or ``HostRefused``."""

    def order(self, order_no: str, amount_fen: int, subject: str, until: datetime) -> str:
        """Make the order and return its code's text, payable no longer than ``until``."""
        ...

    def ask(self, order_no: str) -> HostState: ...

    def close(self, order_no: str) -> None:
        """Ask that the order be paid no more. What became of it is known by asking again."""
        ...

    def refund(self, order_no: str, refund_no: str, amount_fen: int, total_fen: int, reason: str) -> bool:
        """Give ``amount_fen`` back, once per ``refund_no``; return whether it is done already."""
        ...

    def bill(self, day: date) -> list[Moved]:
        """Return the host's own bill of a day that is over."""
        ...


class WeChatChannel:
    """微信支付, native orders."""

    def __init__(self, account: MerchantAccount) -> None:
        self._client = WeChatPay(
            WeChatPayType.NATIVE,
            account.wechat_merchant_no,
            account.wechat_private_key,
            account.wechat_serial,
            account.wechat_app_id,
            account.wechat_api_v3_key,
            notify_url=f"{account.notify_url}/wechat",
            public_key=account.wechat_public_key,
            public_key_id=account.wechat_public_key_id,
            timeout=HOST_TIMEOUT_S,
        )
        self._client._core._gate_way = account.wechat_url

    def order(self, order_no: str, amount_fen: int, subject: str, until: datetime) -> str:
        answer = self._call(
            self._client.pay,
            description=subject,
            out_trade_no=order_no,
            amount={"total": amount_fen, "currency": "CNY"},
            time_expire=until.isoformat(timespec="seconds"),
        )
        return str(answer["code_url"])

    def ask(self, order_no: str) -> HostState:
        try:
            state = self._call(self._client.query, out_trade_no=order_no)["trade_state"]
        except HostRefused as refused:
            if refused.code in {"ORDER_NOT_EXIST", "ORDERNOTEXIST"}:
                return HostState.ABSENT
            raise
        if state in {"SUCCESS", "REFUND"}:
            return HostState.PAID
        return HostState.CLOSED if state in {"CLOSED", "REVOKED"} else HostState.WAITING

    def close(self, order_no: str) -> None:
        try:
            self._call(self._client.close, out_trade_no=order_no)
        except HostRefused as refused:
            if refused.code not in {"ORDERPAID", "ORDER_CLOSED"}:
                raise

    def refund(self, order_no: str, refund_no: str, amount_fen: int, total_fen: int, reason: str) -> bool:
        answer = self._call(
            self._client.refund,
            out_refund_no=refund_no,
            out_trade_no=order_no,
            reason=reason[:80],
            amount={"refund": amount_fen, "total": total_fen, "currency": "CNY"},
        )
        return bool(answer["status"] == "SUCCESS")

    def bill(self, day: date) -> list[Moved]:
        try:
            told = self._call(self._client.trade_bill, bill_date=day.isoformat())
        except HostRefused as refused:
            if refused.code == "NO_STATEMENT_EXIST":
                return []
            raise
        try:
            status, packed = self._client.download_bill(told["download_url"])
            content = gzip.decompress(packed)
        except Exception as error:
            raise HostSilent(str(error)) from error
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        if status != 200 or digest != told["hash_value"]:
            raise HostSilent("the bill is not the one that was announced")
        rows = [[cell.lstrip("`") for cell in row] for row in csv.reader(content.decode().splitlines())]
        lines = [dict(zip(rows[0], row, strict=True)) for row in rows[1:-2]]
        return [
            Moved(
                line["商户订单号"],
                line["商户退款单号"],
                fen(line["退款金额"] if line["商户退款单号"] else line["应结订单金额"]),
            )
            for line in lines
        ]

    def noticed_order(self, headers: dict[str, str], body: str) -> str | None:
        """Return the order number of a genuine payment notice, else None."""
        try:
            notice = self._client.callback(headers, body)
        except Exception:
            # The SDK raises whatever the forged notice makes it trip over.
            return None
        order_no = notice["resource"].get("out_trade_no") if notice else None
        return order_no if isinstance(order_no, str) else None

    @staticmethod
    def _call(act: Any, **arguments: Any) -> dict[str, Any]:
        try:
            status, text = act(**arguments)
        except requests.RequestException as error:
            raise HostSilent(str(error)) from error
        except Exception as error:
            # The SDK raises a bare Exception for a reply whose signature does not verify.
            raise HostSilent(str(error)) from error
        if status == 204:
            return {}
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise HostSilent(f"status {status}, no JSON") from error
        if status >= 500 or not isinstance(answer, dict):
            raise HostSilent(f"status {status}")
        if status >= 400:
            raise HostRefused(str(answer.get("code")))
        return answer


class AlipayChannel:
    """支付宝, precreated orders."""

    def __init__(self, account: MerchantAccount) -> None:
        self._client = AliPay(
            appid=account.alipay_app_id,
            app_notify_url=f"{account.notify_url}/alipay",
            app_private_key_string=account.alipay_private_key,
            alipay_public_key_string=account.alipay_public_key,
            sign_type="RSA2",
            config=AliPayConfig(timeout=HOST_TIMEOUT_S),
        )
        self._client._gateway = account.alipay_url

    def order(self, order_no: str, amount_fen: int, subject: str, until: datetime) -> str:
        answer = self._call(
            "alipay.trade.precreate",
            out_trade_no=order_no,
            total_amount=yuan(amount_fen),
            subject=subject,
            # The code's own lifetime has whole minutes only, so the order's end is set as well.
            time_expire=until.strftime("%Y-%m-%d %H:%M:%S"),
        )
        return str(answer["qr_code"])

    def ask(self, order_no: str) -> HostState:
        try:
            status = self._call("alipay.trade.query", out_trade_no=order_no)["trade_status"]
        except HostRefused as refused:
            if refused.code == "ACQ.TRADE_NOT_EXIST":
                return HostState.ABSENT
            raise
        if status in {"TRADE_SUCCESS", "TRADE_FINISHED"}:
            return HostState.PAID
        return HostState.CLOSED if status == "TRADE_CLOSED" else HostState.WAITING

    def close(self, order_no: str) -> None:
        try:
            self._call("alipay.trade.close", out_trade_no=order_no)
        except HostRefused as refused:
            if refused.code not in {"ACQ.TRADE_NOT_EXIST", "ACQ.REASON_TRADE_STATUS_INVALID"}:
                raise

    def refund(self, order_no: str, refund_no: str, amount_fen: int, total_fen: int, reason: str) -> bool:
        self._call(
            "alipay.trade.refund",
            out_trade_no=order_no,
            out_request_no=refund_no,
            refund_amount=yuan(amount_fen),
            refund_reason=reason,
        )
        return True

    def bill(self, day: date) -> list[Moved]:
        try:
            told = self._call(BILL, bill_type="trade", bill_date=day.isoformat())
        except HostRefused as refused:
            if refused.code == "isp.bill_not_exist":
                return []
            raise
        try:
            reply = requests.get(told["bill_download_url"], timeout=HOST_TIMEOUT_S)
            reply.raise_for_status()
            with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
                (name,) = (name for name in archive.namelist() if name.endswith("业务明细.csv"))
                text = archive.read(name).decode("gb18030")
        except (requests.RequestException, ValueError, zipfile.BadZipFile) as error:
            raise HostSilent(str(error)) from error
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(line for line in text.splitlines() if line and not line.startswith("#"))
        ]
        lines = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        return [
            Moved(line["商户订单号"], line["退款批次号/请求号"], abs(fen(line["订单金额（元）"])))
            for line in lines
        ]

    def noticed_order(self, form: dict[str, str]) -> str | None:
        """Return the order number of a genuine payment notice, else None."""
        fields = dict(form)
        try:
            genuine = self._client.verify(fields, fields.pop("sign", ""))
        except (AliPayException, ValueError, TypeError):
            return None
        return fields.get("out_trade_no") if genuine else None

    def _call(self, method: str, **content: str) -> dict[str, Any]:
        try:
            answer = self._client.server_api(method, content)
        except (URLError, OSError, ValueError, AliPayException, AliPayValidationError) as error:
            raise HostSilent(str(error)) from error
        if answer["code"] == "10000":
            return dict(answer)
        if answer["code"] == "20000":
            raise HostSilent(str(answer.get("sub_code")))
        raise HostRefused(str(answer.get("sub_code")))


def fen(yuan_text: str) -> int:
    """Return an amount of a bill, in yuan with decimals, as fen."""
    return int(Decimal(yuan_text) * 100)


def yuan(amount_fen: int) -> str:
    """Return ``amount_fen`` as the decimal text that Alipay takes."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"

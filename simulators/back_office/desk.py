"""What every desk of the back office works with, and the refusals they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from simulators.back_office.merchant import Channel
from simulators.back_office.papers import Papers
from simulators.faults import Faults

Clock = Callable[[], datetime]
Persona = Mapping[str, Any]
"""A person of the bench: the tables of their file (``id_card``, ``permit``, ``register``, and one for
each desk that has people of its own), as plain values."""

BEIJING: Final = ZoneInfo("Asia/Shanghai")

MESSAGES: Final = {
    "unauthorised": ("未授权", "Not authorised"),
    "not-found": ("没有此记录", "No such record"),
    "method-not-allowed": ("不支持的方法", "Method not allowed"),
    "bad-request": ("请求不符合接口约定", "The request does not fit the contract"),
    "too-large": ("请求过大", "The request is too large"),
    "key-missing": ("缺少 Idempotency-Key", "Idempotency-Key is missing"),
    "key-reused": ("同一 Idempotency-Key 用于不同请求", "This Idempotency-Key was used for another request"),
    "case-differs": ("办件号已用于其他办件", "This case number belongs to another case"),
    "not-offered": ("该项目无收费标准", "There is no tariff for this item"),
    "bill-differs": ("与缴款单不符", "This does not fit the bill"),
    "bill-expired": ("缴款单已过期", "The bill has expired"),
    "already-paid": ("缴款单已缴", "The bill has been paid"),
    "order-differs": ("订单号已用于其他订单", "This order number belongs to another order"),
    "not-paid": ("未缴款", "Not paid"),
    "exceeds-payment": ("退款超过已缴金额", "The refunds would exceed the payment"),
    "refund-differs": ("退款号已用于其他退款", "This refund number belongs to another refund"),
    "already-issued": ("签注已签发", "The endorsement has been issued"),
    "outcome-differs": ("结果已登记且不同", "Another outcome has been registered"),
    "refused": ("请到人工窗口办理", "Please go to a staffed window"),
    "payment-refused": ("支付机构拒绝", "The payment host refused"),
    "payment-host-silent": ("支付机构无应答", "The payment host does not answer"),
    "seal-missing": ("电子签章不可用", "There is no seal to sign with"),
    "void": ("证明已作废", "The certificate is void"),
    "handled-elsewhere": ("该违法已处理", "The violation has been handled"),
    "penalty-differs": ("处罚内容已变动", "The penalty has changed"),
    "limit-reached": ("不能自助处理", "This cannot be decided by self-service"),
    "wrong-password": ("用户名或密码错误", "Wrong user name or password"),
    "locked": ("输错次数过多，账号暂时锁定", "Too many wrong passwords: the account is locked for a while"),
    "csrf": ("缺少或错误的 X-CSRF-Token", "X-CSRF-Token is missing or wrong"),
    "not-your-role": ("无此权限", "Your role does not allow this"),
    "not-your-station": ("案卷不在本单位", "The file is not at your station"),
    "wrong-state": ("当前状态不能办理此操作", "This cannot be done in the case's present state"),
    "same-officer": ("审核与审批不得为同一人", "Whoever reviewed a case does not decide it"),
    "level-too-low": ("本单位无权审批此事项", "Your station may not decide this item"),
    "reasons-missing": ("不予许可须写明理由和法律依据", "A refusal needs reasons and a legal basis"),
    "not-asked-for": ("未要求提交此材料", "Nobody asked for this document"),
    "nowhere-to-go": ("案卷已在该单位", "It is at that station already"),
    "no-original": ("此件没有流转中的原件", "No original of this case is on the way to you"),
    "too-many-tries": (
        "核验次数过多，请明天再试或到窗口办理",
        "Too many tries: try tomorrow, or at a window",
    ),
    "notice-differs": ("所需材料刚有变化，请重新查看", "What is needed has just changed: look at it again"),
    "failed": ("系统故障", "The system failed"),
}


class Refused(Exception):
    """An answer that is not a success: HTTP ``status`` and ``error``, a key of ``MESSAGES``."""

    def __init__(self, status: int, error: str, detail: str = "") -> None:
        super().__init__(f"{status} {error} {detail}".rstrip())
        self.status, self.error, self.detail = status, error, detail


@dataclass(slots=True)
class Office:
    """The means of all desks: the store, the clock (Beijing time), the ways to be paid by code.

    ``papers`` makes certificates, ``verify_url`` is how the public address behind their codes begins;
    ``faults`` are what the bench lets go wrong in here.
    """

    store: Engine
    clock: Clock
    channels: dict[str, Channel]
    papers: Papers = field(default_factory=Papers)
    faults: Faults = field(default_factory=Faults)
    verify_url: str = "https://verify.example/verify/"

    def now(self) -> datetime:
        return self.clock().astimezone(BEIJING)

    def today(self) -> date:
        return self.now().date()


def beijing_now() -> datetime:
    """Return the time now in Beijing."""
    return datetime.now(BEIJING)

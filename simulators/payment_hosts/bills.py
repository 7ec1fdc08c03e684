"""A day's bill of each host (对账单), as a merchant fetches it the next day: WeChat's text, Alipay's zip.

Columns and quirks follow the public documents: WeChat's cells begin with a grave accent so that spreadsheets
leave long numbers alone, and its last two lines are sums; Alipay's file is CSV in GB 18030, begins with
comments and has what went back as negative sums. Columns that say nothing here are left out.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from simulators.payment_hosts.trades import Trade

WECHAT_COLUMNS = (
    "交易时间", "公众账号ID", "商户号", "微信订单号", "商户订单号", "用户标识", "交易类型", "交易状态",
    "货币种类", "应结订单金额", "微信退款单号", "商户退款单号", "退款金额", "退款状态", "订单金额",
    "申请退款金额",
)  # fmt: skip
ALIPAY_COLUMNS = (
    "支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间", "订单金额（元）",
    "商家实收（元）", "退款批次号/请求号", "备注",
)  # fmt: skip


def moved(trades: Iterable[Trade], day: date) -> Iterator[tuple[Trade, datetime, str, int]]:
    """Yield what moved on ``day``: the trade, when, the refund's number ("" for the payment), fen."""
    for trade in trades:
        if trade.paid_at is not None and trade.paid_at.date() == day:
            yield trade, trade.paid_at, "", trade.amount_fen
        for refund_no, amount_fen in trade.refunds.items():
            at = trade.refunded_at.get(refund_no)
            if at is not None and at.date() == day:
                yield trade, at, refund_no, amount_fen


def wechat_bill(trades: Iterable[Trade], day: date, app_id: str, merchant_no: str) -> str | None:
    """Return the text of all that moved on ``day``; None when nothing did (``NO_STATEMENT_EXIST``)."""
    lines, paid_fen, returned_fen = [",".join(WECHAT_COLUMNS)], 0, 0
    for trade, at, refund_no, amount_fen in moved(trades, day):
        paid, back = ("0.00", yuan(amount_fen)) if refund_no else (yuan(amount_fen), "0.00")
        paid_fen, returned_fen = (
            paid_fen + (0 if refund_no else amount_fen),
            returned_fen + (amount_fen if refund_no else 0),
        )
        cells = (
            f"{at:%Y-%m-%d %H:%M:%S}", app_id, merchant_no, trade.trade_no, trade.order_no, "oSIMULATED",
            "NATIVE", "REFUND" if refund_no else "SUCCESS", "CNY", paid, "5030" if refund_no else "",
            refund_no, back, "SUCCESS" if refund_no else "", paid, back,
        )  # fmt: skip
        lines.append(",".join(f"`{cell}" for cell in cells))
    if len(lines) == 1:
        return None
    sums = (
        len(lines) - 1,
        yuan(paid_fen),
        yuan(returned_fen),
        "0.00",
        "0.00",
        yuan(paid_fen),
        yuan(returned_fen),
    )
    lines += ["总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"]
    lines += [",".join(f"`{cell}" for cell in sums)]
    return "\r\n".join(lines) + "\r\n"


def alipay_bill(trades: Iterable[Trade], day: date, merchant_no: str) -> bytes | None:
    """Return the zip with the day's file of single movements; None when there were none."""
    rows = [
        ",".join(
            f"{cell}\t"
            for cell in (
                trade.trade_no, trade.order_no, "退款" if refund_no else "交易", trade.description,
                f"{at:%Y-%m-%d %H:%M:%S}", f"{at:%Y-%m-%d %H:%M:%S}",
                *(2 * [yuan(-amount_fen if refund_no else amount_fen)]), refund_no, "",
            )
        )
        for trade, at, refund_no, amount_fen in moved(trades, day)
    ]  # fmt: skip
    if not rows:
        return None
    text = "\r\n".join(
        (
            "#支付宝业务明细查询",
            f"#账号：[{merchant_no}0156]",
            f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{day:%Y年%m月%d日} 23:59:59]",
            "#-----------------------------------------业务明细列表----------------------------------------",
            ",".join(ALIPAY_COLUMNS),
            *rows,
            "#-----------------------------------------业务明细列表结束------------------------------------",
            "",
        )
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{merchant_no}0156_{day:%Y%m%d}_业务明细.csv", text.encode("gb18030"))
    return packed.getvalue()


def yuan(amount_fen: int) -> str:
    """Return fen as yuan with two decimals."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"

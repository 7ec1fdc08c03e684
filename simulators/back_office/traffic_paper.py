"""The decision as it is handed over (公安交通管理简易程序处罚决定书): what the law wants to stand in it.

程序规定 arts. 44–45: the person, the vehicle, the facts, their ground, the content, how and by when to pay,
the authority, and what stands against the decision. No public form of it as data exists: the order of the
lines is the bench's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping

from simulators.back_office.signatures import Signature, drawn

TITLE: Final = "公安交通管理简易程序处罚决定书"


def decision_document(
    row: RowMapping,
    person: Mapping[str, Any],
    act: Mapping[str, Any],
    authority: str,
    days_to_pay: int,
    *,
    signed: bool,
) -> list[str]:
    """Return the lines of the decision on a violation; who refused to sign is said to have (art 44)."""
    return [
        TITLE,
        f"编号：{row['decision_no']}",
        *(f"{label}：{value}" for label, value in _rows(row, person, act)),
        *_said(row, days_to_pay),
        f"处罚机关：{authority}",
        "被处罚人已在自助机屏幕上签名。" if signed else "被处罚人拒绝签名。",
        f"经办：自助处理（电子签名）  {row['received_on']}",
    ]


def decision_paper(
    row: RowMapping,
    person: Mapping[str, Any],
    act: Mapping[str, Any],
    authority: str,
    days_to_pay: int,
    *,
    signature: Signature | None,
    kiosk: str,
) -> dict[str, Any]:
    """Return the same for the template ``decision.typ``, with the signature as it was written."""
    return {
        "title": TITLE,
        "serial": row["decision_no"],
        "authority": authority,
        "issued": row["received_on"],
        "kiosk": kiosk,
        "case_no": row["case_no"],
        "rows": _rows(row, person, act),
        "said": _said(row, days_to_pay),
        "signature": "" if signature is None else drawn(signature),
        "sample": True,
    }


def _rows(row: RowMapping, person: Mapping[str, Any], act: Mapping[str, Any]) -> list[tuple[str, str]]:
    number = str(person["id_number"])
    at = datetime.fromisoformat(row["at"])
    fine = f"罚款 {row['fine_fen'] // 100} 元" if row["fine_fen"] else "警告"
    points = f"，记 {row['points']} 分" if row["points"] else ""
    return [
        ("被处罚人", str(person["name"])),
        ("驾驶证号", f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"),
        ("车牌", row["plate"]),
        ("违法时间", f"{at:%Y-%m-%d %H:%M}"),
        ("违法地点", row["place"]),
        ("违法行为", f"{act['act']['zh']}（代码 {row['act_code']}）"),
        ("依据", act["basis"]["zh"]),
        ("处罚", f"{fine}{points}"),
    ]


def _said(row: RowMapping, days_to_pay: int) -> list[str]:
    last = date.fromisoformat(row["received_on"]) + timedelta(days=days_to_pay)
    return [
        f"请在 {last:%Y-%m-%d} 前缴款；逾期每日按罚款的 3% 加处罚款。"
        if row["fine_fen"]
        else "口头警告，无须缴款。",
        "不服本决定，可在 60 日内申请行政复议，或在 6 个月内提起行政诉讼。",
    ]

"""The decision as it is handed over (公安交通管理简易程序处罚决定书): what the law wants to stand in it.

程序规定 arts. 44–45: the person, the vehicle, the facts, their ground, the content, how and by when to pay,
the authority, and what stands against the decision. No public form of it as data exists: the order of the
lines is the bench's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping


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
    received = date.fromisoformat(row["received_on"])
    number = str(person["id_number"])
    at = datetime.fromisoformat(row["at"])
    fine = f"罚款 {row['fine_fen'] // 100} 元" if row["fine_fen"] else "警告"
    points = f"，记 {row['points']} 分" if row["points"] else ""
    return [
        "公安交通管理简易程序处罚决定书",
        f"编号：{row['decision_no']}",
        f"被处罚人：{person['name']}",
        f"驾驶证号：{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}",
        f"车牌：{row['plate']}",
        f"违法时间：{at:%Y-%m-%d %H:%M}",
        f"违法地点：{row['place']}",
        f"违法行为：{act['act']['zh']}（代码 {row['act_code']}）",
        f"依据：{act['basis']['zh']}",
        f"处罚：{fine}{points}",
        f"请在 {received + timedelta(days=days_to_pay):%Y-%m-%d} 前缴款；逾期每日按罚款的 3% 加处罚款。"
        if row["fine_fen"]
        else "口头警告，无须缴款。",
        "不服本决定，可在 60 日内申请行政复议，或在 6 个月内提起行政诉讼。",
        f"处罚机关：{authority}",
        "被处罚人已在自助机屏幕上签名。" if signed else "被处罚人拒绝签名。",
        f"经办：自助处理（电子签名）  {received:%Y-%m-%d}",
    ]

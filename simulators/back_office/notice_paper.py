"""The personal notice on A4 (一次性告知单): in Chinese, and in English beside it for who asked in English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import RowMapping

from simulators.back_office.catalogue import Item
from simulators.back_office.signatures import Signature, drawn

STANDINGS: Final = {
    "held": ("我们已有，不用带", "We have it"),
    "bring": ("请带来", "Please bring it"),
    "later": ("可以后补，{days} 个工作日内", "May follow within {days} working days"),
}


def notice_paper(
    row: Mapping[str, Any] | RowMapping,
    case: Mapping[str, Any] | RowMapping,
    item: Item,
    filed_on: date,
    authority: str,
    signature: Signature | None,
) -> dict[str, Any]:
    """Return what the template ``notice.typ`` says of a filed notice."""
    english = row["language"] == "en"
    number = str(row["id_number"])
    grace = {material.code: material for material in item.materials}
    at_once = "当场办结", "at once"
    takes = (f"{item.limit_days} 个工作日", f"{item.limit_days} working days") if item.limit_days else at_once

    def both(chinese: str, other: str) -> str:
        return f"{chinese}\n{other}" if english else chinese

    def standing(code: str, word: str) -> str:
        return both(*(said.format(days=grace[code].grace_days) for said in STANDINGS[word]))

    return {
        "serial": row["notice_no"],
        "authority": authority,
        "issued": filed_on.isoformat(),
        "kiosk": case["kiosk"],
        "case_no": row["case_no"],
        "heading": "Your notice: what to bring" if english else "",
        "rows": [
            (both("申请人", "Name"), row["name"]),
            (both("证件号码", "ID number"), f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"),
            (both("事项", "Item"), both(item.title["zh-CN"], item.title.get("en", ""))),
            (both("期限", "Time"), both(*takes)),
            (both("依据", "Basis"), item.source),
        ],
        "papers": [
            (
                both(grace[one["code"]].title["zh-CN"], grace[one["code"]].title.get("en", "")),
                standing(one["code"], one["standing"]),
            )
            for one in row["papers"]
        ],
        "said": "以上材料已一次性告知。需要的材料以当天的规定为准。",
        "sign_label": both("申请人签名", "Signature"),
        "unsigned": both("没有签名", "Received without a signature"),
        "signature": "" if signature is None else drawn(signature),
        "sample": True,
    }

"""What the rules in force on a day say of fines: limits, days to pay, the surcharge (加处罚款)."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from simulators.back_office.desk import Refused


def rules_on(day: date) -> dict[str, Any]:
    """Return the rules in force on a day; raises ``Refused`` when there are none."""
    entries = [entry for entry in _all_rules() if entry["from"] <= day]
    if not entries:
        raise Refused(409, "not-offered")
    return max(entries, key=lambda entry: entry["from"])


@cache
def _all_rules() -> tuple[dict[str, Any], ...]:
    with Path(__file__).with_name("traffic_tariff.toml").open("rb") as file:
        return tuple(tomllib.load(file)["rules"])


def surcharge_fen(row: RowMapping, day: date) -> int:
    """Return the surcharge on a decided fine that is paid on a day."""
    rules = rules_on(day)
    days = (day - date.fromisoformat(row["received_on"])).days - row["suspended_days"]
    late_days = max(0, days - rules["days_to_pay"])
    most = row["fine_fen"] * rules["cap_percent"] // 100
    return int(min(most, row["fine_fen"] * rules["late_percent_a_day"] * late_days // 100))

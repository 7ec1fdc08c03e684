"""The tariff (收费标准): dated, with its source, as published."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from simulators.back_office.contract import Wish
from simulators.back_office.desk import Refused

_COLUMN = {1: "one_entry", 2: "two_entries", 0: "multiple_within_one_year"}


def fee_fen(wish: Wish, on: date) -> int:
    """Return what ``wish`` costs on that day; raises ``Refused`` when no tariff is in force."""
    entries = [entry for entry in _fees() if entry["from"] <= on]
    if not entries:
        raise Refused(409, "not-offered")
    in_force = max(entries, key=lambda entry: entry["from"])
    return int(in_force[_COLUMN[wish.entries]])


@cache
def _fees() -> tuple[dict[str, Any], ...]:
    with Path(__file__).with_name("tariff.toml").open("rb") as file:
        return tuple(tomllib.load(file)["fees"])

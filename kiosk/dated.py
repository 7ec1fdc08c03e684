"""Dated data, for every table of rules: each entry says from when (and until when) it holds.

The tables stand in ``config/rules/*.toml``, each entry with its source. Code asks for the entry in
force on a day and never knows a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kiosk.texts import Text


class NoRuleInForce(LookupError):
    """No entry of a table covers the day; ``table`` names it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the machine cannot serve this person: a code for the log, a sentence for the person."""

    code: str
    reason: Text


def in_force(entry: Mapping[str, Any], today: date) -> bool:
    """Tell whether ``entry`` holds on ``today``."""
    return bool(entry["from"] <= today and today <= entry.get("until", date.max))


def latest(entries: Iterable[dict[str, Any]], today: date, table: str) -> dict[str, Any]:
    """Return the entry in force on ``today`` that began last; raises ``NoRuleInForce``."""
    current = [entry for entry in entries if in_force(entry, today)]
    if not current:
        raise NoRuleInForce(table)
    return max(current, key=lambda entry: entry["from"])

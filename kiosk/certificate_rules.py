"""The rules for certificates on one day: which are printed, for whom, for what, how many."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kiosk.dated import NoRuleInForce, Refusal, in_force, latest
from kiosk.identity import masked
from kiosk.texts import Text, text

KINDS = "kinds"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of certificate. ``title`` is what must stand on its paper, in Chinese; ``purposes`` are words
    of the back office; ``masked_number`` says that the holder's number stands there with its middle hidden.
    """

    name: str
    title: str
    masked_number: bool
    fee_fen: int
    least_age: int
    most_copies: int
    purposes: tuple[str, ...]
    source: str

    def refusal(self, age: int) -> Text | None:
        """Return why somebody of ``age`` cannot have it here, None when they can."""
        if self.fee_fen:
            return text("certificates.refused.costs")
        if age < self.least_age:
            return text("certificates.refused.too-young", age=self.least_age)
        return None

    def number_on_paper(self, number: str) -> str:
        """Return how the paper must show an ID number."""
        return masked(number) if self.masked_number else number


class CertificateRules:
    """The kinds of ``certificates.toml`` in force on ``today``; raises ``NoRuleInForce`` without any."""

    def __init__(self, tables: Mapping[str, list[dict[str, Any]]], today: date) -> None:
        current = [entry for entry in tables.get(KINDS, ()) if in_force(entry, today)]
        if not current:
            raise NoRuleInForce(KINDS)
        names = dict.fromkeys(str(entry["name"]) for entry in current)
        newest = [latest((e for e in current if e["name"] == name), today, KINDS) for name in names]
        self.kinds: Mapping[str, Kind] = {str(entry["name"]): _kind(entry) for entry in newest}

    @classmethod
    def load(cls, folder: Path, today: date) -> CertificateRules:
        """Read ``certificates.toml`` from ``folder``."""
        with (folder / "certificates.toml").open("rb") as file:
            return cls(tomllib.load(file), today)

    @property
    def least_age(self) -> int:
        """Return the age below which nothing is printed here."""
        return min(kind.least_age for kind in self.kinds.values())

    @property
    def free(self) -> bool:
        """Tell whether whatever is printed here is free."""
        return all(not kind.fee_fen for kind in self.kinds.values())

    def refusal_of_age(self, age: int) -> Refusal | None:
        """Return why somebody of ``age`` cannot be served: known as soon as the ID card is read."""
        if age < self.least_age:
            return Refusal("too-young", text("certificates.refused.too-young", age=self.least_age))
        return None


def _kind(entry: Mapping[str, Any]) -> Kind:
    return Kind(
        name=str(entry["name"]),
        title=str(entry["title"]),
        masked_number=entry["number"] == "masked",
        fee_fen=int(entry["fee_fen"]),
        least_age=int(entry["least_age"]),
        most_copies=int(entry["most_copies"]),
        purposes=tuple(str(purpose) for purpose in entry["purposes"]),
        source=str(entry["source"]),
    )

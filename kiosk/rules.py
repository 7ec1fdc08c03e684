"""The rules for endorsements: what may be asked for, what it costs, whom the machine may serve."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from kiosk.dated import NoRuleInForce, Refusal, in_force, latest
from kiosk.texts import Text, text

__all__ = ["Applicant", "EndorsementRules", "Existing", "NoRuleInForce", "Offer", "Refusal", "Wish"]

VALIDITIES: Final = ("P3M", "P1Y")
"""The periods that endorsements use, as ISO 8601 durations."""


@dataclass(frozen=True, slots=True, order=True)
class Wish:
    """One endorsement asked for: destination HKG or MAC, type letter, period, entries (0 = multiple)."""

    destination: str
    type: str
    validity: str
    entries: int

    @property
    def choice(self) -> str:
        """The option's value on screen: ``P3M/1``."""
        return f"{self.validity}/{self.entries}"

    @property
    def months(self) -> int:
        """How long it is asked for."""
        return int(self.validity[1:-1]) * (12 if self.validity.endswith("Y") else 1)


@dataclass(frozen=True, slots=True)
class Existing:
    """An endorsement that the permit already carries."""

    destination: str
    type: str
    valid_until: date
    entries_left: int


@dataclass(frozen=True, slots=True)
class Applicant:
    """What the rules look at: nothing that names a person."""

    age: int
    permit_expires: date
    household: str
    individual_travel: bool
    first_time: bool
    strip_rewrites: int
    existing: tuple[Existing, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A wish that is offered, with its fee; ``refused`` says why it cannot be had today."""

    wish: Wish
    fee_fen: int
    stay_days: int
    refused: Text | None = None


class EndorsementRules:
    """The rules of ``endorsement.toml`` on one day.

    Raises ``NoRuleInForce`` when fees, options or conditions have no entry for the day.
    """

    def __init__(self, tables: Mapping[str, list[dict[str, Any]]], today: date) -> None:
        self.today = today
        self._fees = latest(tables.get("fees", ()), today, "fees")
        self._conditions = latest(tables.get("conditions", ()), today, "conditions")
        self._options = [o for o in tables.get("options", ()) if in_force(o, today)]
        if not self._options:
            raise NoRuleInForce("options")

    @classmethod
    def load(cls, folder: Path, today: date) -> EndorsementRules:
        """Read ``endorsement.toml`` from ``folder``."""
        with (folder / "endorsement.toml").open("rb") as file:
            return cls(tomllib.load(file), today)

    def refusal_of_age(self, age: int) -> Refusal | None:
        """Return why somebody of ``age`` cannot be served: known as soon as the ID card is read."""
        if age < self.least_age:
            return Refusal("too-young", text("endorsement.refused.too-young", age=self.least_age))
        return None

    def refusal_of_permit(self, expires: date) -> Refusal | None:
        """Return why a permit cannot be endorsed: known as soon as it is read."""
        if expires < self.today:
            return Refusal("permit-expired", text("endorsement.refused.permit-expired"))
        if all(self._too_short(expires, validity) for validity in VALIDITIES):
            return Refusal("permit-expires-soon", text("endorsement.refused.permit-expires-soon"))
        return None

    def refusal(self, who: Applicant) -> Refusal | None:
        """Return why ``who`` cannot be served at all, None when something can be offered."""
        early = self.refusal_of_age(who.age) or self.refusal_of_permit(who.permit_expires)
        if early is not None:
            return early
        if who.first_time:
            return Refusal("first-time", text("endorsement.refused.first-time"))
        if who.strip_rewrites >= int(self._conditions["most_strip_rewrites"]):
            return Refusal("strip-worn", text("endorsement.refused.strip-worn"))
        if not any(offer.refused is None for offer in self.offers(who)):
            return Refusal("permit-expires-soon", text("endorsement.refused.permit-expires-soon"))
        return None

    def offers(self, who: Applicant) -> list[Offer]:
        """Return what can be asked for, in the order of the table; what cannot be had says why."""
        offers: list[Offer] = []
        for option in self._options:
            if not _open_to(str(option["who"]), who):
                continue
            for choice in option["choices"]:
                validity, entries = str(choice).split("/")
                wish = Wish(option["destination"], option["type"], validity, int(entries))
                offers.append(
                    Offer(wish, self.fee_fen(wish), int(option["stay_days"]), self._refused(wish, who))
                )
        return offers

    def destinations(self, who: Applicant) -> list[str]:
        """Return the destinations that have at least one offer to choose."""
        return list(dict.fromkeys(o.wish.destination for o in self.offers(who) if o.refused is None))

    def types(self, who: Applicant, destinations: Iterable[str]) -> list[str]:
        """Return the types offered for every one of ``destinations``, individual travel first."""
        wanted = list(destinations)
        open_types = [
            {o.wish.type for o in self.offers(who) if o.wish.destination == place and o.refused is None}
            for place in wanted
        ]
        common = set.intersection(*open_types) if open_types else set()
        return [letter for letter in ("G", "L") if letter in common]

    @property
    def least_fee_fen(self) -> int:
        """Return the lowest fee for one destination."""
        return int(self._fees["one_entry_fen"])

    @property
    def least_age(self) -> int:
        """Return the age from which the machine serves somebody alone."""
        return int(self._conditions["least_age"])

    def fee_fen(self, wish: Wish) -> int:
        """Return the fee of one destination's endorsement."""
        if wish.entries == 1:
            return int(self._fees["one_entry_fen"])
        if wish.entries == 2:
            return int(self._fees["two_entries_fen"])
        return int(self._fees["multiple_up_to_1_year_fen"])

    def replaced(self, wish: Wish, who: Applicant) -> Existing | None:
        """Return the still valid endorsement that ``wish`` would replace."""
        for existing in who.existing:
            if (
                (existing.destination, existing.type) == (wish.destination, wish.type)
                and existing.valid_until >= self.today
                and existing.entries_left != 0
            ):
                return existing
        return None

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the figures in force were published."""
        entries = [self._fees, self._conditions, *self._options]
        return tuple(dict.fromkeys(str(entry["source"]) for entry in entries))

    def _refused(self, wish: Wish, who: Applicant) -> Text | None:
        if self._too_short(who.permit_expires, wish.validity):
            return text("endorsement.refused.margin", days=self._margin_days(wish.validity))
        return None

    def _too_short(self, permit_expires: date, validity: str) -> bool:
        return (permit_expires - self.today).days <= self._margin_days(validity)

    def _margin_days(self, validity: str) -> int:
        return int(self._conditions[f"margin_days_{validity.lower()}"])


def _open_to(who: str, applicant: Applicant) -> bool:
    if who == "anyone":
        return True
    if who == "individual-travel":
        return applicant.individual_travel
    area = who.removeprefix("household:")
    return applicant.household.startswith(area)

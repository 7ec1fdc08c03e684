"""The rules for traffic violations on one day: what the machine may decide, for whom, and what is owed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from kiosk.dated import Refusal, latest
from kiosk.texts import Text, bilingual, text
from kiosk.traffic import Licence, Violation

TABLES = ("procedure", "points", "channel", "payment", "rights", "declaration", "objections")


class TrafficRules:
    """The tables of ``traffic_violations.toml`` in force on ``today``; raises ``NoRuleInForce``."""

    def __init__(self, tables: Mapping[str, list[dict[str, Any]]], today: date) -> None:
        self.today = today
        self._table = {name: latest(tables.get(name, ()), today, name) for name in TABLES}

    @classmethod
    def load(cls, folder: Path, today: date) -> TrafficRules:
        """Read ``traffic_violations.toml`` from ``folder``."""
        with (folder / "traffic_violations.toml").open("rb") as file:
            return cls(tomllib.load(file), today)

    # --- what may be decided here --------------------------------------------------------------------

    def refusal(self, violation: Violation, licence: Licence | None) -> Refusal | None:
        """Return why ``violation`` cannot be handled here at all, None when it can.

        What has been decided can always be paid.
        """
        if violation.decided:
            return None
        return (
            self._too_grave(violation)
            or self._licence_unfit(licence)
            or self._too_many_points(violation.points, licence)
            or self._vehicle_closed(violation, licence)
        )

    def refusal_of_all(self, chosen: Sequence[Violation], licence: Licence | None) -> Refusal | None:
        """Return why ``chosen`` cannot be handled in one go, None when they can.

        All violations of one vehicle may be put on a licence in one go; once its points are full, no
        other vehicle's (记分办法 art 14). So the vehicle with the most points comes last.
        """
        undecided = [violation for violation in chosen if not violation.decided]
        for violation in undecided:
            if (refusal := self.refusal(violation, licence)) is not None:
                return refusal
        if licence is None or not undecided:
            return None
        by_vehicle: dict[str, int] = {}
        for violation in undecided:
            by_vehicle[violation.plate] = by_vehicle.get(violation.plate, 0) + violation.points
        added = sum(by_vehicle.values())
        before_the_last = licence.points + added - max(by_vehicle.values())
        if len(by_vehicle) > 1 and before_the_last >= self._whole("points", "full_points"):
            return Refusal("full-points", self._because("full-points", "points"))
        others = {one.plate for one in undecided if not one.owned} | licence.other_vehicles
        if len(others) > self._whole("channel", "other_vehicles"):
            return self._too_many_vehicles()
        return self._too_many_points(added, licence)

    @property
    def most_points(self) -> int:
        """The points of a cycle up to which the machine decides."""
        return self._whole("channel", "most_points")

    # --- what is owed ----------------------------------------------------------------------------------

    def surcharge_fen(self, violation: Violation) -> int:
        """Return the surcharge on a decided fine that is paid today: by the day, capped, whole fen."""
        if violation.received_on is None:
            return 0
        days = (self.today - violation.received_on).days - violation.suspended_days
        late_days = max(0, days - self.days_to_pay)
        grown = violation.fine_fen * self._whole("payment", "late_percent_a_day") * late_days // 100
        return min(violation.fine_fen * self._whole("payment", "cap_percent") // 100, grown)

    def owed_fen(self, violation: Violation) -> int:
        """Return what is to be paid today: the fine with its surcharge."""
        return violation.fine_fen + self.surcharge_fen(violation)

    @property
    def days_to_pay(self) -> int:
        """Days from the receipt of a decision until the surcharge begins."""
        return self._whole("payment", "days_to_pay")

    @property
    def pay_by(self) -> date:
        """The last day to pay a decision of today without surcharge."""
        return self.today + timedelta(days=self.days_to_pay)

    # --- what is told ------------------------------------------------------------------------------------

    @property
    def objections(self) -> tuple[str, ...]:
        """The reasons for an objection, in the order in which they are offered."""
        return tuple(self._table["objections"]["reasons"])

    @property
    def most_fine_fen(self) -> int:
        """The highest fine of the summary procedure."""
        return self._whole("procedure", "most_fine_fen")

    @property
    def declaration(self) -> Text:
        """What buying and selling points costs (记分办法 art 30)."""
        table = self._table["declaration"]
        return text(
            "traffic-violations.declaration",
            times=int(table["most_times"]),
            most=int(table["most_fen"]),
            organiser_times=int(table["organiser_times"]),
            organiser_most=int(table["organiser_most_fen"]),
        )

    @property
    def remedies(self) -> Text:
        """What stands against a decision, and for how long."""
        table = self._table["rights"]
        return text(
            "traffic-violations.remedies",
            days=int(table["review_days"]),
            months=int(table["lawsuit_months"]),
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the figures in force were published."""
        return tuple(str(table["source"]) for table in self._table.values())

    # --- inside --------------------------------------------------------------------------------------------

    def _too_grave(self, violation: Violation) -> Refusal | None:
        if violation.fine_fen > self.most_fine_fen:
            reason = self._because("general-procedure", "procedure", most=self.most_fine_fen)
            return Refusal("general-procedure", reason)
        never = self._whole("channel", "never_points")
        if violation.points >= never:
            return Refusal("grave-points", self._because("grave-points", "channel", points=never))
        return None

    def _licence_unfit(self, licence: Licence | None) -> Refusal | None:
        if licence is None:
            return Refusal("no-licence", text("traffic-violations.refused.no-licence"))
        if licence.state not in self._table["channel"]["licence_states"]:
            state = text(f"traffic-violations.licence.{licence.state}")
            return Refusal(
                f"licence-{licence.state}", text("traffic-violations.refused.licence", state=state)
            )
        return None

    def _too_many_points(self, added: int, licence: Licence | None) -> Refusal | None:
        if licence is not None and licence.points + added > self.most_points:
            reason = self._because(
                "too-many-points", "channel", points=licence.points + added, most=self.most_points
            )
            return Refusal("too-many-points", reason)
        return None

    def _vehicle_closed(self, violation: Violation, licence: Licence | None) -> Refusal | None:
        if violation.owned or licence is None or violation.plate in licence.other_vehicles:
            return None
        if len(licence.other_vehicles) >= self._whole("channel", "other_vehicles"):
            return self._too_many_vehicles()
        most = self._whole("channel", "other_licences")
        if violation.other_licences >= most:
            return Refusal("too-many-licences", self._because("too-many-licences", "channel", most=most))
        return None

    def _too_many_vehicles(self) -> Refusal:
        most = self._whole("channel", "other_vehicles")
        return Refusal("too-many-vehicles", self._because("too-many-vehicles", "channel", most=most))

    def _because(self, code: str, table: str, **figures: int) -> Text:
        """Return the sentence of a refusal, with its ground."""
        basis = bilingual(str(self._table[table]["basis"]), str(self._table[table]["basis_en"]))
        return text(f"traffic-violations.refused.{code}", basis=basis, **figures)

    def _whole(self, table: str, key: str) -> int:
        return int(self._table[table][key])

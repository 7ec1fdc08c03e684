"""Which violations the machine decides, for whom, and what is owed on which day."""

from __future__ import annotations

import dataclasses
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.dated import NoRuleInForce
from kiosk.traffic import Licence, Violation, Words
from kiosk.traffic_rules import TrafficRules

RULES = TrafficRules.load(Path(__file__).parents[2] / "config" / "rules", date(2026, 11, 22))
LICENCE = Licence("normal", 0, date(2027, 5, 1))


def violation(number: str = "V1", plate: str = "浙B9T001", **fields: Any) -> Violation:
    usual: dict[str, Any] = {
        "plate_kind": "02",
        "owned": True,
        "at": datetime(2026, 11, 3, 8, 15),
        "place": Words("测试路"),
        "act_code": "1345",
        "act": Words("违反禁止标线指示"),
        "basis": Words("道路交通安全法第三十八条"),
        "fine_fen": 10000,
        "points": 1,
        "authority": Words("测试大队"),
    }
    return Violation(number, plate, **(usual | fields))


def code(licence: Licence | None = LICENCE, **fields: Any) -> str | None:
    refusal = RULES.refusal(violation(**fields), licence)
    return refusal.code if refusal else None


def code_of_all(chosen: list[Violation], licence: Licence | None, rules: TrafficRules = RULES) -> str | None:
    refusal = rules.refusal_of_all(chosen, licence)
    return refusal.code if refusal else None


def decided(days_ago: int, fine_fen: int = 20000, suspended_days: int = 0) -> Violation:
    received = RULES.today - timedelta(days=days_ago)
    return violation(
        decision_no="330212260001",
        received_on=received,
        fine_fen=fine_fen,
        suspended_days=suspended_days,
    )


def test_summary_procedure_ends_at_two_hundred_yuan() -> None:
    assert code(fine_fen=20000) is None
    assert code(fine_fen=20001) == "general-procedure"


def test_what_takes_all_points_is_never_decided_here() -> None:
    assert code(points=12, fine_fen=20000) == "grave-points"


@pytest.mark.parametrize("state", ["withheld", "suspended", "revoked", "cancelled", "overdue", "expired"])
def test_only_a_licence_in_order(state: str) -> None:
    assert code(dataclasses.replace(LICENCE, state=state)) == f"licence-{state}"


def test_without_a_licence_there_is_nobody_to_put_points_on() -> None:
    assert code(None) == "no-licence"


def test_points_with_those_to_come_stay_at_the_limit_or_below() -> None:
    eight = dataclasses.replace(LICENCE, points=8)
    assert code(eight, points=3) is None
    assert code(eight, points=6) == "too-many-points"


def test_several_are_added_up() -> None:
    chosen = [violation("V1", points=6), violation("V2", points=3), violation("V3", points=3)]
    assert RULES.refusal_of_all(chosen[:2], LICENCE) is None
    assert code_of_all(chosen, LICENCE) == "too-many-points"


def test_full_points_leave_the_same_vehicle_and_close_the_others() -> None:
    """With a channel that goes further than the published one, article 14 is what holds."""
    file = Path(__file__).parents[2] / "config" / "rules" / "traffic_violations.toml"
    tables = tomllib.loads(file.read_text("utf-8"))
    tables["channel"][0]["most_points"] = 30
    rules = TrafficRules(tables, RULES.today)
    one_vehicle = [violation(f"V{n}", points=6) for n in range(3)]
    a_point = violation("V8", "浙B9T008", points=1)
    twelve = [violation(f"W{n}", "浙B9T009", points=6) for n in range(2)]
    assert code_of_all(one_vehicle, LICENCE, rules) is None
    assert code_of_all([*one_vehicle, a_point], LICENCE, rules) is None
    assert code_of_all([*one_vehicle, *twelve], LICENCE, rules) == "full-points"


def test_vehicles_of_others_are_few() -> None:
    three = dataclasses.replace(LICENCE, other_vehicles=frozenset({"浙B9T101", "浙B9T102", "浙B9T103"}))
    assert code(three, owned=False, plate="浙B9T104") == "too-many-vehicles"
    assert code(three, owned=False, plate="浙B9T101") is None
    assert code(three) is None
    two = dataclasses.replace(LICENCE, other_vehicles=frozenset({"浙B9T101", "浙B9T102"}))
    more = [violation(f"V{n}", f"浙B9T10{n}", owned=False) for n in (3, 4)]
    assert code_of_all(more, two) == "too-many-vehicles"


def test_a_vehicle_lent_to_many_drivers() -> None:
    assert code(owned=False, other_licences=3) == "too-many-licences"
    assert code(owned=False, other_licences=2) is None


def test_what_is_decided_can_always_be_paid() -> None:
    withheld = dataclasses.replace(LICENCE, state="withheld", points=12)
    assert RULES.refusal(decided(3, fine_fen=200000), withheld) is None
    assert RULES.refusal_of_all([decided(3)], None) is None


@pytest.mark.parametrize(
    ("days", "surcharge_fen"),
    [(0, 0), (15, 0), (16, 600), (17, 1200), (48, 19800), (49, 20000), (400, 20000)],
)
def test_the_surcharge_grows_by_the_day_up_to_the_fine(days: int, surcharge_fen: int) -> None:
    assert RULES.surcharge_fen(decided(days)) == surcharge_fen
    assert RULES.owed_fen(decided(days)) == 20000 + surcharge_fen


def test_days_of_a_review_do_not_count() -> None:
    assert RULES.surcharge_fen(decided(30, suspended_days=14)) == 600
    assert RULES.surcharge_fen(decided(30, suspended_days=15)) == 0


def test_every_figure_has_a_source_and_a_beginning() -> None:
    assert all(RULES.sources)
    with pytest.raises(NoRuleInForce):
        TrafficRules.load(Path(__file__).parents[2] / "config" / "rules", date(2021, 7, 14))

"""The rules of today and of other days: what is offered to whom, and for how much."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from pathlib import Path

import pytest

from kiosk.rules import Applicant, EndorsementRules, Existing, NoRuleInForce, Wish

RULES = Path(__file__).parents[2] / "config" / "rules"
TODAY = date(2026, 3, 1)
ANYBODY = Applicant(
    age=40,
    permit_expires=TODAY + timedelta(days=2000),
    household="330212",
    individual_travel=True,
    first_time=False,
    strip_rewrites=3,
)


@pytest.fixture
def rules() -> EndorsementRules:
    return EndorsementRules.load(RULES, TODAY)


def changed(**fields: object) -> Applicant:
    return dataclasses.replace(ANYBODY, **fields)  # type: ignore[arg-type]


def test_published_fees_for_each_destination(rules: EndorsementRules) -> None:
    assert rules.fee_fen(Wish("HKG", "G", "P3M", 1)) == 1500
    assert rules.fee_fen(Wish("HKG", "G", "P1Y", 2)) == 3000
    assert rules.fee_fen(Wish("HKG", "G", "P1Y", 0)) == 8000


def test_before_the_first_table_nothing_is_in_force() -> None:
    with pytest.raises(NoRuleInForce):
        EndorsementRules.load(RULES, date(2016, 12, 31))


def test_a_fee_that_ends_and_one_that_begins() -> None:
    tables = {
        "fees": [
            {"from": date(2020, 1, 1), "until": date(2026, 2, 28), "one_entry_fen": 1000, "source": "a"},
            {"from": date(2026, 3, 1), "one_entry_fen": 2000, "source": "b"},
        ],
        "options": [{"from": date(2020, 1, 1), "source": "c"}],
        "conditions": [{"from": date(2020, 1, 1), "source": "d"}],
    }
    wish = Wish("HKG", "G", "P3M", 1)
    assert EndorsementRules(tables, date(2026, 2, 28)).fee_fen(wish) == 1000
    assert EndorsementRules(tables, date(2026, 3, 1)).fee_fen(wish) == 2000


def test_individual_travel_only_for_open_cities(rules: EndorsementRules) -> None:
    assert rules.types(ANYBODY, ["HKG", "MAC"]) == ["G", "L"]
    assert rules.types(changed(individual_travel=False), ["HKG", "MAC"]) == ["L"]


def test_multiple_entries_only_where_the_rule_says(rules: EndorsementRules) -> None:
    def multiple(who: Applicant) -> set[str]:
        return {offer.wish.destination for offer in rules.offers(who) if offer.wish.entries == 0}

    assert multiple(ANYBODY) == set()
    assert multiple(changed(household="440305")) == {"HKG"}
    assert multiple(changed(household="440402")) == {"MAC"}


@pytest.mark.parametrize(
    ("days_left", "three_months", "one_year"),
    [(386, True, True), (385, True, False), (111, True, False), (110, False, False)],
)
def test_the_permit_must_outlast_the_endorsement(
    rules: EndorsementRules, days_left: int, three_months: bool, one_year: bool
) -> None:
    who = changed(permit_expires=TODAY + timedelta(days=days_left))
    free = {offer.wish.validity for offer in rules.offers(who) if offer.refused is None}
    assert free == {name for name, ok in (("P3M", three_months), ("P1Y", one_year)) if ok}
    refusal = rules.refusal(who)
    assert (refusal is None) == (three_months or one_year)
    if refusal is not None:
        assert refusal.code == "permit-expires-soon"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"age": 15}, "too-young"),
        ({"first_time": True}, "first-time"),
        ({"permit_expires": TODAY - timedelta(days=1)}, "permit-expired"),
        ({"strip_rewrites": 255}, "strip-worn"),
    ],
)
def test_who_is_sent_to_the_counter(rules: EndorsementRules, fields: dict[str, object], code: str) -> None:
    refusal = rules.refusal(changed(**fields))
    assert refusal is not None
    assert refusal.code == code


def test_sixteen_is_old_enough(rules: EndorsementRules) -> None:
    assert rules.refusal(changed(age=16)) is None


def test_only_a_valid_endorsement_with_entries_left_is_replaced(rules: EndorsementRules) -> None:
    wish = Wish("HKG", "G", "P3M", 1)
    still = Existing("HKG", "G", TODAY, 1)
    assert rules.replaced(wish, changed(existing=(still,))) == still
    for other in (
        Existing("HKG", "G", TODAY - timedelta(days=1), 1),
        Existing("HKG", "G", TODAY, 0),
        Existing("MAC", "G", TODAY, 1),
        Existing("HKG", "L", TODAY, 1),
    ):
        assert rules.replaced(wish, changed(existing=(other,))) is None


def test_every_table_names_its_source(rules: EndorsementRules) -> None:
    assert all(rules.sources)

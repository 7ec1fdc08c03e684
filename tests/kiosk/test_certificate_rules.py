"""Which certificates are printed on which day, for whom."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.certificate_rules import CertificateRules
from kiosk.dated import NoRuleInForce

ROOT = Path(__file__).parents[2]
RULES = CertificateRules.load(ROOT / "config" / "rules", date(2026, 11, 22))
OFFICE = tomllib.loads((ROOT / "simulators/back_office/certificate_templates/kinds.toml").read_text("utf-8"))


def entry(name: str, since: date, **fields: Any) -> dict[str, Any]:
    usual = {
        "name": name, "from": since, "source": "-", "title": "证明", "number": "full", "fee_fen": 0,
        "least_age": 16, "most_copies": 3, "purposes": ["bank"],
    }  # fmt: skip
    return usual | fields


def test_the_newest_entry_of_each_kind_counts() -> None:
    today = date(2026, 11, 22)
    tables = {
        "kinds": [
            entry("a", date(2020, 1, 1), most_copies=1),
            entry("a", date(2026, 1, 1), most_copies=2),
            entry("a", today + timedelta(days=1), most_copies=3),
            entry("b", date(2020, 1, 1), until=today - timedelta(days=1)),
        ]
    }
    rules = CertificateRules(tables, today)
    assert {name: kind.most_copies for name, kind in rules.kinds.items()} == {"a": 2}
    with pytest.raises(NoRuleInForce):
        CertificateRules(tables, date(2019, 1, 1))


def test_who_is_too_young_hears_it_with_the_card() -> None:
    assert RULES.refusal_of_age(15) is not None
    assert RULES.refusal_of_age(16) is None
    refusal = RULES.kinds["no-criminal-record"].refusal(17)
    assert refusal is not None
    assert refusal.args["age"] == 18
    assert RULES.kinds["household"].refusal(17) is None


def test_a_kind_that_costs_something_is_not_offered() -> None:
    rules = CertificateRules({"kinds": [entry("a", date(2020, 1, 1), fee_fen=500)]}, date(2026, 1, 1))
    refusal = rules.kinds["a"].refusal(40)
    assert refusal is not None
    assert refusal.key == "certificates.refused.costs"
    assert RULES.free


def test_the_number_stands_there_as_the_rule_says() -> None:
    number = "330212198104129925"
    assert RULES.kinds["no-criminal-record"].number_on_paper(number) == number
    assert RULES.kinds["social-insurance"].number_on_paper(number) == "330212********9925"


def test_what_is_offered_is_what_the_desk_makes() -> None:
    """The kiosk's rules and the bench's desk are two files: they have to agree."""
    assert set(RULES.kinds) == set(OFFICE)
    for name, kind in RULES.kinds.items():
        assert kind.title == OFFICE[name]["title"]
        assert kind.masked_number == (OFFICE[name]["number"] == "masked")
        assert set(kind.purposes) <= set(OFFICE[name]["purposes"])
        assert kind.most_copies <= OFFICE[name]["most_copies"]
        assert kind.source

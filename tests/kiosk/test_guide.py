"""The guide's copy says what the bureau's catalogue says; letters find what they mean."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kiosk.guide import GuideItem, Offered, brought_up_to_date, own_copy, search
from simulators.back_office.catalogue import find_item

RULES = Path(__file__).parents[2] / "config" / "rules"
TODAY = date(2026, 11, 22)
COPY = own_copy(RULES, TODAY)
NEW = Offered("firearms", {"zh-CN": "新事项", "en": "Something new"}, (), 5, "a law")


def chinese(item: GuideItem) -> str:
    return str(item.title.args["chinese"])


@pytest.mark.parametrize(
    ("typed", "service"),
    [
        ("GAQZ", "endorsement"),
        ("wlga", "endorsement"),
        ("QIANZHU", "endorsement"),
        ("JZZ", "residence-permit"),
        ("juzhuzheng", "residence-permit"),
        ("sfz", "id-card-renewal"),
        ("JTWF", "traffic-violations"),
        ("HK", "household-move"),
        ("Residence", "residence-permit"),
        ("ownor", ""),
        ("", ""),
    ],
)
def test_letters_find_what_they_mean(typed: str, service: str) -> None:
    assert next((item.service for item in search(COPY, typed)), "") == service


def test_a_piece_of_a_syllable_in_its_middle_finds_nothing() -> None:
    assert "endorsement" not in {item.service for item in search(COPY, "ianzhu")}


@pytest.mark.parametrize("item", COPY, ids=lambda item: item.service)
def test_every_character_has_its_syllable(item: GuideItem) -> None:
    assert len(item.pinyin) == len(chinese(item))
    assert all(syllable.isascii() and syllable.islower() for syllable in item.pinyin)


@pytest.mark.parametrize("item", COPY, ids=lambda item: item.service)
def test_the_copy_says_what_the_catalogue_says(item: GuideItem) -> None:
    offered = find_item(item.service, TODAY)
    assert offered is not None
    assert offered.title == {"zh-CN": chinese(item), "en": item.english}
    assert [dict(m.title) for m in offered.materials] == [
        {"zh-CN": m.args["chinese"], "en": m.args["english"]} for m in item.materials
    ]
    assert (offered.limit_days, offered.source) == (item.days, item.source)


def test_what_is_offered_today_goes_before_the_copy() -> None:
    news = Offered("residence-permit", {"zh-CN": "居住证申领", "en": "Residence permit"}, (), 7, "new")
    items = brought_up_to_date(COPY, TODAY, [NEW, news])
    assert [(item.service, item.days) for item in items] == [("residence-permit", 7), ("firearms", 5)]
    assert items[0].fee is not None
    assert items[0].pinyin
    assert (items[1].fee, items[1].as_of) == (None, TODAY)
    assert [item.service for item in search(items, "NEW")] == ["firearms"]


def test_before_an_entry_begins_it_is_not_there() -> None:
    assert "certificates" not in {item.service for item in own_copy(RULES, date(2021, 12, 30))}

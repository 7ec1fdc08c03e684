"""The guide's copy says what the bureau's catalogue says; letters find what they mean."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kiosk.guide import GuideItem, Offered, brought_up_to_date, own_copy, search
from kiosk.services import guide
from kiosk.texts import Catalogue, Text
from simulators.back_office.catalogue import find_item

RULES = Path(__file__).parents[2] / "config" / "rules"
TODAY = date(2026, 11, 22)
COPY = own_copy(RULES, TODAY)
FREE = {"zh-CN": "不收费", "en": "Free"}
ALL = {"zh-CN": "人人", "en": "Everybody"}
NEW = Offered("firearms", {"zh-CN": "新事项", "en": "Something new"}, (), 5, "a law", FREE, ALL)


def words(text: Text) -> dict[str, object]:
    return {"zh-CN": text.args["chinese"], "en": text.args["english"]}


def item_of(service: str) -> GuideItem:
    return next(item for item in COPY if item.service == service)


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
    assert [m.title for m in offered.materials] == [words(m) for m in item.materials]
    assert (offered.charge, offered.conditions) == (words(item.fee), words(item.conditions))
    assert (offered.limit_days, offered.source) == (item.days, item.source)


def test_what_is_offered_today_goes_before_the_copy() -> None:
    news = Offered(
        "residence-permit", {"zh-CN": "居住证申领", "en": "Residence permit"}, (), 7, "new", FREE, ALL
    )
    items = brought_up_to_date(COPY, TODAY, [NEW, news])
    assert [(item.service, item.days) for item in items] == [("residence-permit", 7), ("firearms", 5)]
    assert words(items[0].fee) == FREE != words(item_of("residence-permit").fee)
    assert items[0].pinyin
    assert (words(items[1].conditions), items[1].pinyin, items[1].as_of) == (ALL, (), TODAY)
    assert [item.service for item in search(items, "NEW")] == ["firearms"]


def what_is_taken_away(guide_url: str, language: str) -> str:
    """Return what the code of the residence permit holds."""
    item = item_of("residence-permit")
    house = SimpleNamespace(
        site=SimpleNamespace(guide_url=guide_url),
        stage=SimpleNamespace(settings=SimpleNamespace(language=language)),
        catalogue=Catalogue.load(RULES.parent / "strings"),
    )
    visit: Any = SimpleNamespace(house=house)
    return guide._to_take_away(visit, item, guide._rows(item))


def test_the_code_is_the_address_of_the_public_page_or_at_a_site_without_one_the_item_itself() -> None:
    address = "https://hall.example/guide/residence-permit"
    assert what_is_taken_away("https://hall.example/guide/", "en") == address
    lines = what_is_taken_away("", "zh-CN").splitlines()
    assert lines[:2] == ["居住证申领", "要带的材料：居民身份证、本人相片、居住地住址证明"]
    assert what_is_taken_away("", "en").splitlines()[3] == "How long: Within 15 working days"


def test_before_an_entry_begins_it_is_not_there() -> None:
    assert "certificates" not in {item.service for item in own_copy(RULES, date(2021, 12, 30))}

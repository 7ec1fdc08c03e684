"""Strings: both languages have every key and the same arguments; code asks for keys that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.texts import LANGUAGES, Catalogue, MissingText, bilingual, text, verbatim, yuan

ROOT = Path(__file__).parents[2]
SITE = {key: {"zh-CN": "甲", "en": "A"} for key in ("site.name", "site.elsewhere", "attract.hours")}
CATALOGUE = Catalogue.load(ROOT / "config" / "strings", own=SITE)
SLOT = re.compile(r"\{([a-z_]+)(?::[a-z]+)?\}")


def sentences(language: str) -> dict[str, str]:
    return {key: CATALOGUE.sentence(key, language) for key in CATALOGUE.keys(language)}


def test_both_languages_have_the_same_keys() -> None:
    assert CATALOGUE.keys("zh-CN") == CATALOGUE.keys("en")


def test_both_languages_use_the_same_arguments() -> None:
    chinese, english = sentences("zh-CN"), sentences("en")
    for key, sentence in chinese.items():
        if key == "bilingual":
            continue  # words that come with the data, in each language
        assert set(SLOT.findall(sentence)) == set(SLOT.findall(english[key])), key


def test_every_key_in_the_code_exists() -> None:
    keys = CATALOGUE.keys("en")
    for file in [*ROOT.glob("kiosk/**/*.py"), *ROOT.glob("screens/**/*.py")]:
        for match in re.finditer(r"(?<![.\w])text\(\s*(f?)\"([^\"]+)\"", file.read_text("utf-8")):
            pattern = re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(match.group(2)))
            assert any(re.fullmatch(pattern, key) for key in keys), f"{file.name}: {match.group(2)}"


def test_every_device_the_gate_can_name_has_a_name() -> None:
    from kiosk.services import all_services

    for service in all_services().values():
        for device in [*service.needs, *(one for group in service.one_of for one in group)]:
            assert CATALOGUE.has(f"device.{device}")


def test_arguments_are_filled_and_money_is_yuan() -> None:
    assert CATALOGUE.say(text("amount", amount=3000), "zh-CN") == "30 元"
    assert yuan(1550) == "15.50"


def test_texts_nest_and_lists_are_joined() -> None:
    fingers = (text("finger.name.11"), text("finger.name.16"))
    assert "右手拇指、左手拇指" in CATALOGUE.say(text("finger.body", fingers=fingers), "zh-CN")
    assert CATALOGUE.say(verbatim("{not a slot}"), "en") == "{not a slot}"


def test_words_that_come_with_the_data_in_both_languages() -> None:
    said = bilingual("闯红灯", "Ran a red light")
    assert [CATALOGUE.say(said, language) for language in LANGUAGES] == ["闯红灯", "Ran a red light"]


def test_the_spoken_form_is_used_where_there_is_one() -> None:
    said = text("still-there.body", seconds=20)
    assert "20" in CATALOGUE.say(said, "zh-CN")
    assert CATALOGUE.speak(said, "zh-CN") == CATALOGUE.sentence("still-there.body.speech", "zh-CN")
    assert CATALOGUE.speak(text("help.close"), "en") == CATALOGUE.say(text("help.close"), "en")


@pytest.mark.parametrize("wrong", [text("no.such.key"), text("amount")])
def test_what_is_missing_is_an_error(wrong: object) -> None:
    with pytest.raises(MissingText):
        CATALOGUE.say(wrong, "en")  # type: ignore[arg-type]

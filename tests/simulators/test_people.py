"""The personas: numbers that pass their checks, permits with right lines, cards that can be written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from simulators.devices.id_card_layouts import fingerprint_blocks, photo_block, text_block
from simulators.people import (
    FOLDER,
    Persona,
    PersonaError,
    id_check_digit,
    load_personas,
    mrz_check_digit,
    permit_chip_mrz,
    permit_mrz,
)

PEOPLE = load_personas()
NAMED = {
    "li-wenjing", "chen-haoran", "zhou-mei", "wang-guoqiang", "xu-lan", "zhao-peng", "yan-rare",
    "garcia-maria", "sun-xiaoyu", "huang-dehua", "lin-swap", "ma-chip", "gao-state",
}  # fmt: skip


def test_everybody_is_here() -> None:
    assert set(PEOPLE) >= NAMED


def test_check_digit_of_the_standards_own_example() -> None:
    assert id_check_digit("11010519491231002") == "X"


@pytest.mark.parametrize("person", PEOPLE.values(), ids=lambda p: p.name)
def test_numbers_pass_mod_11_2_and_say_birth_and_sex(person: Persona) -> None:
    number = person.id_card.number
    if person.id_card.layout == "foreigner-2017":
        assert len(number) == 15
        return
    assert len(number) == 18
    assert id_check_digit(number[:17]) == number[17]
    assert int(number[16]) % 2 == int(person.id_card.sex) % 2
    assert 991 <= int(number[14:17]) <= 999, "marked as test data"
    assert number[6:14] == f"{person.id_card.birth:%Y%m%d}"


@pytest.mark.parametrize(
    ("number", "expires", "birth", "line"),
    [
        ("C00000000", date(2024, 4, 20), date(1981, 8, 3), "CSC000000004<2404200<8108038<6"),
        ("L00000000", date(2025, 8, 19), date(1982, 8, 3), "CDL000000007<2508197<8208031<6"),
    ],
)
def test_permit_line_of_public_samples(number: str, expires: date, birth: date, line: str) -> None:
    assert permit_mrz(number, expires, birth)[2:] == line[2:]


def test_name_on_the_chip_is_written_in_gbk_letters() -> None:
    line = permit_chip_mrz("<" * 30, "证件样", "ZHENGJIAN", "YANGBEN", "1", date(1981, 8, 3))
    assert line[30:42] == "NGKELMPONBPJ"
    assert line[42:60] == "ZHENGJIAN<<YANGBEN"
    assert len(line) == 90


@pytest.mark.parametrize("person", [p for p in PEOPLE.values() if p.permit], ids=lambda p: p.name)
def test_permit_and_chip_lines(person: Persona) -> None:
    permit = person.permit
    assert permit is not None
    assert len(permit.mrz) == 30
    assert len(permit.chip_mrz) == 90
    assert (permit.mrz == permit.chip_mrz[:30]) is (person.name != "ma-chip")
    for start in (2, 13, 21):
        size = 9 if start == 2 else 6
        assert mrz_check_digit(permit.mrz[start : start + size]) == permit.mrz[start + size]


@pytest.mark.parametrize("person", PEOPLE.values(), ids=lambda p: p.name)
def test_cards_fit_their_layout(person: Persona) -> None:
    assert len(text_block(person.id_card)) == 256
    assert len(photo_block(person.id_card)) == 1024
    assert photo_block(person.id_card).startswith(b"RIFF")
    prints = fingerprint_blocks(person.id_card, person.templates)
    assert len(prints) == 512 * len(person.fingers)
    for at, code in zip(range(0, len(prints), 512), person.fingers, strict=True):
        assert (prints[at], prints[at + 4], prints[at + 5]) == (ord("C"), 1, int(code))
        assert 30 <= prints[at + 6] <= 100, "NFIQ 2 quality"
        size = int.from_bytes(prints[at + 8 : at + 10], "big")
        assert prints[at + 10 : at + 13] == b"FMR"
        assert size == int.from_bytes(prints[at + 18 : at + 22], "big") <= 500


def test_ages_and_dates_follow_the_day() -> None:
    for today in (date(2026, 3, 1), date(2028, 2, 29)):
        people = load_personas(today=today)
        birth = people["sun-xiaoyu"].id_card.birth
        assert today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day)) == 15
        expires = people["wang-guoqiang"].id_card.expires
        assert expires is not None
        assert expires < today
        permit = people["xu-lan"].permit
        assert permit is not None
        assert (permit.expires - today).days == 80


def test_a_rare_character_is_outside_gbk_and_still_fits() -> None:
    name = PEOPLE["yan-rare"].id_card.name
    with pytest.raises(UnicodeEncodeError):
        name.encode("gbk")
    assert text_block(PEOPLE["yan-rare"].id_card)[:4].decode("utf-16-le") == name


def test_a_mistake_names_file_and_key(tmp_path: Path) -> None:
    text = (FOLDER / "li-wenjing.toml").read_text()
    (tmp_path / "x.toml").write_text(text.replace('layout = "resident"', 'layout = "paper"'))
    with pytest.raises(PersonaError, match=r"x\.toml: id_card\.layout: 'paper'"):
        load_personas(tmp_path)


def test_a_desk_of_the_back_office_gets_its_own_section(tmp_path: Path) -> None:
    text = (FOLDER / "sun-xiaoyu.toml").read_text()
    section = """
[[traffic.violations]]
at = "today-3dT14:20"
until = "today+1y"
words = "the day is a word"
"""
    (tmp_path / "x.toml").write_text(text + section)
    person = load_personas(tmp_path, today=date(2026, 11, 22))["x"]
    (violation,) = person.tables()["traffic"]["violations"]
    assert violation["at"].isoformat() == "2026-11-19T14:20:00+08:00"
    assert (violation["until"], violation["words"]) == (date(2027, 11, 22), "the day is a word")
    for wrong in ("today-3dT25:00", "today is a word"):
        (tmp_path / "x.toml").write_text(text + section.replace("today-3dT14:20", wrong))
        with pytest.raises(PersonaError, match=r"traffic\.violations"):
            load_personas(tmp_path)
    (tmp_path / "x.toml").write_text(text + "[weather]\nsunny = true\n")
    with pytest.raises(PersonaError, match="weather"):
        load_personas(tmp_path)

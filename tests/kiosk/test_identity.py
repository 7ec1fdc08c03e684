"""Numbers and lines against published samples, and every single wrong character found."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.identity import (
    Unreadable,
    age_on,
    check_digit,
    id_number_is_valid,
    masked,
    name_code,
    names_agree,
    parse_chip_lines,
    parse_permit_line,
)

TODAY = date(2026, 3, 1)
HONG_KONG, TAIWAN = "CSC000000004<2404200<8108038<6", "CDL000000007<2508197<8208031<6"


def test_the_standards_own_number_is_valid() -> None:
    assert id_number_is_valid("11010519491231002X")


@given(place=st.integers(0, 16), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_is_found(place: int, digit: str) -> None:
    right = "11010519491231002X"
    wrong = right[:place] + digit + right[place + 1 :]
    assert id_number_is_valid(wrong) == (wrong == right)


@pytest.mark.parametrize("number", ["", "11010519491231002", "11010519491331002X", "٣30212198104129925"])
def test_what_cannot_be_a_number_is_not_valid(number: str) -> None:
    assert not id_number_is_valid(number)


def test_a_number_is_masked_in_the_middle() -> None:
    assert masked("330212198104120025") == "330212********0025"


@pytest.mark.parametrize(("today", "age"), [(date(2026, 2, 28), 15), (date(2026, 3, 1), 16)])
def test_age_grows_on_the_birthday(today: date, age: int) -> None:
    assert age_on(date(2010, 3, 1), today) == age


def test_published_permit_lines() -> None:
    permit = parse_permit_line(HONG_KONG, TODAY)
    assert (permit.kind, permit.number) == ("CS", "C00000000")
    assert (permit.expires, permit.birth) == (date(2024, 4, 20), date(1981, 8, 3))
    assert parse_permit_line(TAIWAN, TODAY).number == "L00000000"


@given(place=st.integers(3, 29), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_of_a_line_is_found(place: int, digit: str) -> None:
    wrong = HONG_KONG[:place] + digit + HONG_KONG[place + 1 :]
    if wrong == HONG_KONG or place in (12, 20, 28):  # the fillers are not checked
        return
    with pytest.raises(Unreadable):
        parse_permit_line(wrong, TODAY)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("CSC0000", "length"),
        ("CRH000000004<2404200<8108038<6", "kind"),
        ("CSC000000005<2404200<8108038<6", "number-check"),
        ("CSC000000004<2404201<8108038<6", "expiry-check"),
        ("CSC000000004<2404200<8108039<6", "birth-check"),
        ("CSC000000004<2404200<8108038<5", "composite-check"),
    ],
)
def test_what_is_wrong_with_a_line_is_told(line: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_permit_line(line, TODAY)
    assert caught.value.code == code


def test_impossible_dates_with_right_digits_are_told() -> None:
    expiry = "249920"
    line = f"CSC000000004<{expiry}{check_digit(expiry)}<8108038<"
    line += check_digit(line[2:12] + line[13:20] + line[21:28])
    with pytest.raises(Unreadable) as caught:
        parse_permit_line(line, TODAY)
    assert caught.value.code == "date"


def test_names_in_letters() -> None:
    assert name_code("证件样本") == "NGKELMPONBPJ"
    assert names_agree("证件样本", "NGKELMPONBPJ")
    assert not names_agree("王小明", "NGKELMPONBPJ")


def test_a_rare_first_character_leaves_no_code_to_compare() -> None:
    assert name_code("𬭎伟") == ""
    assert names_agree("𬭎伟", "")


def test_a_common_name_does_not_agree_with_no_code() -> None:
    assert not names_agree("王小明", "")


def test_chip_lines() -> None:
    lines = parse_chip_lines(HONG_KONG + "NGKELMPONBPJZHENGJIAN<YANGBEN" + "<" * 31)
    assert lines.face == HONG_KONG
    assert lines.name_code == "NGKELMPONBPJ"
    with pytest.raises(Unreadable):
        parse_chip_lines("too short")

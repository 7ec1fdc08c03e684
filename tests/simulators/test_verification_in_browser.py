"""The public page behind a certificate's code, in a real browser on a telephone's small screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.back_office_bench import Bench
from tests.simulators.chromium import Page, chromium
from tests.simulators.test_back_office_certificates import PEOPLE, Office, office_of

WIDTH, HEIGHT = 500, 900
"""As narrow as Chromium's window becomes."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium(WIDTH, HEIGHT) as page:
        yield page


@pytest.fixture
def office(bench_on_file: Bench) -> Office:
    return office_of(bench_on_file)


def said(page: Page) -> str:
    return str(page.select("main").text)


def fits(page: Page) -> bool:
    """Tell whether nothing has to be scrolled sideways."""
    return bool(page.run("return document.documentElement.scrollWidth <= window.innerWidth"))


def test_who_scans_the_code_sees_match_and_a_masked_name_and_no_more(browser: Page, office: Office) -> None:
    serial = office.serial("li-wenjing")
    office.told(serial, "printed").raise_for_status()
    browser.driver.get(f"{office.bench.server.url}/verify/{office.code(serial)}")
    words = said(browser)
    assert browser.select("h1").text == "相符"
    for word in ("Match", "无犯罪记录证明", "李**", "2026-11-22", "2027-02-20"):
        assert word in words
    source = browser.driver.page_source
    card = PEOPLE["li-wenjing"].id_card
    for secret in (card.name, card.number, card.number[-4:], serial, "CASE-", "求职"):
        assert secret not in source
    assert fits(browser)


def test_who_types_the_code_finds_it_too_and_a_void_one_is_no_match(browser: Page, office: Office) -> None:
    serial = office.serial("li-wenjing")
    office.told(serial, "void", "paperJammed").raise_for_status()
    browser.driver.get(f"{office.bench.server.url}/verify")
    assert browser.select("label").text.startswith("核验码")
    code = office.code(serial)
    browser.find("code").send_keys(" ".join(code[n : n + 4].lower() for n in range(0, 16, 4)))
    browser.select("button").click()
    browser.until(lambda: "No match" in said(browser))
    assert browser.select("h1").text == "不相符"
    assert "作废" not in said(browser), "why it does not match is nobody's business"
    assert fits(browser)


def test_the_page_runs_nothing_and_says_back_nothing(browser: Page, office: Office) -> None:
    browser.driver.get(f"{office.bench.server.url}/verify/%3Cimg%20src=x%20onerror=alert(1)%3E")
    assert browser.select("h1").text == "不相符"
    assert "<img" not in browser.driver.page_source
    assert [line for line in browser.complaints() if "favicon" not in line] == []

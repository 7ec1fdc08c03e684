"""The officers' page in Debian's Chromium: by the keyboard alone, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from simulators.back_office.office_page import FOLDER
from simulators.back_office.progress import STAGES
from tests.simulators.back_office_bench import Bench
from tests.simulators.chromium import Page, chromium
from tests.simulators.notices_bench import SIGNATURE, file_notice
from tests.simulators.officers_bench import (
    DISTRICT,
    PASSWORD,
    accepted,
    apply,
    open_case,
)
from tests.simulators.test_fleet import Watched, beat

TARGET_PX = 44


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium(1280, 900) as page:
        yield page


@pytest.fixture
def bench(bench_on_file: Bench) -> Bench:
    return bench_on_file


@pytest.fixture
def page(office: Bench, browser: Page) -> Iterator[Page]:
    """The page with nobody logged in."""
    browser.driver.get("about:blank")
    browser.driver.delete_all_cookies()
    browser.driver.get(f"{office.server.url}/office/")
    until_ready(browser, "login")
    yield browser
    assert browser.complaints() == []


def until_ready(page: Page, view: str) -> None:
    page.until(lambda: page.run("return document.body.dataset.ready") == view)


def press(page: Page, *keys: str) -> None:
    """Type into whatever has the focus."""
    for key in keys:
        page.driver.switch_to.active_element.send_keys(key)


def log_in(page: Page, login: str) -> None:
    press(page, login, Keys.TAB, PASSWORD, Keys.ENTER)
    until_ready(page, "cases")


def log_out(page: Page) -> None:
    page.find("logout").click()
    until_ready(page, "login")


def tab_to(page: Page, name: str) -> None:
    """Go by Tab until the element with this id has the focus."""
    for _ in range(60):
        if page.driver.switch_to.active_element.get_attribute("id") == name:
            return
        press(page, Keys.TAB)
    raise AssertionError(f"Tab never reaches {name}")


def open_view(page: Page, office: Bench, address: str, view: str) -> None:
    page.driver.get(f"{office.server.url}/office/#/{address}")
    until_ready(page, view)


def says(page: Page, name: str) -> str:
    """Return what the element with this id says now, "" when there is none: the view may be drawn anew."""
    return str(page.run("return document.getElementById(arguments[0])?.textContent ?? ''", name))


def test_two_officers_refuse_a_case_by_the_keyboard_alone(office: Bench, page: Page) -> None:
    accepted(office, "CASE-1")
    log_in(page, "review")
    link = page.driver.find_element(By.LINK_TEXT, "CASE-1")
    for _ in range(30):
        if page.driver.switch_to.active_element == link:
            break
        press(page, Keys.TAB)
    press(page, Keys.ENTER)
    until_ready(page, "case")
    tab_to(page, "opinion")
    press(page, Keys.ARROW_DOWN)
    tab_to(page, "reasons")
    press(page, "居住未满半年", Keys.TAB, Keys.ENTER)
    page.until(lambda: says(page, "state") == "待审批")
    log_out(page)

    log_in(page, "decide")
    open_view(page, office, "case/CASE-1", "case")
    tab_to(page, "opinion")
    press(page, Keys.ARROW_DOWN)
    tab_to(page, "reasons")
    press(page, "居住未满半年", Keys.TAB, Keys.TAB, Keys.ENTER)
    # A refusal without a legal basis is not taken, and what was written stays.
    page.until(lambda: "不予许可须写明理由和法律依据" in says(page, "decide"))
    page.complaints()  # the browser writes every 409 into its log
    assert page.find("reasons").get_property("value") == "居住未满半年"
    tab_to(page, "legal_basis")
    press(page, "居住证暂行条例第二条", Keys.TAB, Keys.ENTER)
    page.until(lambda: says(page, "state") == "不予")
    assert "宁波市公安局鄞州分局申请行政复议" in says(page, "main")
    assert office.get("/v1/cases/CASE-1")["state"] == "refused"
    log_out(page)


def test_a_case_is_sent_on_a_paper_is_asked_for_and_the_original_is_received(
    office: Bench, page: Page
) -> None:
    accepted(office, "CASE-1", "id-card-renewal", form="original")
    log_in(page, "accept")
    open_view(page, office, "case/CASE-1", "case")
    form = page.find("supplement")
    form.find_element(By.ID, "title").send_keys("户籍证明")
    form.find_element(By.ID, "code").send_keys("household-proof", Keys.ENTER)
    page.until(lambda: says(page, "state") == "待补材料")
    Select(page.find("what")).select_by_value("both")
    Select(page.find("to")).select_by_value(DISTRICT)
    page.find("reason").send_keys("报分局", Keys.ENTER)
    page.until(lambda: "在途" in says(page, "main"))
    assert page.driver.find_elements(By.ID, "move") == [], "the file is no longer here"
    log_out(page)

    log_in(page, "district")
    open_view(page, office, "case/CASE-1", "case")
    page.find("receive").find_element(By.TAG_NAME, "button").click()
    page.until(lambda: "在途" not in says(page, "main"))
    log_out(page)


def test_lists_messages_certificates_and_the_trail(office: Bench, page: Page) -> None:
    accepted(office, "CASE-1")
    open_case(office, "CASE-2")
    apply(office, "CASE-2", "id-card", "photo")
    log_in(page, "audit")
    Select(page.find("state")).select_by_value("waiting-documents")
    page.find("search").click()
    page.until(lambda: len(page.driver.find_elements(By.CSS_SELECTOR, "tbody tr")) == 1)
    assert "CASE-2" in says(page, "main")
    assert "330212198104129928" not in says(page, "main")
    open_view(page, office, "messages", "messages")
    assert "138****0001" in says(page, "main")
    open_view(page, office, "certificates", "certificates")
    page.find("code").send_keys("ABCD", Keys.ENTER)
    page.until(lambda: "不相符" in says(page, "verdict"))
    open_view(page, office, "audit", "audit")
    assert "本页完整" in says(page, "whole")
    assert "核验证明" in says(page, "main")
    open_view(page, office, "case/CASE-1", "case")
    assert page.find("nothing-to-do").is_displayed()
    log_out(page)


def test_a_signature_is_drawn_when_it_is_asked_for(office: Bench, page: Page) -> None:
    open_case(office, "CASE-1", "guide")
    file_notice(office, "CASE-1").raise_for_status()
    open_case(office, "CASE-2", "guide")
    file_notice(office, "CASE-2", signature=None).raise_for_status()
    log_in(page, "audit")
    open_view(page, office, "case/CASE-2", "case")
    assert "没有签名" in says(page, "main")
    open_view(page, office, "case/CASE-1", "case")
    page.driver.find_element(By.CSS_SELECTOR, ".signature button").click()
    page.until(lambda: page.driver.find_elements(By.CSS_SELECTOR, ".signature svg") != [])
    drawn = page.run(
        """const picture = document.querySelector('.signature svg');
        return [picture.viewBox.baseVal.width, picture.getBoundingClientRect().height > 40,
            ...[...picture.querySelectorAll('path')].map((path) => path.getAttribute('d'))]"""
    )
    assert drawn == [SIGNATURE["width"], True, "M1 2L9 4"]
    log_out(page)


def test_a_wrong_password_is_told_and_a_session_that_ended_asks_again(office: Bench, page: Page) -> None:
    press(page, "accept", Keys.TAB, "wrong", Keys.ENTER)
    page.until(lambda: "用户名或密码错误" in says(page, "main"))
    page.find("login").clear()
    page.find("password").clear()
    page.find("login").click()
    log_in(page, "accept")
    office.wait(16 * 60)
    page.driver.get(f"{office.server.url}/office/#/messages")
    until_ready(page, "login")
    page.complaints()  # the browser writes every 401 into its log


def test_the_page_in_english_says_everything_in_english(office: Bench, page: Page) -> None:
    accepted(office, "CASE-1")
    page.find("language").click()
    until_ready(page, "login")
    log_in(page, "review")
    assert page.run("return document.documentElement.lang") == "en"
    for address, view in (("cases", "cases"), ("case/CASE-1", "case"), ("messages", "messages")):
        open_view(page, office, address, view)
        heads = page.run(
            "return [...document.querySelectorAll('h1, h2, h3, th, dt, label > span, button:not(#language)')]"
            ".map((one) => one.textContent)"
        )
        assert heads
        assert all(text.isascii() for text in heads), heads
    page.find("language").click()
    page.until(lambda: page.run("return document.documentElement.lang") == "zh-CN")
    until_ready(page, "messages")
    log_out(page)


def test_controls_are_large_and_named(office: Bench, page: Page) -> None:
    accepted(office, "CASE-1", "id-card-renewal", form="original")
    log_in(page, "review")
    for address, view in (("cases", "cases"), ("case/CASE-1", "case"), ("certificates", "certificates")):
        open_view(page, office, address, view)
        controls = page.run(
            """return [...document.querySelectorAll('button, select, input, textarea, nav a')].map((one) => {
                const label = one.closest('label');
                const box = (one.type === 'checkbox' ? label : one).getBoundingClientRect();
                return { name: (label ?? one).textContent.trim(), height: box.height };
            })"""
        )
        assert all(one["name"] and one["height"] >= TARGET_PX for one in controls), controls
    log_out(page)


def test_nothing_of_the_page_comes_from_elsewhere_and_nothing_else_is_served(office: Bench) -> None:
    answer = office.session.get(f"{office.server.url}/office/", timeout=5)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in ("..%2fapp.py", "%2e%2e/app.py", "nothing.js", "main.py"):
        assert office.session.get(f"{office.server.url}/office/{name}", timeout=5).status_code == 404
    for file in FOLDER.iterdir():
        text = file.read_text("utf-8")
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), file
        assert "https://" not in text, file


def test_the_kiosks_are_listed_with_what_is_wrong_and_what_ends(
    office: Bench, page: Page, tmp_path: Path
) -> None:
    watched = Watched()
    watched.state, watched.fault = "out-of-service", "paperOut"
    beat(office, tmp_path, watched)
    log_in(page, "audit")
    open_view(page, office, "fleet", "fleet")

    def told() -> str:
        return str(page.run("return document.querySelector('main')?.innerText ?? ''"))

    page.until(lambda: "凭条打印机: paperOut" in told())
    assert all(words in told() for words in ("330212K01", "暂停服务", "凭条纸: 快用完 (2026-11-23 "))
    page.find("language").click()
    page.until(lambda: "Receipt printer: paperOut" in told())
    assert all(words in told() for words in ("out of service", "Receipt paper: low"))
    page.find("language").click()
    page.until(lambda: "凭条打印机: paperOut" in told())


def test_every_state_and_every_act_has_its_words() -> None:
    words = (FOLDER / "words.js").read_text("utf-8")
    desks = "".join(file.read_text("utf-8") for file in FOLDER.parent.glob("*.py"))
    acts = set(re.findall(r'record\(\s*db, office, \w+, "([a-z-]+)"', desks))
    assert len(acts) > 5
    assert [known for known in STAGES if f"'state.{known}'" not in words] == []
    assert [act for act in acts if f"'act.{act}'" not in words] == []

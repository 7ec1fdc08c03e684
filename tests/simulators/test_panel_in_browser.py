"""The panel in Debian's Chromium, with a real kiosk in a real window on a display of its own.

The tests of this file follow each other on one kiosk; each begins by loading the panel afresh.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from screens.panel import Panel
from simulators.bench import Bench
from tests.screens.harness import display
from tests.simulators.chromium import Page, chromium

pytestmark = pytest.mark.screen

BEGIN_AT = (0.3, 0.92)
"""Where on the first page the Chinese button is, as parts of the window."""
NO_DOUBLE_TAP_S = 0.7
TARGET_PX = 44
CONTROLS = """
return [...document.querySelectorAll('button, select, input, summary')]
    .filter((one) => one.offsetParent !== null)
    .map((one) => {
        const label = one.closest('label');
        const box = (one.type === 'checkbox' ? label : one).getBoundingClientRect();
        const name = (one.matches('input, select') ? label?.textContent : one.textContent) ?? '';
        const size = [box.width, box.height];
        return { id: one.id || one.className, name: name.trim(), key: one.accessKey, size };
    });
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with display(Panel()), Bench(tmp_path_factory.mktemp("browser"), hasty=True) as bench:
        bench.power.on()
        yield bench


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium() as page:
        yield page


@pytest.fixture
def page(bench: Bench, browser: Page) -> Iterator[Page]:
    """The panel, the kiosk on its first page, nobody there."""
    bench.power.on()
    bench.faults.clear()
    bench.world.do("reset", {})
    browser.open(bench.panel_url)
    browser.until(lambda: browser.text("prompt-name").startswith("attract") and seen(browser))
    yield browser
    assert browser.complaints() == []


def seen(page: Page) -> bool:
    """Tell whether the window's picture is there."""
    return bool(page.run("return document.getElementById('curtain').hidden"))


def touch(page: Page, x: float, y: float) -> None:
    """Click on the living picture, at parts of its width and height."""
    picture = page.find("window")
    page.run("arguments[0].scrollIntoView({block: 'center'})", picture)
    size = picture.size
    across, down = round((x - 0.5) * size["width"]), round((y - 0.5) * size["height"])
    ActionChains(page.driver).move_to_element_with_offset(picture, across, down).click().perform()


def until_prompt(page: Page, name: str) -> None:
    """Wait until the kiosk shows the prompt of this name."""
    page.until(lambda: page.text("prompt-name").startswith(name))


def press_first(page: Page) -> None:
    """Press the primary button of the page as data; a hand touches the window where it says that is.

    At a person's pace: a touch near the one before is taken for the second half of a double tap.
    """
    time.sleep(NO_DOUBLE_TAP_S)
    page.run("document.querySelector('#page .primary').click()")


def test_a_touch_on_the_picture_reaches_the_real_window(page: Page) -> None:
    before = int(page.find("window").get_attribute("data-frame") or 0)
    touch(page, *BEGIN_AT)
    page.until(lambda: page.text("prompt-name") == "home")
    page.until(lambda: int(page.find("window").get_attribute("data-frame") or 0) > before)


def test_a_visit_is_begun_with_the_cabinet(page: Page, bench: Bench) -> None:
    page.select('[data-name="li-wenjing"]').click()
    page.until(lambda: page.select('[data-name="li-wenjing"]').get_attribute("aria-pressed") == "true")
    assert "李文静" in page.text("person")
    touch(page, *BEGIN_AT)
    page.until(lambda: page.text("prompt-name") == "home")
    time.sleep(NO_DOUBLE_TAP_S)
    page.run("""document.querySelector('#page [data-press="choose:endorsement"]').click()""")
    for prompt in ("leaflet", "consent-face"):
        until_prompt(page, prompt)
        press_first(page)
    until_prompt(page, "place-id-card")
    assert page.text("id-card-state") == "手里"
    page.click("place-id-card")
    page.until(
        lambda: page.text("id-card-state") == "读卡区" or "place-id-card" not in page.text("prompt-name")
    )
    page.until(lambda: page.text("prompt-name").startswith("insert-permit"))
    assert "find" in page.text("records-wires")
    page.click("lift-id-card")
    page.click("insert-permit")
    page.until(lambda: page.select("#permit [aria-current]").get_attribute("data-place") != "pocket")
    page.until(lambda: "收证" in page.text("records-journal"))
    assert "visit-began" in page.text("records-journal")
    assert "prompt-shown" in page.text("records-log")


def test_without_a_mouse(page: Page) -> None:
    """Keys alone choose a person, place the card, change the tab and begin a visit."""
    keys = ActionChains(page.driver)
    page.select('[data-name="chen-haoran"]').send_keys(Keys.ENTER)
    page.until(lambda: page.select('[data-name="chen-haoran"]').get_attribute("aria-pressed") == "true")
    keys.key_down(Keys.ALT).send_keys("q").key_up(Keys.ALT).perform()
    page.until(lambda: page.text("id-card-state") == "读卡区")
    page.find("tab-wires").send_keys(Keys.ARROW_RIGHT)
    assert page.run("return document.activeElement.id") == "tab-journal"
    assert page.find("records-journal").is_displayed()
    page.select("#data summary").send_keys(Keys.ENTER)
    page.select('[data-press="begin:en"]').send_keys(Keys.SPACE)
    page.until(lambda: page.text("prompt-name") == "home")


def test_every_control_has_a_name_a_size_and_a_key_of_its_own(page: Page) -> None:
    page.driver.set_window_size(820, 1180)  # a tablet held upright
    try:
        page.run("for (const more of document.querySelectorAll('details')) more.open = true")
        controls = page.run(CONTROLS)
        assert len(controls) > 60
        assert [one["id"] for one in controls if not one["name"]] == []
        small = [one for one in controls if min(one["size"]) < TARGET_PX - 0.5]
        assert [(one["id"], one["name"]) for one in small] == []
        keys = [one["key"] for one in controls if one["key"]]
        assert len(keys) == len(set(keys)) > 10
        assert page.run("return document.documentElement.scrollWidth") <= 820, "nothing runs out sideways"
    finally:
        page.driver.set_window_size(1440, 1000)


def test_faults_are_armed_and_called_off(page: Page, bench: Bench) -> None:
    page.click("plug-fingerprint_pad")
    page.until(lambda: page.find("plug-fingerprint_pad").get_attribute("aria-checked") == "false")
    assert [(o.device, o.fault) for o in bench.faults.orders()] == [("fingerprint_pad", "disconnect")]
    page.click("plug-fingerprint_pad")
    page.until(lambda: bench.faults.orders() == ())
    page.run(
        """const [where, fault, when] = arguments;
        for (const [id, value] of [['fault-where', where], ['fault-which', fault], ['fault-when', when]]) {
            const list = document.getElementById(id);
            list.value = value;
            list.dispatchEvent(new Event('change'));
        }""",
        "device receipt_printer", "cutterFault", "cut",
    )  # fmt: skip
    page.find("fault-nth").send_keys(Keys.CONTROL, "a")
    page.find("fault-nth").send_keys("3")
    page.click("fault-arm")
    page.until(lambda: "切刀卡住" in page.text("armed"))
    (order,) = bench.faults.orders()
    assert (order.device, order.fault, order.operation, order.nth) == (
        "receipt_printer",
        "cutterFault",
        "cut",
        3,
    )
    page.click("fault-clear")
    page.until(lambda: page.text("armed") == "")
    assert bench.faults.orders() == ()


def test_what_the_world_does_not_allow_is_told(page: Page) -> None:
    page.click("take-permit")
    page.until(lambda: page.find("told").is_displayed() and page.text("told"))
    assert any("409" in complaint for complaint in page.complaints()), "the browser notes the refusal"


def test_power_is_cut_and_restored(page: Page, bench: Bench) -> None:
    pid = bench.power.state()["pid"]
    page.click("power-cut")
    page.until(lambda: page.text("mains") == "没有自助机在运行" and not seen(page))
    assert "kill -9" in page.text("curtain")
    assert not Path(f"/proc/{pid}").exists()
    page.click("power-on")
    page.until(lambda: page.text("prompt-name") == "attract" and seen(page))
    assert str(pid) not in page.text("mains")


def test_everything_comes_from_this_machine(page: Page, bench: Bench) -> None:
    loaded = page.run("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert loaded
    assert [name for name in loaded if not name.startswith((bench.control_url, "blob:", "data:"))] == []


def test_the_token_leaves_the_address(page: Page, bench: Bench) -> None:
    assert page.driver.current_url == f"{bench.control_url}/panel/"
    page.run("sessionStorage.clear()")
    page.open(f"{bench.control_url}/panel/")
    assert page.select(".closed").is_displayed()
    page.find("token").send_keys(bench.token, Keys.ENTER)
    page.until(lambda: page.run("return document.body.dataset.ready"))


def test_in_english(page: Page) -> None:
    page.click("language")
    page.until(
        lambda: page.run("return document.body.dataset.ready && document.documentElement.lang === 'en'")
    )
    page.until(lambda: page.text("mains").startswith("Kiosk running"))
    assert page.text("place-id-card").startswith("Place")
    page.click("language")
    page.until(
        lambda: page.run("return document.body.dataset.ready && document.documentElement.lang === 'zh-CN'")
    )


# --- scenarios ------------------------------------------------------------------------------------


PLAYED_S = 90.0
"""How long a short scenario may take on a busy machine, its moves made to be watched."""
JUDGED = ("全部成立", "不成立", "没能演完", "已停止")
"""How the line of the state ends when nothing more is played."""


def current_move(page: Page) -> str:
    return str(page.run("return document.querySelector('#moves [aria-current]')?.textContent ?? ''"))


def pick(page: Page, name: str) -> None:
    """Choose a scenario in the list."""
    page.run(
        "const list = document.getElementById('scenario'); list.value = arguments[0];"
        "list.dispatchEvent(new Event('change'));",
        name,
    )


def test_a_scenario_is_played_by_touches_and_judged(page: Page) -> None:
    page.find("scenario-search").send_keys("leaflet")
    offered = page.run("return [...document.getElementById('scenario').options].map((one) => one.value)")
    assert "cancel-early:leaflet" in offered
    assert "all-goes-well" not in offered
    pick(page, "cancel-early:leaflet")
    assert "leaflet" in page.text("scenario-about")
    page.click("play")
    page.until(lambda: "点按" in page.text("moves"))
    page.until(lambda: page.text("scenarios-state").endswith(JUDGED), PLAYED_S)
    told = "\n".join(page.text(part) for part in ("scenarios-state", "play-why", "findings", "moves"))
    assert page.text("scenarios-state").endswith("全部成立"), told
    said = page.text("moves")
    assert "来人" in said
    assert "cancel" in said
    marks = page.run(
        "return [...document.querySelectorAll('#findings .mark-of')].map((one) => one.textContent)"
    )
    assert set(marks) == {"✓"}
    page.until(lambda: page.text("prompt-name").startswith("attract"))
    touch(page, *BEGIN_AT)
    page.until(lambda: page.text("prompt-name") == "home")  # and on by hand


def test_step_by_step_with_keys_alone(page: Page) -> None:
    keys = ActionChains(page.driver)

    def with_alt(key: str) -> None:
        keys.key_down(Keys.ALT).send_keys(key).key_up(Keys.ALT).perform()

    page.find("scenario-search").send_keys("pay-declined")
    page.find("scenario").send_keys(Keys.TAB)
    page.select("#scenarios .choice[data-value=step]").send_keys(Keys.SPACE)
    with_alt("p")
    page.until(lambda: page.text("scenarios-state").startswith("等你按"), PLAYED_S)
    assert current_move(page).endswith("来人 name=li-wenjing")
    page.find("next-step").send_keys(Keys.ENTER)
    page.until(lambda: "zh-CN" in current_move(page))
    assert page.run("return document.activeElement.id") == "next-step", "the focus stays where it was"
    assert page.text("prompt-name").startswith("attract"), "nothing is pressed before the step"
    with_alt("s")
    page.until(lambda: page.text("prompt-name") == "home")
    with_alt("z")
    page.until(lambda: page.text("scenarios-state") == "已停止")
    assert page.text("prompt-name") == "home", "the kiosk stays as it is"


def test_the_clock_is_set_wrong_and_right(page: Page, bench: Bench) -> None:
    page.click("clock-behind-31536000")
    page.until(lambda: page.text("clock-state") == "慢 1 年")
    page.until(lambda: "本机时间不准" in page.run("return document.querySelector('#page').textContent") or
               "clock-wrong" in page.text("records-log"))  # fmt: skip
    page.click("clock-right")
    page.until(lambda: page.text("clock-state") == "准")
    page.until(lambda: "clock-right" in page.text("records-log"))
    assert bench.faults.orders() == ()


def test_on_a_tablet_with_fingers(page: Page) -> None:
    """Chromium as a tablet of 1024x768: targets are large enough, a finger's touch reaches the window."""
    tablet = {"width": 1024, "height": 768, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", tablet)
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        assert page.run("return [innerWidth, document.documentElement.scrollWidth]") == [1024, 1024]
        small = [one for one in page.run(CONTROLS) if min(one["size"]) < TARGET_PX - 0.5]
        assert [(one["id"], one["name"]) for one in small] == []
        page.run("document.getElementById('window').scrollIntoView({block: 'center'})")
        left, top, width, height = page.run(
            "const box = document.getElementById('window').getBoundingClientRect();"
            "return [box.left, box.top, box.width, box.height]"
        )
        point = {"x": left + width * BEGIN_AT[0], "y": top + height * BEGIN_AT[1]}
        for kind, points in (("touchStart", [point]), ("touchEnd", [])):
            page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.until(lambda: page.text("prompt-name") == "home")
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_nothing_is_sent_while_nothing_moves(page: Page) -> None:
    """The first page stands still but for its clock, which changes once a minute."""
    page.until(lambda: page.find("pace").text == "画面静止")
    before = page.find("window").get_attribute("data-frame")
    time.sleep(2)
    after = page.find("window").get_attribute("data-frame")
    assert int(after or 0) - int(before or 0) <= 1

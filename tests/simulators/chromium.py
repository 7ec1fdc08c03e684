"""Debian's Chromium, without a display, as a tester's browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE_S: Final = 30.0
OPTIONS: Final = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--force-prefers-reduced-motion",
)


class Page:
    """The panel as a tester sees it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """Load ``address`` afresh and wait until the panel stands (or the form that asks for a token)."""
        self.driver.get("about:blank")
        self.driver.get(address)
        self.until(
            lambda: self.run("return document.body.dataset.ready || document.querySelector('.closed')")
        )

    def find(self, name: str) -> WebElement:
        """Return the element with this id."""
        return self.driver.find_element(By.ID, name)

    def select(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, name: str) -> str:
        """Return what the element with this id says, also when it is scrolled away."""
        return str(self.find(name).get_property("textContent"))

    def click(self, name: str) -> None:
        """Click in the middle of the element with this id, scrolled into the middle of the view."""
        element = self.find(name)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, met: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        """Wait until ``met``; raises selenium's ``TimeoutException``."""
        WebDriverWait(self.driver, timeout_s, poll_frequency=0.05).until(lambda _: met())

    def complaints(self) -> list[str]:
        """Return what the browser complained of since the last time this was asked."""
        log: Any = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in log]


@contextmanager
def chromium(width: int = 1440, height: int = 1000) -> Iterator[Page]:
    """Start a browser with an empty profile; it ends with the block."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in (*OPTIONS, f"--window-size={width},{height}"):
        options.add_argument(option)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's own does not work as root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        driver.set_page_load_timeout(PATIENCE_S)
        yield Page(driver)
    finally:
        driver.quit()

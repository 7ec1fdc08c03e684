"""The page of a kiosk that could not be started: it needs nothing of what may have failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kiosk import __main__ as front_door
from kiosk.prompts import OutOfService, Page
from kiosk.texts import LANGUAGES, Catalogue

SITE = Path(__file__).parents[2] / "config/sites/example.toml"


class Window:
    """In place of the real one: keeps what it is shown, and is closed at once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.page: Page | None = None

    def show(self, page: Page) -> None:
        self.page = page

    def stop(self) -> None: ...

    async def run(self) -> None: ...


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_where_else_to_go_and_staff_what_to_do(
    monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    windows: list[Window] = []

    def opened(_settings: object, catalogue: Catalogue, **_calls: Any) -> Window:
        windows.append(Window(catalogue))
        return windows[-1]

    monkeypatch.setattr(front_door, "_window", opened)
    assert front_door.main(["--site", str(SITE), "closed"]) == 0
    (window,) = windows
    assert window.page is not None
    prompt = window.page.prompt
    assert isinstance(prompt, OutOfService)
    assert prompt.elsewhere is not None
    assert "9" in window.catalogue.say(prompt.elsewhere, language), "with its hours"
    staff = [window.catalogue.say(row.value, language) for row in prompt.staff]
    assert "kiosk diagnose" in staff[-1]

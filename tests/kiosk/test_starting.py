"""What a machine shows while it starts: that it does, and of an interrupted visit only where one was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kiosk import settings
from kiosk.__main__ import EXIT_USAGE, main
from kiosk.app import Kiosk
from kiosk.clock import SystemClock
from kiosk.journal import Journal
from kiosk.journal.keys import read_key
from kiosk.prompts import Attract, Page
from kiosk.settings.model import Model

pytestmark = pytest.mark.anyio
SITE = """\
[site]
id = "TEST1"
name = { zh-CN = "示例大厅", en = "Example hall" }
model = "standard"
production = false
hotline = "0574-00000000"
elsewhere = { zh-CN = "民安路 1 号", en = "1 Min'an Road" }
hours = { zh-CN = "24 小时", en = "24 hours" }

[back_office]
url = "http://127.0.0.1:9"
token_file = "token"

[journal]
path = "journal.db"
key_file = "journal.key"

[state]
folder = "."

[links]
camera = "http://127.0.0.1:9/video"
document_printer = "ipp://127.0.0.1:9/ipp/print"
ups = "nut://127.0.0.1:9/ups"
"""
LINKS = (
    "id_card_reader", "permit_transport", "permit_scanner", "permit_printer", "fingerprint_pad",
    "payment_terminal", "receipt_printer", "barcode_reader", "card_dispenser", "io_board",
)  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The site file of a cabinet behind whose links there is nothing, without a back office."""
    links = "".join(f'{name} = "socket://127.0.0.1:9"\n' for name in LINKS)
    (tmp_path / "site.toml").write_text(SITE + links, "utf-8")
    (tmp_path / "token").write_text("none")
    return tmp_path / "site.toml"


@pytest.fixture
def kiosk(site: Path) -> Kiosk:
    return Kiosk(settings.load(site))


class Onlooker:
    """A view that remembers what was shown, and knows when the first page is."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.open = asyncio.Event()

    def show(self, page: Page) -> None:
        name = page.prompt.name
        if not self.shown or self.shown[-1] != name:
            self.shown.append(name)
        if isinstance(page.prompt, Attract):
            self.open.set()


async def start(kiosk: Kiosk) -> list[str]:
    """Run the kiosk until its first page stands; return the names of all pages shown."""
    onlooker = Onlooker()
    kiosk.ground.stage.attach(onlooker)
    running = asyncio.create_task(kiosk.run())
    opening = asyncio.create_task(onlooker.open.wait())
    try:
        await asyncio.wait({running, opening}, timeout=40, return_when=asyncio.FIRST_COMPLETED)
        assert opening.done(), f"no first page: {onlooker.shown} {running}"
    finally:
        for task in (running, opening):
            task.cancel()
        await asyncio.gather(running, opening, return_exceptions=True)
    return onlooker.shown


def test_a_machine_without_its_font_says_which(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Model, "strip_font", tmp_path / "no-face.otf")
    assert main(["--site", str(site), "run", "--headless"]) == EXIT_USAGE
    assert "no-face.otf" in capsys.readouterr().err


async def test_a_machine_that_starts_says_so(kiosk: Kiosk) -> None:
    assert await start(kiosk) == ["starting", "attract"]


async def test_an_interrupted_visit_is_spoken_of_where_there_was_one(kiosk: Kiosk) -> None:
    place = kiosk.settings.journal
    journal = await Journal.open(place.path, read_key(place.key_file, make=True), SystemClock())
    await journal.begin("v1", "endorsement", "TEST1-1")
    await journal.close()
    assert await start(kiosk) == ["starting", "recovering", "attract"]

"""The public guide says of every item what the kiosk says of it, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine
from starlette.applications import Starlette

from kiosk.guide import GuideItem, own_copy
from kiosk.services.guide import _rows
from kiosk.texts import LANGUAGES, Catalogue, text
from simulators.back_office import guide_page
from simulators.back_office.desk import Office
from simulators.back_office.server import Served
from tests.simulators.back_office_bench import START

CONFIG = Path(__file__).parents[2] / "config"
STRINGS = Catalogue.load(CONFIG / "strings")
ITEMS = own_copy(CONFIG / "rules", START.date())


Ask = Callable[[str], requests.Response]


@pytest.fixture(scope="module")
def public() -> Iterator[Ask]:
    office = Office(create_engine("sqlite://"), lambda: START, {})
    with Served(Starlette(routes=guide_page.routes(office))) as server:
        yield lambda path: requests.get(server.url + path, timeout=40)


def said_by_kiosk(item: GuideItem, language: str) -> list[str]:
    """Return the title, and all that stands beside the item's code, as the kiosk's page has it."""
    rows = [part for row in _rows(item) for part in (row.label, row.value)]
    return [STRINGS.say(one, language) for one in (item.title, *rows, text("guide.basis"))] + [item.source]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.service)
def test_a_leaflet_is_the_kiosks_in_both_languages(public: Ask, item: GuideItem) -> None:
    page = public(f"/guide/{item.service}")
    assert page.status_code == 200
    said = [unescape(words).strip() for words in re.split(r"<[^>]+>", page.text)]
    for language in LANGUAGES:
        assert [words for words in said_by_kiosk(item, language) if words not in said] == []


def test_the_list_leads_to_every_item_and_a_strange_address_to_the_list(public: Ask) -> None:
    links = set(re.findall(r'href="/guide/([^"]+)"', public("/guide/").text))
    assert links == {item.service for item in ITEMS}
    for service in ("guide", "no-such-item", "<b>"):
        page = public(f"/guide/{service}")
        assert page.status_code == 404
        assert 'href="/guide/"' in page.text
        assert "<b>" not in page.text


def test_it_needs_no_script_and_nothing_from_elsewhere(public: Ask) -> None:
    page = public("/guide/residence-permit")
    assert "<script" not in page.text
    assert "//" not in re.sub(r"<!doctype html>", "", page.text)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")

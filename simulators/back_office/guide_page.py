"""The public guide (办事指南): the leaflet of every item, behind the code that the kiosk shows of it.

What stands here is the item catalogue as it is today, the same that the kiosk asks for. Nobody is asked who
they are, and nothing of anybody is on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulators.back_office.catalogue import Item, Level, find_item, items_of
from simulators.back_office.desk import Office
from simulators.back_office.public_page import HEADERS, page, said, table

PATH: Final = "/guide/"
ITSELF: Final = "guide"
"""The kiosk's service that shows these items: nothing that one comes for."""

_HEADERS: Final = {**HEADERS, "Cache-Control": "max-age=600"}
_TITLE: Final = ("办事指南", "Guide")
_PLACES: Final[Mapping[Level, tuple[str, str]]] = {
    "kiosk": ("自助机", "self-service kiosk"),
    "station": ("派出所", "police station"),
    "district": ("分局", "district bureau"),
    "bureau": ("市局", "city bureau"),
}


def routes(office: Office) -> list[Route]:
    """Return the public pages: ``/guide/`` with the list, ``/guide/{service}`` with one item."""

    async def everything(request: Request) -> Response:
        items = [item for item in items_of(office.today()) if item.service != ITSELF]
        return HTMLResponse(page(*_TITLE, _list(items)), headers=_HEADERS)

    async def one(request: Request) -> Response:
        service = str(request.path_params["service"])
        item = find_item(service, office.today())
        if item is None or service == ITSELF:
            return HTMLResponse(page(*_TITLE, _unknown()), 404, headers=_HEADERS)
        return HTMLResponse(page(*_TITLE, _leaflet(item, office.today().isoformat())), headers=_HEADERS)

    return [Route(PATH, everything, methods=["GET"]), Route(PATH + "{service}", one, methods=["GET"])]


def _leaflet(item: Item, today: str) -> str:
    rows = (
        (("要带的材料", "What to bring"), _materials(item)),
        (("办理条件", "Who can apply"), _both(item.conditions)),
        (("多久办好", "How long"), _takes(item)),
        (("收费", "Fee"), _both(item.charge)),
        (("依据", "Legal basis"), (item.source, "")),
        (("在哪里办", "Where"), _places(item.accept)),
    )
    return (
        f'<h1>{escape(item.title["zh-CN"])}</h1><p class="en" lang="en">{escape(item.title["en"])}</p>'
        f"{table(rows)}"
        f'<p>以 {today} 的规定为准。</p><p class="en" lang="en">As the rules stand on {today}.</p>'
        f'<p><a href="{PATH}">看别的事项 <span lang="en">Other items</span></a></p>'
    )


def _list(items: Sequence[Item]) -> str:
    lines = "".join(
        f'<li><a href="{PATH}{quote(item.service, safe="")}">{said(*_both(item.title))}</a></li>'
        for item in items
    )
    return f"<ul>{lines}</ul>"


def _unknown() -> str:
    return (
        '<section class="no"><h1>没有这个事项</h1><p class="en" lang="en">There is no such item</p></section>'
        f'<p><a href="{PATH}">看全部事项 <span lang="en">See all items</span></a></p>'
    )


def _both(words: Mapping[str, str]) -> tuple[str, str]:
    return words["zh-CN"], words["en"]


def _materials(item: Item) -> tuple[str, str]:
    if not item.materials:
        return "不用带材料", "Nothing"
    titles = [material.title for material in item.materials]
    return "、".join(title["zh-CN"] for title in titles), ", ".join(title["en"] for title in titles)


def _takes(item: Item) -> tuple[str, str]:
    if not item.limit_days:
        return "当场办好", "At once"
    return f"{item.limit_days} 个工作日内", f"Within {item.limit_days} working days"


def _places(levels: Sequence[Level]) -> tuple[str, str]:
    places = [_PLACES[level] for level in levels]
    return "、".join(chinese for chinese, _ in places), ", ".join(english for _, english in places)

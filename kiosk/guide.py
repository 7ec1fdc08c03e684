"""The service guide (办事指南): every item with papers, conditions, days, fee and basis; how it is searched.

The kiosk has a dated copy in ``config/rules/guide.toml``; what the back office offers today goes before it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from kiosk.dated import in_force, latest
from kiosk.platform import Platform
from kiosk.texts import Text, bilingual

FILE: Final = "guide.toml"


@dataclass(frozen=True, slots=True)
class GuideItem:
    """An item of the guide. ``days`` are working days, 0 at once; ``as_of`` is the day it was true.

    ``pinyin`` are the syllables of the Chinese title, none for one that the kiosk's own copy does not know;
    ``english`` is the English title.
    """

    service: str
    title: Text
    english: str
    pinyin: tuple[str, ...]
    materials: tuple[Text, ...]
    days: int
    source: str
    as_of: date
    fee: Text
    conditions: Text


@dataclass(frozen=True, slots=True)
class Offered:
    """An item as the back office offers it today."""

    service: str
    title: Mapping[str, str]
    materials: tuple[Mapping[str, str], ...]
    days: int
    source: str
    fee: Mapping[str, str]
    conditions: Mapping[str, str]


async def offered_today(platform: Platform) -> tuple[date, tuple[Offered, ...]]:
    """Ask the back office for the catalogue of today, in one exchange; raises as ``kiosk.platform``."""
    return await platform.get("/v1/items", _offered, deadline_s=0)


def own_copy(folder: Path, today: date) -> tuple[GuideItem, ...]:
    """Read the kiosk's copy: of each service the entry in force, in the order of the file.

    Raises ``OSError`` and ``tomllib.TOMLDecodeError``.
    """
    with (folder / FILE).open("rb") as file:
        entries: list[dict[str, Any]] = tomllib.load(file)["items"]
    current = [entry for entry in entries if in_force(entry, today)]
    services = dict.fromkeys(entry["service"] for entry in current)
    return tuple(
        _item(latest((e for e in current if e["service"] == service), today, FILE)) for service in services
    )


def brought_up_to_date(
    copy: Iterable[GuideItem], on: date, offered: Iterable[Offered], without: str = ""
) -> tuple[GuideItem, ...]:
    """Return what is offered, in the copy's order, new items last; without the service ``without``."""
    news = {one.service: one for one in offered if one.service != without}
    known = [item for item in copy if item.service in news]
    items = [_updated(item, news[item.service], on) for item in known]
    strange = [news[service] for service in news if service not in {item.service for item in known}]
    return (*items, *(_unknown(one, on) for one in strange))


def search(items: Sequence[GuideItem], typed: str) -> tuple[GuideItem, ...]:
    """Return the items that ``typed`` means, the closest first.

    Letters are found in this order: as pinyin initials or full pinyin in one piece (``jzz``, ``qianzhu``),
    as initials with others between (``gaqz`` in 往来港澳再次签注), in the English title.
    """
    wanted = "".join(typed.split()).lower()
    ranked = [(_rank(item, wanted), place) for place, item in enumerate(items)]
    return tuple(items[place] for rank, place in sorted(ranked) if rank < _NOT_FOUND)


_NOT_FOUND: Final = 3


def _rank(item: GuideItem, wanted: str) -> int:
    if not wanted:
        return _NOT_FOUND
    initials = "".join(syllable[:1] for syllable in item.pinyin)
    starts = ("".join(item.pinyin[place:]) for place in range(len(item.pinyin)))
    if wanted in initials or any(rest.startswith(wanted) for rest in starts):
        return 0
    if wanted in "".join(item.english.split()).lower():
        return 1
    return 2 if len(wanted) > 1 and _in_order(wanted, initials) else _NOT_FOUND


def _in_order(wanted: str, initials: str) -> bool:
    """Tell whether the letters come in this order, others between."""
    left = iter(initials)
    return all(letter in left for letter in wanted)


def _updated(item: GuideItem, news: Offered, on: date) -> GuideItem:
    same = news.title["zh-CN"] == item.title.args["chinese"]
    return replace(
        item,
        title=_titled(news.title),
        english=news.title["en"],
        pinyin=item.pinyin if same else (),
        materials=tuple(map(_titled, news.materials)),
        days=news.days,
        source=news.source,
        as_of=on,
        fee=_titled(news.fee),
        conditions=_titled(news.conditions),
    )


def _unknown(news: Offered, on: date) -> GuideItem:
    return GuideItem(
        service=news.service,
        title=_titled(news.title),
        english=news.title["en"],
        pinyin=(),
        materials=tuple(map(_titled, news.materials)),
        days=news.days,
        source=news.source,
        as_of=on,
        fee=_titled(news.fee),
        conditions=_titled(news.conditions),
    )


def _item(entry: Mapping[str, Any]) -> GuideItem:
    return GuideItem(
        service=entry["service"],
        title=_titled(entry["title"]),
        english=entry["title"]["en"],
        pinyin=tuple(entry["pinyin"].split()),
        materials=tuple(map(_titled, entry["materials"])),
        days=entry["days"],
        source=entry["source"],
        as_of=entry["as_of"],
        fee=_titled(entry["fee"]),
        conditions=_titled(entry["conditions"]),
    )


def _offered(value: Any) -> tuple[date, tuple[Offered, ...]]:
    items = tuple(
        Offered(
            str(one["service"]),
            _words(one["title"]),
            tuple(_words(material["title"]) for material in one["materials"]),
            int(one["limit_days"]),
            str(one["source"]),
            _words(one["charge"]),
            _words(one["conditions"]),
        )
        for one in value["items"]
    )
    return date.fromisoformat(value["on"]), items


def _words(title: Any) -> dict[str, str]:
    return {"zh-CN": str(title["zh-CN"]), "en": str(title["en"])}


def _titled(title: Mapping[str, str]) -> Text:
    return bilingual(title["zh-CN"], title["en"])

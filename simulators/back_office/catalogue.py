"""The item catalogue (事项目录): what is offered, who may accept and decide it, how soon, with what papers.

Dated data with its sources in ``catalogue.toml``.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from simulators.back_office.contract import Day, Number, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import get

Level = Literal["kiosk", "station", "district", "bureau"]


class Material(Part):
    """A paper that is asked for. One that is not ``core`` may be outstanding for ``grace_days`` working
    days; of an ``original`` the paper itself travels with the case."""

    code: Number
    title: dict[str, str]
    core: bool
    original: bool = False
    grace_days: Annotated[int, Field(ge=0, le=60)] = 0


class Item(Part):
    """``limit_days`` are working days, 0 with ``immediate`` means at once; ``fee`` says where it stands,
    ``charge`` what it is, in words. Words are by language: ``zh-CN``, ``en``."""

    service: Number
    title: dict[str, str]
    in_force_from: date
    conditions: dict[str, str]
    source: str
    accept: list[Level]
    decide: Level
    immediate: bool
    limit_days: Annotated[int, Field(ge=0, le=90)]
    legal_days: Annotated[int, Field(ge=0, le=90)]
    fee: str
    charge: dict[str, str]
    stars: Annotated[int, Field(ge=1, le=5)]
    materials: list[Material]


class Items(Part):
    on: date
    items: list[Item]


class OfDay(Part):
    on: Day | None = None


class _Entry(BaseModel):
    """An item as the file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: Item
    until: date | None


def list_items(db: Connection, office: Office, asked: OfDay) -> Items:
    """Return everything that is offered on a day (default: today), by service."""
    on = asked.on or office.today()
    return Items(on=on, items=items_of(on))


def show_item(db: Connection, office: Office, service: Number, asked: OfDay) -> Item:
    """Return one item as it is on a day; raises ``Refused`` 404."""
    item = find_item(service, asked.on or office.today())
    if item is None:
        raise Refused(404, "not-found", service)
    return item


def items_of(on: date) -> list[Item]:
    """Return everything that is in force on that day, by service."""
    services = sorted({entry.item.service for entry in _entries()})
    return [item for service in services if (item := find_item(service, on)) is not None]


def find_item(service: str, on: date) -> Item | None:
    """Return the item of a service that is in force on that day."""
    begun = [e for e in _entries() if e.item.service == service and e.item.in_force_from <= on]
    if not begun:
        return None
    entry = max(begun, key=lambda e: e.item.in_force_from)
    return entry.item if entry.until is None or on <= entry.until else None


def require_item(service: str, on: date) -> Item:
    """Return the item; raises ``Refused`` 409 ``not-offered``."""
    item = find_item(service, on)
    if item is None:
        raise Refused(409, "not-offered", service)
    return item


@cache
def _entries() -> tuple[_Entry, ...]:
    with Path(__file__).with_name("catalogue.toml").open("rb") as file:
        tables = tomllib.load(file)["items"]
    return tuple(
        _Entry(until=table.pop("until", None), item=Item(in_force_from=table.pop("from"), **table))
        for table in tables
    )


OPERATIONS: Final = (
    get("/v1/items", list_items, "The item catalogue as it is on a day"),
    get("/v1/items/{service}", show_item, "One item of the catalogue"),
)

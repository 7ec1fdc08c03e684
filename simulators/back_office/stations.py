"""The stations (派出所、分局、市局): a tree in which cases travel. Data in ``stations.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from sqlalchemy import Connection

from simulators.back_office.contract import Number, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import get
from simulators.back_office.roles import Officer

Direction = Literal["up", "down", "sideways"]
_RANK: Final = {"kiosk": 0, "station": 1, "district": 2, "bureau": 3}


class Station(Part):
    """``parent`` is "" for the highest. ``complaints`` and ``court``: where to turn against it."""

    code: Number
    level: Literal["station", "district", "bureau"]
    title: dict[str, str]
    parent: str = ""
    kiosks: list[str] = Field(default_factory=list)
    complaints: str
    court: str


class Stations(Part):
    stations: list[Station]


def list_stations(db: Connection, office: Office) -> Stations:
    """Return all stations."""
    return Stations(stations=list(_stations().values()))


def list_stations_to_officer(db: Connection, office: Office, officer: Officer) -> Stations:
    """Return all stations to somebody who is logged in."""
    return list_stations(db, office)


def find_station(code: str) -> Station | None:
    """Return the station with this code."""
    return _stations().get(code)


def require_station(code: str) -> Station:
    """Return the station; raises ``Refused`` 404."""
    station = find_station(code)
    if station is None:
        raise Refused(404, "not-found", code)
    return station


def station_of_kiosk(kiosk: str) -> str:
    """Return the code of the station that takes in what this kiosk accepts; the highest takes the rest."""
    fitting = [
        (len(prefix), station.code)
        for station in _stations().values()
        for prefix in station.kiosks
        if kiosk.startswith(prefix)
    ]
    if fitting:
        return max(fitting)[1]
    return next(code for code, station in _stations().items() if not station.parent)


def may_decide(level: str, station: str) -> bool:
    """Tell whether ``station`` is high enough for what is decided at ``level``."""
    return _RANK[require_station(station).level] >= _RANK[level]


def direction(origin: str, destination: str) -> Direction:
    """Return which way a case goes between two stations; raises ``Refused`` 404."""
    rise = _RANK[require_station(destination).level] - _RANK[require_station(origin).level]
    return "up" if rise > 0 else "down" if rise < 0 else "sideways"


@cache
def _stations() -> dict[str, Station]:
    with Path(__file__).with_name("stations.toml").open("rb") as file:
        found = [Station(**table) for table in tomllib.load(file)["stations"]]
    return {station.code: station for station in found}


OPERATIONS: Final = (
    get("/v1/stations", list_stations, "All stations, and where to complain of each"),
    get("/v1/office/stations", list_stations_to_officer, "All stations, for officers"),
)

"""The kiosks of the bureau as their heartbeats tell them (设备监控): state, consumables, open cases.

A heartbeat says how a kiosk is now and replaces the one before; what happened comes as events, through the
kiosk's outbox. A kiosk that missed three beats is offline, whatever it said last.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints
from sqlalchemy import Connection, Table, insert, select, update

from simulators.back_office.contract import Line, Number, OptionalLine, Part
from simulators.back_office.desk import Office
from simulators.back_office.operation import get, post
from simulators.back_office.reports import events
from simulators.back_office.roles import Officer
from simulators.back_office.store import find, key, metadata, moment, stamp, text, values

BEAT_S: Final = 30
MISSED: Final = 3
"""So many beats a kiosk may miss, each up to a fifth late."""

kiosks: Final = Table("kiosks", metadata, key("kiosk"), text("first_at"), text("last_at"), values("beat"))

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,39}$")]


class DeviceState(Part):
    """A device as its kiosk sees it; ``fault`` is its word, "" for none."""

    device: Number
    state: Word
    fault: OptionalLine = ""


class StockLevel(Part):
    """A consumable or a bin: XFS4IoT's word for how full it is, and when it ends if it goes on like this."""

    unit: Number
    level: Word
    count: Count | None = None
    ends: OptionalLine = ""


class Beat(Part):
    """How a kiosk is now."""

    state: Literal["in-service", "serving", "maintenance", "out-of-service"]
    version: Line
    configuration: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,64}$")]
    """The digest of its settings."""

    boot: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{1,36}$")]
    devices: Annotated[list[DeviceState], Field(max_length=40)]
    stocks: Annotated[list[StockLevel], Field(max_length=40)]
    open_effects: Count
    """Acts whose outcome is still asked about."""

    letters_waiting: Count
    disk_free_mb: Count
    journal_number: Count


class Beaten(Part):
    """``next_s`` is when to beat again. Orders to a kiosk, and its wanted configuration, will stand here."""

    next_s: int


class Kiosk(Part):
    """``open_cases`` are cases that staff have to see to."""

    kiosk: str
    online: bool
    last_at: datetime
    beat: Beat
    open_cases: list[str]


class Kiosks(Part):
    kiosks: list[Kiosk]


def take_beat(db: Connection, office: Office, kiosk: Number, beat: Beat) -> Beaten:
    """Keep the beat in place of the one before."""
    now, told = stamp(office.now()), beat.model_dump(mode="json")
    if find(db, kiosks.c.kiosk, kiosk, lock=True) is None:
        db.execute(insert(kiosks).values(kiosk=kiosk, first_at=now, last_at=now, beat=told))
    else:
        db.execute(update(kiosks).where(kiosks.c.kiosk == kiosk).values(last_at=now, beat=told))
    return Beaten(next_s=BEAT_S)


def show_kiosks(db: Connection, office: Office, officer: Officer) -> Kiosks:
    """List every kiosk that ever beat, those in trouble first."""
    silent = office.now() - timedelta(seconds=BEAT_S * 1.2 * MISSED)
    open_cases: dict[str, list[str]] = {}
    told = select(events.c.case_no).where(events.c.kind == "escalation").distinct()
    for case_no in db.scalars(told.order_by(events.c.case_no)):
        if case_no:
            open_cases.setdefault(case_no.partition("-")[0], []).append(case_no)
    found = [
        Kiosk(
            kiosk=row["kiosk"],
            online=moment(row["last_at"]) >= silent,
            last_at=moment(row["last_at"]),
            beat=Beat.model_validate_json(json.dumps(row["beat"])),
            open_cases=open_cases.get(row["kiosk"], []),
        )
        for row in db.execute(select(kiosks)).mappings()
    ]
    return Kiosks(kiosks=sorted(found, key=_calm))


def _calm(kiosk: Kiosk) -> tuple[bool, bool, str]:
    return kiosk.online, kiosk.beat.state == "in-service", kiosk.kiosk


OPERATIONS: Final = (
    post("/v1/kiosks/{kiosk}/heartbeat", take_beat, "How a kiosk is now", keyed=False),
    get("/v1/office/kiosks", show_kiosks, "Every kiosk: state, consumables, open cases"),
)

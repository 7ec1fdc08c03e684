"""Whether the back office works (心跳检测)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from simulators.back_office.contract import Part
from simulators.back_office.desk import Office
from simulators.back_office.operation import get


class Health(Part):
    now: datetime
    ready: bool


def show_health(db: Connection, office: Office) -> Health:
    """Answer with the time, having asked the database something."""
    db.execute(text("SELECT 1"))
    return Health(now=office.now(), ready=True)


OPERATIONS: Final = (get("/v1/health", show_health, "Whether the back office works, and its time"),)

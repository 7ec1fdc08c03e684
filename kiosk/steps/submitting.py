"""Submitting: what the back office does to a case at the kiosk's word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kiosk.http import Refused
from kiosk.journal.fields import word
from kiosk.journal.journal import Act
from kiosk.journal.records import Body
from kiosk.visit import Visit


@asynccontextmanager
async def submitting(visit: Visit, kind: str, part: str, *, before: Body) -> AsyncIterator[Act]:
    """Commit the intent, let the body ask the office, commit what came of it.

    ``part`` tells the effect from others of the case: its key is ``<case>:<part>``. What the office refuses
    (``http.Refused``) has failed, with the office's code; after any other exception it is unknown, and
    recovery asks. The exception goes on. The time is the office's.
    """
    key = f"{visit.case_no}:{part}"
    async with visit.house.journal.acting(visit.number, kind, key, before=before) as act:
        try:
            with visit.meter.devices():
                yield act
        except Refused as refused:
            act.failed(code=word(refused.code))
            raise

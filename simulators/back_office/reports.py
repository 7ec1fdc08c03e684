"""What kiosks tell unasked: ratings, retained permits, cases that staff must see to, heartbeats."""

from __future__ import annotations

import logging
from typing import Final

from pydantic import ValidationError
from sqlalchemy import Connection, insert, select

from simulators.back_office.acceptance import note
from simulators.back_office.contract import Event, Events, EventsTaken, Outcome
from simulators.back_office.decision import record_outcome
from simulators.back_office.desk import Office, Refused
from simulators.back_office.store import cases, events, stamp

OUTCOME: Final = "endorsement-outcome"

log = logging.getLogger(__name__)


def take_events(office: Office, told: Events) -> EventsTaken:
    """Keep every event once, by its id; one that is known is accepted again and kept as it was."""
    with office.store.begin() as db:
        ids = [event.id for event in told.events]
        known = set(db.scalars(select(events.c.id).where(events.c.id.in_(ids))))
        for event in told.events:
            if event.id in known:
                continue
            known.add(event.id)
            db.execute(
                insert(events).values(
                    id=event.id,
                    at=stamp(event.at),
                    received_at=stamp(office.now()),
                    kind=event.kind,
                    case_no=event.case_no,
                    body=event.body,
                )
            )
            if event.case_no is not None and event.kind != "heartbeat":
                found = db.execute(select(cases.c.case_no).where(cases.c.case_no == event.case_no)).first()
                if found is not None:
                    note(db, office, event.case_no, event.kind, event.id)
            if event.kind == OUTCOME:
                _late_outcome(db, office, event)
    return EventsTaken(accepted=ids)


def _late_outcome(db: Connection, office: Office, event: Event) -> None:
    """Do what the outcome's own operation would have done, had it been reached."""
    body = event.body
    try:
        outcome = Outcome(outcome=body["status"], chip=body["chip"], strip=body["strip"])
        record_outcome(db, office, str(body["approval_no"]), outcome)
    except (KeyError, ValidationError, Refused) as error:
        # Kept all the same: an event that contradicts what is known is for people to look at.
        log.warning("event %s: outcome not taken: %s", event.id, error)

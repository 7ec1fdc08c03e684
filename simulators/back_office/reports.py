"""What kiosks tell unasked: ratings, retained permits, cases that staff must see to, heartbeats."""

from __future__ import annotations

from sqlalchemy import insert, select

from simulators.back_office.acceptance import note
from simulators.back_office.contract import Events, EventsTaken
from simulators.back_office.desk import Office
from simulators.back_office.store import cases, events, stamp


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
    return EventsTaken(accepted=ids)

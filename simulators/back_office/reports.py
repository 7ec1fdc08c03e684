"""What kiosks tell unasked: ratings, retained permits, cases that staff must see to, heartbeats."""

from __future__ import annotations

import json
import logging
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints, ValidationError, field_validator
from sqlalchemy import Connection, Table, select

from simulators.back_office.acceptance import cases, note
from simulators.back_office.certificate_file import CertificateOutcome, take_certificate_outcome
from simulators.back_office.collection import Told, tell
from simulators.back_office.contract import CaseNo, Moment, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.endorsements import Outcome, take_outcome
from simulators.back_office.operation import post
from simulators.back_office.store import add, find, key, metadata, stamp, text, text_or_none, values

OUTCOME: Final = "endorsement-outcome"
CERTIFICATE_OUTCOME: Final = "certificate-outcome"
DOCUMENT_OUTCOME: Final = "document-outcome"

log = logging.getLogger(__name__)


events: Final = Table(
    "events",
    metadata,
    key("id"),
    text("at"),
    text("received_at"),
    text("kind"),
    text_or_none("case_no"),
    values("body"),
)


class Event(Part):
    """Something a kiosk tells. Kinds in use: rating, permit-retained, escalation, effect-failed,
    refunded-late (money of a visit that was over went back by itself: staff need not give it back),
    receipt-by-link, id-card-left, heartbeat, journal-head, endorsement-outcome, certificate-outcome,
    document-outcome, permit-surrendered, store-compared (all units of the store that hold something else
    than the register says, and why; none when they agree again);
    others are kept too, since one kind that is new must not hold up the rest.

    An ``…-outcome`` is one that could not be told at its time, and it is acted on. The body of an
    endorsement's has ``approval_no``, ``status`` (issued, failed), ``chip`` and ``strip``; that of a
    certificate's ``serial``, ``status`` (printed, void) and ``reason``; that of a document's from the store
    ``document_no``, ``status`` (issued, retained, missing, wrong) and ``code``.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:-]{1,64}$")]
    at: Moment
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{1,39}$")]
    case_no: CaseNo | None = None
    body: dict[str, Any]

    @field_validator("body")
    @classmethod
    def _is_json(cls, body: dict[str, Any]) -> dict[str, Any]:
        # NaN and Infinity pass the parser, but are no JSON and no database takes them.
        json.dumps(body, allow_nan=False)
        return body


class Events(Part):
    events: Annotated[list[Event], Field(min_length=1, max_length=500)]


class EventsTaken(Part):
    accepted: list[str]


def take_events(db: Connection, office: Office, told: Events) -> EventsTaken:
    """Keep every event once, by its id; one that is known is accepted again and kept as it was."""
    ids = [event.id for event in told.events]
    known = set(db.scalars(select(events.c.id).where(events.c.id.in_(ids))))
    for event in told.events:
        if event.id in known:
            continue
        known.add(event.id)
        add(
            db,
            events,
            id=event.id,
            at=stamp(event.at),
            received_at=stamp(office.now()),
            kind=event.kind,
            case_no=event.case_no,
            body=event.body,
        )
        known_case = event.case_no is not None and find(db, cases.c.case_no, event.case_no) is not None
        if event.case_no is not None and known_case and event.kind != "heartbeat":
            note(db, office, event.case_no, event.kind, event.id)
        if event.kind in (OUTCOME, CERTIFICATE_OUTCOME, DOCUMENT_OUTCOME):
            _late_outcome(db, office, event)
    return EventsTaken(accepted=ids)


def _late_outcome(db: Connection, office: Office, event: Event) -> None:
    """Do what the outcome's own operation would have done, had it been reached."""
    body = event.body
    try:
        if event.kind == CERTIFICATE_OUTCOME:
            printed = CertificateOutcome(outcome=body["status"], reason=str(body.get("reason", "")))
            take_certificate_outcome(db, office, str(body["serial"]), printed)
            return
        if event.kind == DOCUMENT_OUTCOME:
            told = Told(case_no=event.case_no or "", outcome=body["status"], detail=str(body.get("code", "")))
            tell(db, office, str(body["document_no"]), told)
            return
        outcome = Outcome(outcome=body["status"], chip=body["chip"], strip=body["strip"])
        take_outcome(db, office, str(body["approval_no"]), outcome)
    except (KeyError, ValidationError, Refused) as error:
        # Kept all the same: an event that contradicts what is known is for people to look at.
        log.warning("event %s: outcome not taken: %s", event.id, error)


OPERATIONS: Final = (
    post("/v1/events", take_events, "Tell what happened; each event is kept once by its id"),
)

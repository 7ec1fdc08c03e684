"""What the log says of the journal: each commit that staff or a monitor may want, without its evidence.

The journal is what counts; the log can be read without its key, and an alarm may rest on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.events import EventLog
from kiosk.journal import Event


@dataclass(frozen=True, slots=True)
class JournalLog:
    """Told of each commit by the journal, on its thread."""

    log: EventLog

    def __call__(self, event: Event) -> None:
        body = event.body
        match event.kind:
            case "effect-intended":
                self.log.event("effect-intended", visit=event.visit, effect=body["effect"])
            case "effect-concluded":
                self.log.event(
                    "effect-concluded", visit=event.visit, effect=body["effect"], outcome=body["state"]
                )
            case "identity-read":
                self.log.event("id-card-read", visit=event.visit)
            case "identity-compared":
                self.log.event(
                    "identity-compared", visit=event.visit, way=body["way"], outcome=body["verdict"]
                )
            case "rated":
                self.log.event("rating-given", visit=event.visit)
            case "store-compared":
                for one in body["parts"]:
                    self.log.event(
                        "unit-out-of-service", device=body["device"], unit=one["unit"], reason=one["reason"]
                    )
                if not body["parts"]:
                    self.log.event("store-agrees", device=body["device"])
            case "escalated":
                self.log.event(
                    "case-escalated",
                    visit=event.visit,
                    reason=body.get("reason"),
                    device=body.get("device"),
                    code=body.get("code") or None,
                )

"""The whole client: what is asked for every service, on top of orders and endorsements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.http import Refused
from kiosk.journal.records import PostedLetter
from kiosk.platform.endorsements import Endorsements
from kiosk.platform.line import digest_of, path_part
from kiosk.platform.orders import Orders


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the back office works, and by how many seconds our clock is ahead of its."""

    ready: bool
    ahead_s: float


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the back office knows it; ``approval_no`` is "" while there is none."""

    case_no: str
    state: str
    service: str
    approval_no: str
    history: tuple[Mapping[str, Any], ...]


class Platform(Orders, Endorsements):
    """See the package."""

    async def health(self) -> Health:
        """Ask the back office how it is and what time it has; one exchange, no retry.

        Its time is taken for that of the middle of the exchange.
        """
        asked = self._clock.wall()

        def read(value: Any) -> Health:
            middle = asked + (self._clock.wall() - asked) / 2
            ahead = middle - datetime.fromisoformat(value["now"])
            return Health(bool(value["ready"]), ahead.total_seconds())

        return await self.get("/v1/health", read, deadline_s=0)

    async def open_case(
        self, case_no: str, service: str, *, opened_at: datetime, permit_number: str = ""
    ) -> str:
        """Open a case; return its state."""
        body: dict[str, Any] = {
            "case_no": case_no,
            "kiosk": self._kiosk,
            "service": service,
            "opened_at": opened_at.isoformat(),
        }
        if permit_number:
            body["permit_number"] = permit_number
        return await self.post("/v1/cases", body, f"{case_no}:open", lambda value: str(value["state"]))

    async def case(self, case_no: str, *, deadline_s: float | None = None) -> Case | None:
        """Return a case as the back office knows it, None when it never heard of it."""
        try:
            return await self.get(f"/v1/cases/{path_part(case_no)}", _case, deadline_s=deadline_s)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def send_letters(self, letters: Sequence[PostedLetter]) -> frozenset[str]:
        """Deliver letters; return the ids that were accepted. One exchange: the outbox retries."""
        events = []
        for posted in letters:
            event: dict[str, Any] = {"id": posted.id, "at": posted.at, "kind": posted.letter.kind}
            if posted.letter.case_no:
                event["case_no"] = posted.letter.case_no
            events.append({**event, "body": dict(posted.letter.body)})
        body = {"events": events}
        return await self.post(
            "/v1/events",
            body,
            f"events:{digest_of(body)}",
            lambda value: frozenset(str(name) for name in value["accepted"]),
            deadline_s=0,
        )


def _case(value: Any) -> Case:
    history = tuple(value["history"])
    # A step of the history is {at, step, detail}; the step "approved" has the approval's number first.
    approved = [str(entry["detail"]).split()[0] for entry in history if entry["step"] == "approved"]
    return Case(
        str(value["case_no"]),
        str(value["state"]),
        str(value["service"]),
        approved[-1] if approved else "",
        history,
    )

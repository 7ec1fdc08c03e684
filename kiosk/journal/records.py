"""What the journal holds and hands out: events, effects, visits, letters; and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

Body = Mapping[str, Any]
"""Plain JSON values without floats, under names that ``fields`` allows."""

MACHINE: Final = "machine"
"""The visit under which the machine notes what belongs to no person's visit."""


class EffectState(StrEnum):
    """What is known of an act that cannot be taken back."""

    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"  # known not to have happened
    UNKNOWN = "unknown"
    COMPENSATED = "compensated"  # undone: the money went back, the permit went back

    @property
    def resolved(self) -> bool:
        """Tell whether nothing is left to ask."""
        return self not in (EffectState.INTENDED, EffectState.UNKNOWN)


MAY_FOLLOW: Final[Mapping[EffectState, frozenset[EffectState]]] = {
    EffectState.INTENDED: frozenset(EffectState) - {EffectState.INTENDED},
    EffectState.UNKNOWN: frozenset(EffectState) - {EffectState.INTENDED, EffectState.UNKNOWN},
    EffectState.DONE: frozenset({EffectState.COMPENSATED}),
    EffectState.FAILED: frozenset(),
    EffectState.COMPENSATED: frozenset(),
}
"""Which states an effect may go to from each."""


class Outcome(StrEnum):
    """How a visit ended. Exactly one."""

    DELIVERED = "delivered"
    REFUNDED = "refunded"
    ESCALATED = "escalated"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class JournalRefused(Exception):
    """The journal can't be used, or takes no new visit.

    ``code``: ``sqlite-too-old``, ``key-missing``, ``key-mode``, ``key-length``, ``wrong-key`` (or the
    first page is damaged: no one can tell the two apart), ``damaged``, ``chain-broken``,
    ``schema-unknown``, ``in-use`` (another process writes it), ``disk-low``.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class JournalFailed(Exception):
    """A write was not committed (disk full, read-only, I/O error): what it says did not happen.

    Only when the disk refuses everything from then on may the next start find that one write after all.
    """


class AlreadyIntended(Exception):
    """An effect with this kind and key is in the journal already: it must not be begun again."""


class NotAllowed(ValueError):
    """A body names a field, or holds a value, that the journal must not keep."""


@dataclass(frozen=True, slots=True)
class Intent:
    """The handle of an effect whose intent is committed. ``number`` is the event's number."""

    visit: str
    kind: str
    key: str
    number: int


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the chain. ``number`` counts over the whole journal, ``seq`` within the visit."""

    number: int
    visit: str
    seq: int
    kind: str
    body: Body
    wall: str
    mono_ns: int
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect as far as it is known: evidence before, and after once concluded."""

    intent: Intent
    state: EffectState
    before: Body
    after: Body

    @property
    def kind(self) -> str:
        return self.intent.kind

    @property
    def key(self) -> str:
        return self.intent.key

    @property
    def visit(self) -> str:
        return self.intent.visit


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """All that the journal knows of a visit. ``outcome`` is None while it is open."""

    visit: str
    service: str
    case_no: str
    opened: datetime
    outcome: Outcome | None
    reason: str
    events: tuple[Event, ...]
    effects: tuple[Effect, ...]

    def last(self, kind: str) -> Effect | None:
        """Return the newest effect of ``kind``, or None."""
        return next((effect for effect in reversed(self.effects) if effect.kind == kind), None)

    def every(self, kind: str) -> tuple[Effect, ...]:
        """Return the effects of ``kind``, oldest first."""
        return tuple(effect for effect in self.effects if effect.kind == kind)

    def was_done(self, effect: Effect) -> bool:
        """Tell whether ``effect`` was once known as done, whatever became of it then."""
        return any(
            event.kind == "effect-concluded"
            and (event.body["effect"], event.body["key"]) == (effect.kind, effect.key)
            and event.body["state"] == EffectState.DONE
            for event in self.events
        )

    def noted(self, kind: str) -> Event | None:
        """Return the newest event of ``kind``, or None."""
        return next((event for event in reversed(self.events) if event.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Letter:
    """Something the back office must be told, whenever it can be reached.

    ``kind`` is one of the event kinds of the back office's API: rating, permit-retained, escalation,
    effect-failed, refunded-late, receipt-by-link, heartbeat, journal-head.
    """

    kind: str
    body: Body = field(default_factory=dict)
    case_no: str = ""


@dataclass(frozen=True, slots=True)
class PostedLetter:
    """A letter in the outbox: ``id`` is the same for ever, ``at`` when it was posted (ISO 8601)."""

    ordinal: int
    id: str
    at: str
    letter: Letter


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of the chain. An empty journal has number 0 and the hash of its beginning."""

    number: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read ``number:hex``; raises ``ValueError``."""
        number, _, digest = text.partition(":")
        value = bytes.fromhex(digest)
        if len(value) != 32:
            raise ValueError(f"a head is number:64 hex digits, not {text!r}")
        return cls(int(number), value)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a verification found: how many events it read, the head, and each thing that is wrong.

    ``unfinished`` is what a power cut leaves and the next start puts right: half a commit in the log, a page
    torn in a checkpoint. A byte that somebody changed there looks the same; only a head known from before
    tells the two apart.
    """

    events: int
    head: Head
    faults: tuple[str, ...]
    unfinished: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return not self.faults

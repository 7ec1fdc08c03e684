"""The journal: what was about to happen, what happened, and what is still a question."""

from kiosk.journal.effects import KINDS, EffectKind, blocked
from kiosk.journal.journal import Act, Journal
from kiosk.journal.keys import read_key
from kiosk.journal.queries import Beside
from kiosk.journal.records import (
    MACHINE,
    AlreadyIntended,
    ChainReport,
    Effect,
    EffectState,
    Event,
    Head,
    Intent,
    JournalFailed,
    JournalRefused,
    Letter,
    NotAllowed,
    Outcome,
    PostedLetter,
    VisitRecord,
)

__all__ = [
    "KINDS",
    "MACHINE",
    "Act",
    "AlreadyIntended",
    "Beside",
    "ChainReport",
    "Effect",
    "EffectKind",
    "EffectState",
    "Event",
    "Head",
    "Intent",
    "Journal",
    "JournalFailed",
    "JournalRefused",
    "Letter",
    "NotAllowed",
    "Outcome",
    "PostedLetter",
    "VisitRecord",
    "blocked",
    "read_key",
]

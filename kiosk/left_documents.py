"""Documents left in the output tray (遗留文件): noted, and no more printed until staff have cleared it.

No sensor watches the tray. What came out is taken when its holder has said so; everything else counts as
left, and the next person must not come upon it. A sheet that was moved for a job that failed counts too: half
printed, it lies in the tray or in the printer, and names somebody. The journal's notes say so, and hold
across a restart.
"""

from __future__ import annotations

from typing import Final, Protocol

from kiosk.journal import MACHINE, Effect, EffectState, Event, Journal, Letter, VisitRecord, blocked
from kiosk.journal.effects import PRINT_DOCUMENT
from kiosk.store_units import name_of, units_out

PRINTER: Final = "document_printer"
LEFT, TAKEN, CLEARED = "documents-left", "documents-taken", "documents-cleared"
"""The journal's notes: the first of the machine and of the visit, then of the visit, then of the machine."""
MEDIA_PRESENT: Final = "mediaPresent"
"""The word for a printer in whose tray something lies (XFS4IoT's ``media`` of a printer is ``present``)."""
UNRESOLVED: Final = "unresolvedEffect"
JAMMED: Final = "paperJammed"
"""The printer's word for a sheet that did not come out."""


class Book(Protocol):
    """What is asked of the journal, whether this kiosk writes it or nobody does."""

    async def newest_note(self, kind: str) -> Event | None: ...

    async def unresolved(self) -> tuple[Effect, ...]: ...


def printed(record: VisitRecord) -> frozenset[str]:
    """Return the numbers of the copies that came out."""
    done = (effect for effect in record.every(PRINT_DOCUMENT) if effect.state is EffectState.DONE)
    return frozenset(str(effect.before["serial"]) for effect in done)


def spoilt(record: VisitRecord) -> int:
    """Return for how many jobs that failed paper was moved: the counter says so, or the word of a jam."""
    return sum(
        _moved_paper(effect) for effect in record.every(PRINT_DOCUMENT) if effect.state is EffectState.FAILED
    )


def _moved_paper(effect: Effect) -> bool:
    before, after = effect.before.get("sheets"), effect.after.get("sheets")
    counted = before is not None and after is not None and after > before
    return counted or effect.after.get("code") == JAMMED


def copies_unseen(record: VisitRecord) -> int:
    """Return how many came out, spoilt ones too, if nobody has taken, or noted as left, so many; else 0."""
    out = len(printed(record)) + spoilt(record)
    seen_to = (record.noted(TAKEN), record.noted(LEFT))
    seen = max((int(note.body["copies"]) for note in seen_to if note is not None), default=0)
    return out if out > seen else 0


async def note_if_left(journal: Journal, record: VisitRecord) -> bool:
    """Note, and tell the back office, that copies of a visit lie in the tray; tell whether that is new.

    To be called when the holder stands there no longer, as often as one likes: the visit's own note counts
    the copies that were seen to, so that one that turns out to have come later is noted by itself.
    """
    out = copies_unseen(record)
    if not out:
        return False
    # The machine's note goes first: a power cut between the two tells twice rather than never.
    letter = Letter("documents-left", case_no=record.case_no)
    await journal.note(MACHINE, LEFT, letter=letter, device=PRINTER, case_no=record.case_no)
    await journal.note(record.visit, LEFT, copies=out)
    return True


async def in_the_tray(journal: Book) -> Event | None:
    """Return the note of documents that staff have not cleared away yet, or None."""
    left, cleared = await journal.newest_note(LEFT), await journal.newest_note(CLEARED)
    return left if left is not None and (cleared is None or cleared.number < left.number) else None


async def note_cleared(journal: Journal) -> None:
    """Note that somebody has looked: the tray is empty."""
    await journal.note(MACHINE, CLEARED, device=PRINTER)


async def kept_out(journal: Book) -> dict[str, str]:
    """Return what stays out of service by the journal, and the word for why.

    Devices, payment channels, units of the store.
    """
    words = dict.fromkeys(blocked(await journal.unresolved()), UNRESOLVED)
    if await in_the_tray(journal) is not None:
        words[PRINTER] = MEDIA_PRESENT
    words |= {name_of(unit): why.value for unit, why in (await units_out(journal)).items()}
    return words

"""What a page printer does with documents: jobs one after the other, pages, paper, toner, trouble.

Nothing happens between two looks at it: ``advance`` does what has become due since the last one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

import pypdfium2

from simulators.faults import Faults, Order
from simulators.level import Level

NAME: Final = "document_printer"
OPERATIONS: Final = ("print_job", "page", "cancel_job", "job", "jobs", "status")
STATES: Final[Mapping[str, str]] = {
    "paperLow": "the tray is nearly empty",
    "paperOut": "the tray is empty: printing stops until paper is put in",
    "paperJam": "a sheet is stuck: printing stops until it is pulled out, and the page is printed again",
    "tonerLow": "the toner is nearly empty",
    "tonerOut": "the toner is empty: printing stops until it is changed",
    "coverOpen": "the cover is open: printing stops until it is closed",
    "outputFull": "the output tray is full: printing stops until it is emptied",
    "fuserFault": "the fuser is too hot: printing stops",
    "wasteFull": "the waste toner box is full: printing stops until it is changed",
    "shuttingDown": "the printer goes off by itself: printing stops",
    "paused": "somebody paused the printer at its panel",
    "trayEmpty": "a second tray is empty, the printer goes on from the first",
}
"""Faults that are states, whether they stand from the start or strike at a page."""

REASONS: Final[Mapping[str, str]] = {
    "paperLow": "media-low-warning",
    "paperOut": "media-empty-error",
    "paperJam": "media-jam-error",
    "tonerLow": "toner-low-warning",
    "tonerOut": "toner-empty-error",
    "coverOpen": "cover-open-error",
    "outputFull": "output-area-full-error",
    "fuserFault": "fuser-over-temp-error",
    "wasteFull": "marker-waste-full-error",
    "shuttingDown": "shutdown-error",
    "paused": "paused",
    "trayEmpty": "media-empty-report",
}
_STOPS: Final = (
    "paperOut", "paperJam", "tonerOut", "coverOpen", "outputFull", "fuserFault", "wasteFull", "shuttingDown",
    "paused",
)  # fmt: skip
FIRST_PAGE_S: Final = 8.0
PAGE_S: Final = 2.5
DOTS_PER_INCH: Final = 100
PENDING, HELD, PROCESSING, STOPPED, CANCELED, ABORTED, COMPLETED = 3, 4, 5, 6, 7, 8, 9
IDLE: Final = 3
_PDFIUM: Final = threading.Lock()  # it may be used by one thread at a time


@dataclass
class Job:
    """A job; ``created_s`` and its like are monotonic seconds."""

    number: int
    name: str
    user: str
    document: bytes
    pages: int
    created_s: float
    state: int = PENDING
    reasons: tuple[str, ...] = ("none",)
    printed: int = 0
    begun_s: float | None = None
    ended_s: float | None = None
    page_due_s: float = field(default=0.0, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A printed side: which job's, its number from 0, and the document it came from."""

    job: int
    name: str
    number: int
    document: bytes = field(repr=False)

    def png(self, dots_per_inch: int = DOTS_PER_INCH) -> bytes:
        """Return the side as a picture."""
        with _PDFIUM:
            pdf = pypdfium2.PdfDocument(self.document)
            try:
                picture = pdf[self.number].render(scale=dots_per_inch / 72, grayscale=True).to_pil()
            finally:
                pdf.close()
        out = BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    def text(self) -> str:
        """Return the side's text as the document has it."""
        with _PDFIUM:
            pdf = pypdfium2.PdfDocument(self.document)
            try:
                said: str = pdf[self.number].get_textpage().get_text_bounded()
            finally:
                pdf.close()
        return said


class Press:
    """The jobs and the paper; for any thread."""

    def __init__(self, level: Level, faults: Faults) -> None:
        self._level = level
        self._faults = faults
        self._lock = threading.RLock()
        self._struck: set[str] = set()
        self._jobs: list[Job] = []
        self._pages: list[Page] = []
        self._in_tray = 0
        self._sides = 0
        self._next = 1

    # --- what a person does ---

    def mend(self, *states: str) -> None:
        """Put right what is wrong: the states are over, also those that were ordered."""
        with self._lock:
            self.advance()
            self._struck -= set(states)
            for state in states:
                self._faults.clear(NAME, state)
            self.advance()

    def strike(self, state: str) -> None:
        """Let something be wrong from now on."""
        with self._lock:
            self.advance()
            self._struck.add(state)

    def take(self) -> None:
        """Take what lies in the output tray."""
        with self._lock:
            self.mend("outputFull")
            self._in_tray = 0

    def reset(self) -> None:
        """Begin anew: nothing printed, nothing wrong; the life's count stays."""
        with self._lock:
            self._struck.clear()
            self._jobs.clear()
            self._pages.clear()
            self._in_tray = 0

    def restart(self) -> None:
        """Switch the printer off and on: its jobs are forgotten and their numbers begin anew."""
        with self._lock:
            self.advance()
            self._jobs.clear()
            self._next = 1

    @property
    def pages(self) -> list[Page]:
        """The sides printed so far, oldest first."""
        with self._lock:
            self.advance()
            return list(self._pages)

    @property
    def in_tray(self) -> int:
        with self._lock:
            self.advance()
            return self._in_tray

    @property
    def sides(self) -> int:
        """How many sides the printer has printed in its life."""
        with self._lock:
            self.advance()
            return self._sides

    def trouble(self) -> set[str]:
        """Return the states that are not as they should be."""
        with self._lock:
            return self._struck | (set(self._faults.standing(NAME)) & set(STATES))

    # --- what the protocol asks for ---

    def add(self, name: str, user: str, document: bytes, *, held: bool = False) -> Job:
        """Take a document; one that cannot be read ends as aborted at once, one ``held`` waits for good."""
        with self._lock:
            self.advance()
            now = time.monotonic()
            job = Job(self._next, name, user, document, _pages(document), now)
            self._next += 1
            self._jobs.append(job)
            if job.pages == 0:
                self._end(job, ABORTED, "document-format-error")
            elif held:
                job.state, job.reasons = HELD, ("job-hold-until-specified",)
            self.advance()
            return job

    def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""
        with self._lock:
            self.advance()
            return list(self._jobs)

    def job(self, number: int) -> Job | None:
        return next((job for job in self.jobs() if job.number == number), None)

    def cancel(self, job: Job) -> bool:
        """End a job; False when it has ended already."""
        with self._lock:
            self.advance()
            if job.state >= CANCELED:
                return False
            self._end(job, CANCELED, "job-canceled-by-user")
            self.advance()
            return True

    def state(self) -> int:
        """Return ``printer-state``: 3 idle, 4 processing, 5 stopped."""
        with self._lock:
            self.advance()
            if self.stopped:
                return 5
            return 4 if self._waiting() else IDLE

    def reasons(self) -> list[str]:
        trouble = self.trouble()
        return [reason for state, reason in REASONS.items() if state in trouble]

    @property
    def stopped(self) -> bool:
        return bool(self.trouble() & set(_STOPS))

    def advance(self) -> None:
        """Print what has become due."""
        with self._lock:
            while waiting := self._waiting():
                job = waiting[0]
                if self.stopped:
                    job.state = STOPPED if job.begun_s is not None else PENDING
                    job.reasons = ("printer-stopped",)
                    return
                now = time.monotonic()
                if job.state != PROCESSING:
                    self._begin(job, now)
                if now < job.page_due_s or "stuck" in self._faults.standing(NAME):
                    return
                self._print_page(job)

    # --- inside ---

    def _waiting(self) -> list[Job]:
        return [job for job in self._jobs if job.state < CANCELED and job.state != HELD]

    def _begin(self, job: Job, now: float) -> None:
        """Start a job, or go on with one that had stopped: the page is printed anew."""
        took_s = PAGE_S if job.begun_s is not None else FIRST_PAGE_S
        job.begun_s = now if job.begun_s is None else job.begun_s
        job.state, job.reasons = PROCESSING, ("job-printing",)
        job.page_due_s = now + self._level.seconds(took_s)

    def _print_page(self, job: Job) -> None:
        struck = self._faults.take(NAME, "page")
        if struck is not None and struck.fault in STATES:
            self._faults.arm(Order(NAME, struck.fault))
            return
        if struck is not None and struck.fault == "aborts":
            self._end(job, ABORTED, "aborted-by-system")
            return
        self._pages.append(Page(job.number, job.name, job.printed, job.document))
        job.printed += 1
        job.page_due_s += self._level.seconds(PAGE_S)
        self._sides += 1
        self._in_tray += 1
        if job.printed == job.pages:
            self._end(job, COMPLETED, "job-completed-successfully")

    def _end(self, job: Job, state: int, reason: str) -> None:
        job.state, job.reasons, job.ended_s = state, (reason,), time.monotonic()


def _pages(document: bytes) -> int:
    """Return how many pages a PDF has, 0 when it is none."""
    with _PDFIUM:
        try:
            pdf = pypdfium2.PdfDocument(document)
        except pypdfium2.PdfiumError:
            return 0
        try:
            return len(pdf)
        finally:
            pdf.close()

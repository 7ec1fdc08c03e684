"""What the document printer tells of itself and its jobs, and the wishes it fulfils (RFC 8011 5.2 to 5.4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final

from simulators.devices import ipp_attributes as ipp
from simulators.devices.document_press import CANCELED, Job, Press

PATH: Final = "/ipp/print"
FORMAT: Final = "application/pdf"
FORMATS: Final = (FORMAT, "application/octet-stream")
MEDIA: Final = ("iso_a4_210x297mm", "iso_a5_148x210mm")
SIDES: Final = ("one-sided",)
MAKER, MODEL, FIRMWARE, SERIAL = "OPEN BENCH", "SIM-Laser A4", "1.00", "DP9900001"
WHICH_JOBS: Final[Mapping[str, Callable[[Job], bool]]] = {
    "completed": lambda job: job.state >= CANCELED,
    "not-completed": lambda job: job.state < CANCELED,
}
"""Jobs that Get-Jobs lists, by the value of ``which-jobs``."""


class Operation(IntEnum):
    """The operations that it knows, with their codes (RFC 8011 5.4.15)."""

    PRINT_JOB = 0x02
    VALIDATE_JOB = 0x04
    CANCEL_JOB = 0x08
    GET_JOB_ATTRIBUTES = 0x09
    GET_JOBS = 0x0A
    GET_PRINTER_ATTRIBUTES = 0x0B


class PrinterAttributes:
    """The attributes of a printer that goes by ``uri``, and of what is in its press."""

    def __init__(self, press: Press) -> None:
        self.uri = f"ipp://127.0.0.1{PATH}"
        self._press = press
        self._started_s = time.monotonic()

    def begin_anew(self) -> None:
        """Count the printer's life from now."""
        self._started_s = time.monotonic()

    def of_job(self, job: Job) -> ipp.Pairs:
        """Describe a job."""
        return {
            "job-id": ipp.integer(job.number),
            "job-uri": ipp.uri(f"{self.uri}/{job.number}"),
            "job-printer-uri": ipp.uri(self.uri),
            "job-name": ipp.name(job.name),
            "job-originating-user-name": ipp.name(job.user),
            "job-state": ipp.enum(job.state),
            "job-state-reasons": ipp.keyword(*job.reasons),
            "job-impressions": ipp.integer(job.pages),
            "job-impressions-completed": ipp.integer(job.printed),
            "job-media-sheets-completed": ipp.integer(job.printed),
            "job-k-octets": ipp.integer((len(job.document) + 1023) // 1024),
            "job-printer-up-time": ipp.integer(self._up_s(time.monotonic())),
            "time-at-creation": ipp.integer(self._up_s(job.created_s)),
            "time-at-processing": self._moment(job.begun_s),
            "time-at-completed": self._moment(job.ended_s),
        }

    def of_printer(self, *, accepting: bool) -> ipp.Pairs:
        """Describe the printer, which takes jobs or, as somebody told it, takes none."""
        state = self._press.state()
        waiting = [job for job in self._press.jobs() if job.state < CANCELED]
        return {
            "printer-uri-supported": ipp.uri(self.uri),
            "uri-security-supported": ipp.keyword("none"),
            "uri-authentication-supported": ipp.keyword("requesting-user-name"),
            "printer-name": ipp.name("document-printer"),
            "printer-info": ipp.text("Simulated document printer"),
            "printer-location": ipp.text(""),
            "printer-make-and-model": ipp.text(f"{MAKER} {MODEL}"),
            "printer-device-id": ipp.text(f"MFG:{MAKER};MDL:{MODEL};CMD:PDF;SN:{SERIAL};"),
            "printer-firmware-string-version": ipp.text(FIRMWARE),
            "printer-more-info": ipp.uri(self.uri.replace("ipp:", "http:", 1)),
            "printer-uuid": ipp.uri("urn:uuid:6f70656e-0000-4000-8000-006b696f736b"),
            "printer-state": ipp.enum(state),
            "printer-state-reasons": ipp.keyword(*(self._press.reasons() or ["none"])),
            "printer-state-message": ipp.text(""),
            "printer-is-accepting-jobs": ipp.boolean(accepting),
            "printer-up-time": ipp.integer(self._up_s(time.monotonic())),
            "printer-impressions-completed": ipp.integer(self._press.sides),
            "printer-media-sheets-completed": ipp.integer(self._press.sides),
            "queued-job-count": ipp.integer(len(waiting)),
            "ipp-versions-supported": ipp.keyword("1.1", "2.0"),
            "operations-supported": ipp.enum(*Operation),
            "charset-configured": ipp.charset("utf-8"),
            "charset-supported": ipp.charset("utf-8"),
            "natural-language-configured": ipp.language("en"),
            "generated-natural-language-supported": ipp.language("en"),
            "document-format-default": ipp.mime(FORMAT),
            "document-format-supported": ipp.mime(*FORMATS),
            "compression-supported": ipp.keyword("none"),
            "pdl-override-supported": ipp.keyword("attempted"),
            "which-jobs-supported": ipp.keyword(*WHICH_JOBS),
            "color-supported": ipp.boolean(False),
            "pages-per-minute": ipp.integer(24),
            "copies-default": ipp.integer(1),
            "copies-supported": ipp.between(1, 1),
            "finishings-default": ipp.enum(3),
            "finishings-supported": ipp.enum(3),
            "media-default": ipp.keyword(MEDIA[0]),
            "media-ready": ipp.keyword(MEDIA[0]),
            "media-supported": ipp.keyword(*MEDIA),
            "orientation-requested-default": ipp.enum(3),
            "orientation-requested-supported": ipp.enum(3),
            "output-bin-default": ipp.keyword("face-down"),
            "output-bin-supported": ipp.keyword("face-down"),
            "print-quality-default": ipp.enum(4),
            "print-quality-supported": ipp.enum(4),
            "printer-resolution-default": ipp.dots(600),
            "printer-resolution-supported": ipp.dots(600),
            "sides-default": ipp.keyword(SIDES[0]),
            "sides-supported": ipp.keyword(*SIDES),
        }

    def _up_s(self, at_s: float) -> int:
        """Return a time as seconds of the printer's life, which begins with 1."""
        return max(1, int(at_s - self._started_s) + 1)

    def _moment(self, at_s: float | None) -> list[ipp.Value]:
        return ipp.no_value() if at_s is None else ipp.integer(self._up_s(at_s))


def possible(name: str, values: list[ipp.Value]) -> bool:
    """Tell whether a wish for a job can be fulfilled."""
    number = int.from_bytes(values[0][1], "big")
    match name:
        case "copies":
            return number == 1
        case "media":
            return values[0][1].decode("utf-8", errors="replace") in MEDIA
        case "sides":
            return values[0][1].decode("utf-8", errors="replace") in SIDES
        case "print-quality":
            return number == 4
        case "orientation-requested" | "finishings":
            return number == 3
        case _:
            return False

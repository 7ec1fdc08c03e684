"""Driver of a page printer over IPP (RFC 8010 and 8011).

A job carries the name that the kiosk gave it, which is how it is found again after an answer was lost or
either side was restarted: numbers begin anew in many printers. Printed means that the printer says
``completed``; how many sides and sheets it counted stands beside it. Nothing is handed to a printer that
has a fault, so that new paper does not bring out a document after its holder has gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

from devices.base import Capabilities, DeviceError, Fault, StaffAction, Status
from devices.counting import WireCounts
from devices.document_printer.exchange import Address, NoAnswer, NotReached, post
from devices.document_printer.messages import (
    Answer,
    Attribute,
    Attributes,
    BadMessage,
    Group,
    Operation,
    Tag,
    answer,
    request,
)
from devices.document_printer.reasons import status_from
from devices.interfaces import PrintJob, PrintState
from devices.link import Link
from devices.recording import tapped
from devices.socket_link import SocketLink
from devices.wired import status_of

NAME: Final = "document_printer"
USER: Final = "kiosk"
IMPRESSIONS: Final = "printer-impressions-completed"
SHEETS: Final = "printer-media-sheets-completed"
_ANSWER_S: Final = 2.0
_DOCUMENT_S: Final = 10.0
_LONGEST_NAME: Final = 127
_ONLY_PASSED_ON: Final = "queued-in-device"  # completed, but another device has yet to print it
_NOT_POSSIBLE, _NOT_FOUND, _GONE = 0x0404, 0x0406, 0x0407
_STATUS: Final = ("printer-state", "printer-state-reasons", "printer-is-accepting-jobs")
_JOB: Final = (
    "job-id", "job-name", "job-state", "job-state-reasons",
    "job-impressions-completed", "job-media-sheets-completed",
)  # fmt: skip
_IDENTITY: Final = ("printer-make-and-model", "printer-device-id", "printer-firmware-string-version")
_STATES: Final[Mapping[int, PrintState]] = {
    3: PrintState.PENDING,
    4: PrintState.HELD,
    5: PrintState.PROCESSING,
    6: PrintState.STOPPED,
    7: PrintState.CANCELED,
    8: PrintState.ABORTED,
    9: PrintState.COMPLETED,
}
_REFUSALS: Final[Mapping[int, tuple[str, StaffAction]]] = {
    0x0401: ("configuration", StaffAction.CONFIGURATION),  # forbidden
    0x0402: ("configuration", StaffAction.CONFIGURATION),  # not authenticated
    0x0403: ("configuration", StaffAction.CONFIGURATION),  # not authorised
    0x0406: ("configuration", StaffAction.CONFIGURATION),  # no printer at this path
    0x0408: ("unsupportedData", StaffAction.CONFIGURATION),  # document too large
    0x040A: ("unsupportedData", StaffAction.CONFIGURATION),  # it takes no PDF
    0x040B: ("unsupportedData", StaffAction.CONFIGURATION),  # no A4, or the like
    0x0411: ("unsupportedData", StaffAction.CONFIGURATION),  # it cannot read the document
    0x0502: ("deviceBusy", StaffAction.SUSPEND),
    0x0504: ("hardwareError", StaffAction.RESET),
    0x0505: ("deviceBusy", StaffAction.SUSPEND),
    0x0506: ("deviceBusy", StaffAction.SUSPEND),  # takes no jobs
    0x0507: ("deviceBusy", StaffAction.SUSPEND),
}


class IppPrinter:
    """``interfaces.DocumentPrinter`` at an ``ipp:`` URL; raises ``ValueError`` for another one.

    ``answer_s`` is how long an answer may take, ``document_s`` the one to a document. ``link`` is the wire to
    that address, TCP unless given; the URL's query may name a trace (``recording.tapped``).
    """

    def __init__(
        self,
        url: str,
        media: str = "iso_a4_210x297mm",
        name: str = NAME,
        answer_s: float = _ANSWER_S,
        document_s: float = _DOCUMENT_S,
        link: Link | None = None,
    ) -> None:
        self.name = name
        self._answer_s: Final = answer_s
        self._document_s: Final = document_s
        self._address: Final = Address(url)
        self._link: Final = link or tapped(url, SocketLink(self._address.host, self._address.port))
        self._media: Final = media
        self._numbers: dict[str, int] = {}
        self._request_ids: Final = count(1)
        self._counts: Final = WireCounts()

    def open(self) -> None:
        """Ask for the status once; raises ``Fault`` when no printer answers."""
        self._status()

    def close(self) -> None:
        """Do nothing: every exchange has a connection of its own."""

    def status(self) -> Status:
        """Return paper, toner, cover and output; silence, or a state that is none, is a fault."""
        try:
            return self._status()
        except DeviceError as error:
            return status_of(error)

    def capabilities(self) -> Capabilities:
        """Ask who made the printer; what it does not tell stays ""."""
        told = self._printer(_IDENTITY)
        model = _text(told, "printer-make-and-model")
        pairs = (field.partition(":") for field in _text(told, "printer-device-id").split(";"))
        device = {key.strip().upper(): value.strip() for key, _, value in pairs}
        return Capabilities(
            maker=device.get("MFG", "") or device.get("MANUFACTURER", ""),
            model=model or device.get("MDL", ""),
            firmware=_text(told, "printer-firmware-string-version"),
            serial=device.get("SN", "") or device.get("SERN", ""),
            more={"media": self._media},
        )

    def reset(self) -> None:
        """Cancel what the kiosk has left in the printer; raises ``Fault`` if trouble stays."""
        for job in self._jobs("not-completed"):
            self._cancel(self._integer(job, "job-id"))
        self._numbers.clear()
        self._require(self._status())

    def counters(self) -> Mapping[str, int]:
        """Return the sides and sheets of the printer's whole life, as far as it counts them."""
        told = self._printer((IMPRESSIONS, SHEETS))
        counted = {name: _optional(told, name) for name in (IMPRESSIONS, SHEETS)}
        return {name: number for name, number in counted.items() if number is not None}

    def print(self, name: str, document: bytes) -> PrintJob:
        """Hand over a PDF, A4, one side a sheet, one copy; the job as the printer took it.

        Raises ``Fault``: paperOut, paperJammed, tonerOut, coverOpen, stackerFull, wasteTonerFull,
        hardwareError, offline, powerOff, deviceBusy, noDevice, timeOut (before the document was sent),
        unsupportedData, configuration, invalidData; then nothing will be printed. ``ValueError`` for a
        name that is empty or too long.
        """
        if not 1 <= len(name.encode()) <= _LONGEST_NAME:
            raise ValueError(f"a job's name has 1..{_LONGEST_NAME} bytes")
        self._require(self._status())
        operation = [
            Attribute(Tag.NAME, "requesting-user-name", [USER]),
            Attribute(Tag.NAME, "job-name", [name]),
            Attribute(Tag.BOOLEAN, "ipp-attribute-fidelity", [True]),
            Attribute(Tag.MEDIA_TYPE, "document-format", ["application/pdf"]),
        ]
        wishes = [
            Attribute(Tag.INTEGER, "copies", [1]),
            Attribute(Tag.KEYWORD, "media", [self._media]),
            Attribute(Tag.KEYWORD, "sides", ["one-sided"]),
        ]
        try:
            taken = self._exchange(Operation.PRINT_JOB, operation, wishes, document, self._document_s)
        except NoAnswer:
            return PrintJob(name, PrintState.UNKNOWN)
        if taken.status >= 0x0100:
            raise self._refused(taken)
        try:
            return self._told(name, self._first(taken, Group.JOB))
        except Fault:
            return PrintJob(name, PrintState.UNKNOWN)  # it has the document all the same

    def job(self, name: str) -> PrintJob:
        """Return the job as it stands; ``notFound`` when the printer has none of this name.

        A job that it took from this driver and has forgotten is ``unknown``.
        Raises ``Fault`` noDevice, timeOut, invalidData when the printer cannot be asked: that says
        nothing of the job.
        """
        number = self._numbers.get(name)
        if number is not None:
            attributes = [Attribute(Tag.INTEGER, "job-id", [number]), _requested(_JOB)]
            found = self._ask(Operation.GET_JOB_ATTRIBUTES, attributes)
            if found.status < 0x0100 and _text(job := self._first(found, Group.JOB), "job-name") == name:
                return self._told(name, job)
            if found.status >= 0x0100 and found.status not in (_NOT_FOUND, _GONE):
                raise self._refused(found)
            # A printer that was restarted counts anew: the number may be another job's by now.
        same = [
            job
            for which in ("not-completed", "completed")
            for job in self._jobs(which)
            if _text(job, "job-name") == name
        ]
        if not same:
            # What it took and has forgotten since may have been printed.
            return PrintJob(name, PrintState.NOT_FOUND if number is None else PrintState.UNKNOWN)
        return self._told(name, max(same, key=lambda job: self._integer(job, "job-id")))

    def cancel(self, name: str) -> None:
        """Ask the printer to stop; a job that has ended, or that it does not have, is left as it is."""
        job = self.job(name)
        if job.number is not None and not job.state.ended:
            self._cancel(job.number)

    def _told(self, name: str, job: Attributes) -> PrintJob:
        """Return a job as the printer describes it, and keep its number."""
        number, state = self._integer(job, "job-id"), self._integer(job, "job-state")
        if state not in _STATES:
            raise self._broken(f"{state} is no job state")
        reasons = tuple(str(reason) for reason in job.get("job-state-reasons", ()) if reason != "none")
        told = _STATES[state]
        if told is PrintState.COMPLETED and _ONLY_PASSED_ON in reasons:
            told = PrintState.PROCESSING
        self._numbers[name] = number
        return PrintJob(
            name,
            told,
            number,
            _optional(job, "job-impressions-completed"),
            _optional(job, "job-media-sheets-completed"),
            reasons,
        )

    def _jobs(self, which: str) -> list[Attributes]:
        """Return the kiosk's jobs that are ``completed`` (in any way) or ``not-completed``."""
        attributes = [
            Attribute(Tag.NAME, "requesting-user-name", [USER]),
            Attribute(Tag.KEYWORD, "which-jobs", [which]),
            Attribute(Tag.BOOLEAN, "my-jobs", [True]),
            _requested(_JOB),
        ]
        found = self._ask(Operation.GET_JOBS, attributes)
        if found.status >= 0x0100:
            raise self._refused(found)
        return found.of(Group.JOB)

    def _cancel(self, number: int) -> None:
        attributes = [
            Attribute(Tag.INTEGER, "job-id", [number]),
            Attribute(Tag.NAME, "requesting-user-name", [USER]),
        ]
        done = self._ask(Operation.CANCEL_JOB, attributes)
        if done.status >= 0x0100 and done.status not in (_NOT_POSSIBLE, _NOT_FOUND, _GONE):
            raise self._refused(done)

    def _status(self) -> Status:
        told = self._printer(_STATUS)
        reasons = [str(reason) for reason in told.get("printer-state-reasons", ())]
        accepting = told.get("printer-is-accepting-jobs", [True])[0] is True
        try:
            return status_from(self._integer(told, "printer-state"), reasons, accepting)
        except ValueError as error:
            raise self._broken(str(error)) from error

    def _require(self, status: Status) -> None:
        if status.fault is not None:
            reasons = status.parts.get("reasons", "")
            raise Fault(self.name, status.fault, status.action or StaffAction.RESET, reasons)

    def _printer(self, names: Sequence[str]) -> Attributes:
        found = self._ask(Operation.GET_PRINTER_ATTRIBUTES, [_requested(names)])
        if found.status >= 0x0100:
            raise self._refused(found)
        return next(iter(found.of(Group.PRINTER)), {})  # no group at all when it has none of them

    def _ask(self, operation: Operation, attributes: Sequence[Attribute]) -> Answer:
        """Do an exchange that changes nothing if it is done twice."""
        try:
            return self._exchange(operation, attributes, (), b"", self._answer_s)
        except NoAnswer as error:
            if error.silent:
                raise Fault(self.name, "timeOut", StaffAction.RESET, str(error)) from error
            raise self._broken(str(error)) from error

    def wire(self) -> WireCounts:
        """Return what has passed, without HTTP's own heads."""
        return self._counts

    def _exchange(
        self,
        operation: Operation,
        attributes: Sequence[Attribute],
        wishes: Sequence[Attribute],
        document: bytes,
        timeout_s: float,
    ) -> Answer:
        """Do an exchange; raises ``Fault`` noDevice when nothing was sent, ``NoAnswer``."""
        number = next(self._request_ids)
        head = [
            Attribute(Tag.CHARSET, "attributes-charset", ["utf-8"]),
            Attribute(Tag.LANGUAGE, "attributes-natural-language", ["en"]),
            Attribute(Tag.URI, "printer-uri", [self._address.uri]),
            *attributes,
        ]
        groups: dict[Group, Sequence[Attribute]] = {Group.OPERATION: head}
        if wishes:
            groups[Group.JOB] = wishes
        message = request(operation, number, groups) + document
        try:
            self._counts.said(message)
            reply = post(self._link, self._address, message, timeout_s)
            self._counts.heard(len(reply), first=True)
            said = answer(reply)
        except NotReached as error:
            self._counts.losses += 1
            raise Fault(self.name, "noDevice", StaffAction.MAINTENANCE, str(error)) from error
        except BadMessage as error:
            raise NoAnswer(str(error), silent=False) from error
        if said.request_id != number:
            raise NoAnswer(f"the answer to request {said.request_id}, not {number}", silent=False)
        return said

    def _first(self, said: Answer, group: Group) -> Attributes:
        found = said.of(group)
        if not found:
            raise self._broken(f"an answer without {group.name.lower()} attributes")
        return found[0]

    def _integer(self, attributes: Attributes, name: str) -> int:
        number = _optional(attributes, name)
        if number is None:
            raise self._broken(f"{name} is missing")
        return number

    def _refused(self, said: Answer) -> Fault:
        code, action = _REFUSALS.get(said.status, ("invalidData", StaffAction.RESET))
        return Fault(self.name, code, action, f"IPP status {said.status:04X}")

    def _broken(self, detail: str) -> Fault:
        return Fault(self.name, "invalidData", StaffAction.RESET, detail)


def _requested(names: Sequence[str]) -> Attribute:
    return Attribute(Tag.KEYWORD, "requested-attributes", names)


def _optional(attributes: Attributes, name: str) -> int | None:
    """Return a number, None when it is absent or has no value (an out-of-band tag)."""
    values = attributes.get(name, ())
    return values[0] if values and type(values[0]) is int else None


def _text(attributes: Attributes, name: str) -> str:
    values = attributes.get(name, ())
    return values[0] if values and isinstance(values[0], str) else ""

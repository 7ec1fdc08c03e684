"""A4 laser printer over IPP (RFC 8010, 8011), with all operations that the standard requires.

It takes PDF, one document a job, and keeps what it has printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from simulators import http_wire
from simulators.devices import ipp_attributes as ipp
from simulators.devices.document_press import (
    NAME,
    OPERATIONS,
    STATES,
    Job,
    Page,
    Press,
)
from simulators.devices.document_printer_attributes import (
    FORMATS,
    MODEL,
    PATH,
    WHICH_JOBS,
    Operation,
    PrinterAttributes,
    possible,
)
from simulators.faults import Faults
from simulators.http_wire import HttpWire
from simulators.level import Level
from simulators.recorder import TO_DEVICE

__all__ = ["FAULTS", "NAME", "OPERATIONS", "PATH", "DocumentPrinter", "words"]

FAULTS: Final[Mapping[str, str]] = {
    **STATES,
    "aborts": "the job is given up before its next page (operation page)",
    "stuck": "the job is in progress and no page comes",
    "held": "the job is held until somebody lets it go at the panel",
    "notAccepting": "takes no jobs",
    "busy": "answers that it is busy",
    "refuses": "answers with a status of IPP (args status: 040A)",
    "noAnswer": "takes the request and says nothing",
    "httpError": "answers HTTP 500",
    "garbled": "answers with bytes that are no IPP",
}
VERSION: Final = (2, 0)

OK, OK_IGNORED = 0x0000, 0x0001
BAD_REQUEST, NOT_POSSIBLE, NOT_FOUND = 0x0400, 0x0404, 0x0406
BAD_FORMAT, BAD_VALUE, BAD_CHARSET, BAD_COMPRESSION = 0x040A, 0x040B, 0x040D, 0x040F
BAD_OPERATION, BAD_VERSION, NOT_ACCEPTING, BUSY = 0x0501, 0x0503, 0x0506, 0x0507
_OPERATIONS: Final[Mapping[int, str]] = {
    Operation.PRINT_JOB: "print_job",
    Operation.VALIDATE_JOB: "print_job",
    Operation.CANCEL_JOB: "cancel_job",
    Operation.GET_JOB_ATTRIBUTES: "job",
    Operation.GET_JOBS: "jobs",
    Operation.GET_PRINTER_ATTRIBUTES: "status",
}

Groups = list[tuple[int, ipp.Pairs]]


class _Refused(Exception):
    """The request cannot be done; ``status`` is IPP's code, ``why`` the attributes it is about."""

    def __init__(self, status: int, why: ipp.Pairs | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.why = why


class DocumentPrinter:
    """The printer; ``serve`` runs in the wire's thread, the rest is what a person does."""

    def __init__(self, level: Level, faults: Faults) -> None:
        self._faults = faults
        self._press = Press(level, faults)
        self._attributes = PrinterAttributes(self._press)

    # --- what a person does ---

    def set_paper(self, paper: str) -> None:
        """Say how much is in the tray: ``full``, ``low``, ``out``; raises ``ValueError``."""
        if paper not in ("full", "low", "out"):
            raise ValueError("paper: one of full, low, out")
        self._press.mend("paperOut", "paperLow", "trayEmpty")
        if paper != "full":
            self._press.strike("paperLow" if paper == "low" else "paperOut")

    def set_toner(self, toner: str) -> None:
        """Say how much toner there is: ``full``, ``low``, ``out``; raises ``ValueError``."""
        if toner not in ("full", "low", "out"):
            raise ValueError("toner: one of full, low, out")
        self._press.mend("tonerOut", "tonerLow")
        if toner != "full":
            self._press.strike("tonerLow" if toner == "low" else "tonerOut")

    def set_cover(self, opened: bool) -> None:
        """Open the cover, or close it."""
        if opened:
            self._press.strike("coverOpen")
        else:
            self._press.mend("coverOpen")

    def jam(self) -> None:
        """Let a sheet be stuck."""
        self._press.strike("paperJam")

    def clear_jam(self) -> None:
        """Pull the stuck sheet out."""
        self._press.mend("paperJam")

    def take(self) -> None:
        """Take what lies in the output tray."""
        self._press.take()

    def restart(self) -> None:
        """Switch off and on: jobs are forgotten, numbers begin anew."""
        self._press.restart()
        self._attributes.begin_anew()

    def reset(self) -> None:
        """Begin anew with nothing printed and nothing wrong."""
        self._press.reset()

    def printed(self) -> list[Page]:
        """Return the sides printed so far, oldest first."""
        return self._press.pages

    def documents(self) -> dict[str, bytes]:
        """Return the documents that came, by the job's name."""
        return {job.name: job.document for job in self._press.jobs()}

    def world(self) -> dict[str, Any]:
        """Return what can be seen at the printer as plain values."""
        trouble = self._press.trouble()
        return {
            "trouble": sorted(trouble),
            "in_tray": self._press.in_tray,
            "jobs": [
                {"name": j.name, "state": j.state, "printed": j.printed, "pages": j.pages}
                for j in self._press.jobs()
            ],
        }

    # --- the wire ---

    def serve(self, wire: HttpWire) -> None:
        """Answer requests until the wire is closed."""
        http_wire.serve(wire, self._answer)

    def _answer(self, method: bytes, path: bytes, body: bytes, kind: str) -> tuple[int, str, bytes] | None:
        standing = self._faults.standing(NAME)
        if method in (b"GET", b"HEAD"):
            return 200, "text/plain", MODEL.encode()
        if method != b"POST":
            return 405, "text/plain", b""
        if path != PATH.encode():
            return 404, "text/plain", b""
        if kind != "application/ipp":
            return 415, "text/plain", b""
        try:
            request = ipp.parse(body)
        except ipp.Malformed as error:
            return 200, "application/ipp", ipp.answer(VERSION, BAD_REQUEST, error.request_id, [])
        operation = _OPERATIONS.get(request.operation)
        struck = self._faults.take(NAME, operation, STATES) if operation else None
        faults = {**standing, **({struck.fault: struck} if struck else {})}
        if "noAnswer" in faults:
            return None
        if "httpError" in faults:
            return 500, "text/plain", b"internal error"
        if "garbled" in faults:
            return 200, "application/ipp", b"\x02\x00\x00"
        try:
            if "refuses" in faults:
                raise _Refused(int(str(faults["refuses"].args.get("status", "0507")), 16))
            status, groups = self._do(request, set(faults))
        except _Refused as refused:
            status, groups = refused.status, []
            if refused.why is not None:
                groups.append((ipp.UNSUPPORTED, refused.why))
        version = request.version if status != BAD_VERSION else VERSION
        return 200, "application/ipp", ipp.answer(version, status, request.request_id, groups)

    def _do(self, request: ipp.Request, faults: set[str]) -> tuple[int, Groups]:
        if request.version[0] not in (1, 2):
            raise _Refused(BAD_VERSION)
        _check_head(request)
        if (asked := request.text("printer-uri")) and asked.endswith(PATH):
            self._attributes.uri = asked  # it is known by the address by which it is asked
        if request.operation not in _OPERATIONS:
            raise _Refused(BAD_OPERATION)
        if "busy" in faults:
            raise _Refused(BUSY)
        match request.operation:
            case Operation.PRINT_JOB | Operation.VALIDATE_JOB:
                return self._print(request, faults)
            case Operation.CANCEL_JOB:
                if not self._press.cancel(self._job_of(request)):
                    raise _Refused(NOT_POSSIBLE)
                return OK, []
            case Operation.GET_JOB_ATTRIBUTES:
                job = self._attributes.of_job(self._job_of(request))
                return OK, [(ipp.JOB, _wanted(request, job, ("all", "job-description")))]
            case Operation.GET_JOBS:
                return OK, self._list(request)
            case _:
                printer = self._attributes.of_printer(accepting="notAccepting" not in faults)
                return OK, [(ipp.PRINTER, _wanted(request, printer, ("all", "printer-description")))]

    def _print(self, request: ipp.Request, faults: set[str]) -> tuple[int, Groups]:
        """Print-Job, or only see whether it could be done (Validate-Job)."""
        if request.text("document-format") not in (None, *FORMATS):
            raise _Refused(BAD_FORMAT, {"document-format": request.attributes["document-format"]})
        if request.text("compression") not in (None, "none"):
            raise _Refused(BAD_COMPRESSION, {"compression": request.attributes["compression"]})
        ignored = {name: values for name, values in request.wishes.items() if not possible(name, values)}
        if ignored and request.flag("ipp-attribute-fidelity"):
            raise _Refused(BAD_VALUE, ignored)
        if "notAccepting" in faults:
            raise _Refused(NOT_ACCEPTING)
        status = OK_IGNORED if ignored else OK
        groups: Groups = [(ipp.UNSUPPORTED, ignored)] if ignored else []
        if request.operation == Operation.PRINT_JOB:
            user = request.text("requesting-user-name") or "anonymous"
            job = self._press.add(
                request.text("job-name") or "untitled", user, request.document, held="held" in faults
            )
            described = self._attributes.of_job(job)
            told = ("job-id", "job-uri", "job-state", "job-state-reasons")
            groups.append((ipp.JOB, {name: described[name] for name in told}))
        return status, groups

    def _list(self, request: ipp.Request) -> Groups:
        """Get-Jobs: those still to do oldest first, those that have ended newest first."""
        which = request.text("which-jobs") or "not-completed"
        if which not in WHICH_JOBS:
            raise _Refused(BAD_VALUE, {"which-jobs": request.attributes["which-jobs"]})
        jobs = [job for job in self._press.jobs() if WHICH_JOBS[which](job)]
        if which == "completed":
            jobs.reverse()
        if request.flag("my-jobs"):
            jobs = [job for job in jobs if job.user == request.text("requesting-user-name")]
        limit = request.number("limit")
        described = [self._attributes.of_job(job) for job in jobs[:limit]]
        groups, default = ("all", "job-description"), ("job-id", "job-uri")
        return [(ipp.JOB, _wanted(request, job, groups, default)) for job in described]

    def _job_of(self, request: ipp.Request) -> Job:
        number = request.number("job-id")
        if number is None:
            tail = (request.text("job-uri") or "").rpartition("/")[2]
            number = int(tail) if tail.isascii() and tail.isdigit() else None
        if number is None:
            raise _Refused(BAD_REQUEST)
        job = self._press.job(number)
        if job is None:
            raise _Refused(NOT_FOUND)
        return job


def words(direction: str, data: bytes) -> str:
    """Describe bytes of this wire: the operation, or the answer's status; a body may come by itself."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found or not head.startswith((b"POST ", b"HTTP/")):
        head, body = b"", data
    first = head.partition(b"\r\n")[0].decode("ascii", errors="replace")
    if len(body) < 8 or body[0] not in (1, 2):
        return first or f"{len(data)} bytes"
    code = int.from_bytes(body[2:4], "big")
    if direction == TO_DEVICE:
        return f"{_named(code)}, {len(body)} bytes"
    return f"status {code:04X}, {len(body)} bytes"


def _named(code: int) -> str:
    """Return an operation's name as the standard writes it, as Print-Job."""
    try:
        return Operation(code).name.replace("_", "-").title()
    except ValueError:
        return f"operation {code:04X}"


def _check_head(request: ipp.Request) -> None:
    """Raise ``_Refused`` unless the request begins as each must."""
    names = list(request.attributes)
    if request.request_id == 0 or names[:2] != ["attributes-charset", "attributes-natural-language"]:
        raise _Refused(BAD_REQUEST)
    if request.text("attributes-charset") not in ("utf-8", "us-ascii"):
        raise _Refused(BAD_CHARSET)
    if not (request.text("printer-uri") or request.text("job-uri")):
        raise _Refused(BAD_REQUEST)


def _wanted(
    request: ipp.Request, all_: ipp.Pairs, groups: Iterable[str], default: Iterable[str] | None = None
) -> ipp.Pairs:
    """Return what ``requested-attributes`` asks for; without any the ``default``, else everything."""
    wanted = request.texts("requested-attributes") or (["all"] if default is None else list(default))
    if set(wanted) & set(groups):
        return all_
    return {name: values for name, values in all_.items() if name in wanted}

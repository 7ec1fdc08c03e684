"""Driver of a UPS behind NUT's server ``upsd``, which knows the makers' protocols.

One question is asked: ``LIST VAR``, all variables at once, so that the status and the measures beside it
are of one moment. The library for it, PyNUTClient, is under the GPL, which this project does not take in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from devices.base import Capabilities, DeviceError, Fault, StaffAction, Status
from devices.interfaces import Power
from devices.link import Link, open_link
from devices.recording import tapped
from devices.ups.lines import LIMIT_BYTES, BadLine, request, split
from devices.ups.status import BATTERY, LOW, check, power_from, status_from
from devices.wired import Wired, status_of

PORT: Final = 3493
_ANSWER_S: Final = 0.8
_READ_SIZE: Final = 4096
_MOST_VARIABLES: Final = 1000
_CONFIGURATION: Final = {"UNKNOWN-UPS", "ACCESS-DENIED", "UNKNOWN-COMMAND", "INVALID-ARGUMENT"}


class NutUps(Wired):
    """``interfaces.Ups`` over NUT. ``ups`` is its name on the server."""

    def __init__(self, link: Link, ups: str, name: str = "ups") -> None:
        super().__init__(link, name)
        self._question: Final = request("LIST", "VAR", ups)
        self._ups: Final = ups
        self._was_low = False
        self._recovered = False

    @classmethod
    def at(cls, url: str) -> NutUps:
        """Return the driver of ``nut://host:3493/name``; raises ``ValueError`` for another URL.

        The query may name a trace to record or to replay (``recording.tapped``).
        """
        parts = urlsplit(url)
        ups = parts.path.removeprefix("/")
        if parts.scheme != "nut" or not parts.hostname or not ups:
            raise ValueError(f"{url!r} is not like nut://host:{PORT}/name")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(tapped(url, open_link(f"socket://{host}:{parts.port or PORT}")), ups)

    def power(self) -> Power:
        """Ask for all variables (≤ 0.8 s).

        Raises ``Fault``: noDevice (no server), timeOut, offline (the server has lost the UPS), invalidData
        (words that contradict each other, a line that is none), configuration (no such UPS there).
        """
        return self._power(self._variables())[1]

    def status(self) -> Status:
        """Return the four words as parts; a battery that is nearly empty with the mains out is a fault."""
        try:
            words, power = self._power(self._variables())
        except DeviceError as error:
            return status_of(error)
        return status_from(words, power)

    def capabilities(self) -> Capabilities:
        """Return the maker's words as the server tells them; "" for what it does not."""
        told = self._variables()

        def first(*names: str) -> str:
            return next((told[name] for name in names if told.get(name)), "")

        return Capabilities(
            maker=first("ups.mfr", "device.mfr"),
            model=first("ups.model", "device.model"),
            firmware=first("ups.firmware"),
            serial=first("ups.serial", "device.serial"),
            more={"driver": first("driver.name")},
        )

    def reset(self) -> None:
        """Forget that the battery was low, and open the wire anew; raises ``Fault`` if trouble stays."""
        self._was_low = self._recovered = False
        self.close()
        status = self.status()
        if status.fault is not None:
            raise Fault(self.name, status.fault, status.action or StaffAction.RESET)

    def counters(self) -> Mapping[str, int]:
        """Return nothing: NUT counts nothing that would be evidence."""
        return {}

    def _power(self, variables: Mapping[str, str]) -> tuple[frozenset[str], Power]:
        """Return the status words and their meaning, and keep whether the battery has been low."""
        words = frozenset(variables.get("ups.status", "").split())
        try:
            check(words)
            self._recovered = BATTERY not in words and LOW not in words and (self._was_low or self._recovered)
            self._was_low = LOW in words
            return words, power_from(words, variables, self._recovered)
        except ValueError as error:
            raise self._broken(str(error)) from error

    def _variables(self) -> dict[str, str]:
        with self._wire() as link:
            link.discard_input()
            link.write(self._question)
            try:
                return self._listed(link)
            except DeviceError as error:
                if error.code in {"timeOut", "invalidData"}:
                    self.close()  # what is left of the answer must not be taken for the next one's
                raise

    def _listed(self, link: Link) -> dict[str, str]:
        """Return the list that comes, by name; an error in its place, or anything else, is raised."""
        lines = self._lines(link)
        first = next(lines)
        if first != ["BEGIN", "LIST", "VAR", self._ups]:
            raise self._broken(f"{' '.join(first)!r} in place of a list")
        variables: dict[str, str] = {}
        while (line := next(lines)) != ["END", "LIST", "VAR", self._ups]:
            if len(line) != 4 or line[:2] != ["VAR", self._ups] or len(variables) > _MOST_VARIABLES:
                raise self._broken(f"{' '.join(line)!r} within the list")
            variables[line[2]] = line[3]
        return variables

    def _lines(self, link: Link) -> Iterator[list[str]]:
        """Yield what comes within the answer's time, line by line, as words."""
        deadline = time.monotonic() + _ANSWER_S
        rest = b""
        while True:
            line, newline, after = rest.partition(b"\n")
            if newline:
                yield self._words(line)
                rest = after
                continue
            if len(rest) > LIMIT_BYTES:
                raise self._broken("a line without end")
            more = link.read(_READ_SIZE, max(0.0, deadline - time.monotonic()))
            if not more:
                raise self._silent("no answer, or half of one")
            rest += more

    def _words(self, line: bytes) -> list[str]:
        try:
            words = split(line)
        except BadLine as error:
            raise self._broken(str(error)) from error
        if words[:1] != ["ERR"]:
            return words
        code = words[1] if len(words) > 1 else ""
        if code in _CONFIGURATION:
            raise Fault(self.name, "configuration", StaffAction.CONFIGURATION, f"{code} {self._ups}")
        if code in {"DATA-STALE", "DRIVER-NOT-CONNECTED"}:
            raise Fault(self.name, "offline", StaffAction.MAINTENANCE, code)
        raise self._broken(f"ERR {code}")

    def _broken(self, detail: str) -> Fault:
        return Fault(self.name, "invalidData", StaffAction.RESET, detail)

"""A UPS behind a NUT server: one battery, one mains socket, the lines of RFC 9271.

Time passes in the battery only when a person says so (``set_battery``): a test does not wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulators.faults import Faults
from simulators.recorder import TO_DEVICE
from simulators.wire import Wire, WireClosed

NAME: Final = "ups"
UPS: Final = "kiosk"
OPERATIONS: Final = ("list", "get")
FAULTS: Final[Mapping[str, str]] = {
    "mainsOut": "the mains are out, the battery feeds the machine",
    "batteryLow": "the battery is nearly empty",
    "batteryReplace": "the battery has to be replaced",
    "overload": "more is connected than the UPS can feed",
    "bypass": "the mains feed the machine past the UPS",
    "off": "the UPS feeds nothing",
    "dataStale": "the server has lost the UPS",
    "driverGone": "the server's driver is not running",
    "error": "the server answers another error (args word: ACCESS-DENIED)",
    "noAnswer": "takes the line and says nothing",
    "unknownWord": "a status word that no document has",
    "contradiction": "says that it is on mains and on battery",
}
ANSWERS: Final = ("dataStale", "driverGone", "error", "noAnswer")
"""The faults of one answer."""
STATES: Final = tuple(fault for fault in FAULTS if fault not in ANSWERS)
LOW_PERCENT: Final = 20
FULL_RUNTIME_S: Final = 1800
LIMIT_BYTES: Final = 4096
VERSION: Final = "Network UPS Tools upsd 2.8.0 - simulated"


class Ups:
    """The UPS and its server; ``serve`` runs in the wire's thread, the rest is what the world does."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._mains = True
        self._charge = 100

    # --- what the world does ---

    def set_mains(self, on: bool) -> None:
        """Put the mains in or out (in also mends an ordered ``mainsOut``)."""
        with self._lock:
            self._mains = on
        if on:
            self._faults.clear(NAME, "mainsOut")

    def set_battery(self, percent: int) -> None:
        """Say how full the battery is; raises ``ValueError``."""
        if not 0 <= percent <= 100:
            raise ValueError("percent: 0 to 100")
        with self._lock:
            self._charge = percent
        if percent > LOW_PERCENT:
            self._faults.clear(NAME, "batteryLow")

    def reset(self) -> None:
        with self._lock:
            self._mains, self._charge = True, 100

    def world(self) -> dict[str, Any]:
        """Return mains, charge in per cent and the status words as plain values."""
        variables = self.variables()
        return {
            "mains": self._on_mains(self._standing()),
            "charge": int(variables["battery.charge"]),
            "status": variables["ups.status"],
        }

    def variables(self) -> dict[str, str]:
        """Return NUT's variables as they stand, by name."""
        standing = self._standing()
        with self._lock:
            charge = min(self._charge, LOW_PERCENT) if "batteryLow" in standing else self._charge
        return {
            "battery.charge": str(charge),
            "battery.charge.low": str(LOW_PERCENT),
            "battery.runtime": str(FULL_RUNTIME_S * charge // 100),
            "device.mfr": "OPEN BENCH",
            "device.model": "SIM-UPS 1000",
            "device.serial": "UP9900001",
            "driver.name": "simulated",
            "ups.firmware": "1.00",
            "ups.load": "35",
            "ups.mfr": "OPEN BENCH",
            "ups.model": 'SIM-UPS "1000"',
            "ups.serial": "UP9900001",
            "ups.status": " ".join(self._words(standing, charge)),
        }

    def _standing(self) -> set[str]:
        return set(self._faults.standing(NAME))

    def _on_mains(self, standing: set[str]) -> bool:
        return self._mains and "mainsOut" not in standing

    def _words(self, standing: set[str], charge: int) -> list[str]:
        if "off" in standing:
            return ["OFF"]
        on_mains = self._on_mains(standing)
        words = ["OL"] if on_mains else ["OB", "DISCHRG"]
        if on_mains and charge < 100:
            words.append("CHRG")
        if charge <= LOW_PERCENT:
            words.append("LB")
        said = {"batteryReplace": "RB", "overload": "OVER", "bypass": "BYPASS", "unknownWord": "XYZZY"}
        words += [word for fault, word in said.items() if fault in standing]
        if "contradiction" in standing:
            words.append("OB" if on_mains else "OL")
        return words

    # --- the wire ---

    def serve(self, wire: Wire) -> None:
        """Answer lines until the wire is closed."""
        heard = b""
        try:
            while True:
                heard += wire.read(None)
                while b"\n" in heard:
                    line, _, heard = heard.partition(b"\n")
                    answer = self._answer(line)
                    if answer:
                        wire.write(answer)
                if len(heard) > LIMIT_BYTES:
                    heard = b""
        except WireClosed:
            return

    def _answer(self, line: bytes) -> bytes:
        match line.decode("ascii", errors="replace").split():
            case ["VER"]:
                return f"{VERSION}\n".encode()
            case ["NETVER" | "PROTVER"]:
                return b"1.3\n"
            case ["LIST", "UPS"]:
                return f'BEGIN LIST UPS\nUPS {UPS} "simulated"\nEND LIST UPS\n'.encode()
            case ["LIST", "VAR", str() as ups]:
                return self._told("list", ups, self._list)
            case ["GET", "VAR", str() as ups, str() as name]:
                return self._told("get", ups, lambda: self._get(name))
            case ["STARTTLS"]:
                return b"ERR FEATURE-NOT-CONFIGURED\n"
            case ["LOGOUT"]:
                return b"OK Goodbye\n"
            case ["LIST" | "GET", *_]:
                return b"ERR INVALID-ARGUMENT\n"
            case ["SET" | "INSTCMD" | "LOGIN" | "PRIMARY" | "MASTER" | "FSD", *_]:
                return b"ERR USERNAME-REQUIRED\n"
            case _:
                return b"ERR UNKNOWN-COMMAND\n"

    def _told(self, operation: str, ups: str, answer: Callable[[], bytes]) -> bytes:
        """Return ``answer``, or what the server says in its place."""
        if ups != UPS:
            return b"ERR UNKNOWN-UPS\n"
        struck = self._faults.take(NAME, operation, STATES)
        faults = dict(self._faults.standing(NAME))
        if struck is not None:
            faults[struck.fault] = struck
        if "noAnswer" in faults:
            return b""
        if "error" in faults:
            return f"ERR {faults['error'].args.get('word', 'ACCESS-DENIED')}\n".encode()
        if "driverGone" in faults:
            return b"ERR DRIVER-NOT-CONNECTED\n"
        return b"ERR DATA-STALE\n" if "dataStale" in faults else answer()

    def _list(self) -> bytes:
        lines = [f"VAR {UPS} {name} {_quoted(value)}" for name, value in self.variables().items()]
        return "\n".join([f"BEGIN LIST VAR {UPS}", *lines, f"END LIST VAR {UPS}\n"]).encode()

    def _get(self, name: str) -> bytes:
        value = self.variables().get(name)
        if value is None:
            return b"ERR VAR-NOT-SUPPORTED\n"
        return f"VAR {UPS} {name} {_quoted(value)}\n".encode()


def words(direction: str, data: bytes) -> str:
    """Describe bytes of this wire."""
    text = data.decode("utf-8", errors="replace")
    if direction == TO_DEVICE:
        return " ".join(text.split())
    status = next((line for line in text.splitlines() if " ups.status " in line), "")
    return status.partition(" ups.status ")[2].strip('"') or text.partition("\n")[0]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

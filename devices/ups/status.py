"""The words of ``ups.status`` (RFC 9271) as XFS4IoT's four."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from devices.base import StaffAction, State, Status
from devices.interfaces import Power

MAINS, BATTERY, LOW, OFF, BYPASS, SHUTTING_DOWN = "OL", "OB", "LB", "OFF", "BYPASS", "FSD"
_WARNINGS: Final[Mapping[str, str]] = {
    "RB": "batteryReplace",
    "OVER": "overload",
    "ALARM": "alarm",
    "CAL": "calibrating",
    BYPASS: "bypass",
    BATTERY: "onBattery",
    LOW: "batteryLow",
}
_QUIET: Final = {MAINS, OFF, SHUTTING_DOWN, "HB", "CHRG", "DISCHRG", "TRIM", "BOOST", "TEST", "ECO"}


def power_from(words: frozenset[str], variables: Mapping[str, str], recovered: bool) -> Power:
    """Return what ``ups.status`` (as its words) and the measured values say.

    Raises ``ValueError`` when the words contradict each other or say nothing of who feeds the machine.
    """
    check(words)
    return Power(
        low=LOW in words,
        engaged=not words & {OFF, BYPASS},
        powering=BATTERY in words,
        recovered=recovered,
        charge_percent=_number(variables.get("battery.charge")),
        runtime_s=_number(variables.get("battery.runtime")),
    )


def status_from(words: frozenset[str], power: Power) -> Status:
    """Return the device's status: battery operation is a warning, no power for the machine a fault."""
    parts = {
        "words": " ".join(sorted(words)),
        **{name: str(getattr(power, name)).lower() for name in ("low", "engaged", "powering", "recovered")},
    }
    if power.charge_percent is not None:
        parts["charge"] = f"{power.charge_percent:g}"
    if power.runtime_s is not None:
        parts["runtime"] = f"{power.runtime_s:g}"
    warnings = [warning for word, warning in _WARNINGS.items() if word in words]
    if words - _QUIET - set(_WARNINGS):
        warnings.append("unknownStatus")
    if OFF in words:
        return Status(State.POWER_OFF, parts, "powerOff", StaffAction.RESET, tuple(warnings))
    if SHUTTING_DOWN in words or (power.low and power.powering):
        return Status(State.ONLINE, parts, "batteryCritical", StaffAction.SUSPEND, tuple(warnings))
    return Status(State.ONLINE, parts, warnings=tuple(warnings))


def check(words: frozenset[str]) -> None:
    """Raise ``ValueError`` unless ``words`` say who feeds the machine, and only once."""
    if {MAINS, BATTERY} <= words:
        raise ValueError("on mains and on battery at once")
    if not words & {MAINS, BATTERY, OFF, BYPASS}:
        raise ValueError(f"{' '.join(sorted(words))!r} does not say who feeds the machine")


def _number(said: str | None) -> float | None:
    if said is None:
        return None
    number = float(said)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"{said!r} is no measure")
    return number

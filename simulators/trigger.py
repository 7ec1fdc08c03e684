"""Faults in the words of the catalogue (``config/faults.toml``): ``jam at feed``, ``error, code 51``."""

from __future__ import annotations

import re
from typing import Final

from simulators.faults import Order

_TRIGGER: Final = re.compile(
    r"(?P<fault>\w+)(?: at (?P<each>every )?(?P<operation>\w+))?(?: of (?P<device>\w+))?"
    r"(?P<args>(?:, \w+ [^\s,]+)*)"
)


def order(trigger: str, device: str) -> Order | None:
    """Return the fault that ``trigger`` names, at ``device`` if it says no other; None for other words.

    ``fault [at [every] operation] [of device or link][, argument value]…``; a value of digits is a number.
    """
    found = _TRIGGER.fullmatch(trigger)
    if found is None:
        return None
    pairs = (pair.split(" ") for pair in found["args"].split(", ")[1:])
    return Order(
        found["device"] or device,
        found["fault"],
        found["operation"],
        repeat=found["each"] is not None,
        args={name: int(value) if value.isdecimal() else value for name, value in pairs},
    )

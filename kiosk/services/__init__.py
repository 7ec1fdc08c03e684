"""Services (事项): one file each, one ``async`` script over a ``Visit`` plus a declaration.

From the declaration come the home screen's tile, the guide, the readiness gate and the docs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kiosk.texts import Text, text
from kiosk.visit import Visit

Script = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """A service as declared: ``needs`` are the devices without which it is not offered,
    of each group in ``one_of`` at least one must be usable.

    ``minutes`` is what the leaflet promises, ``rules`` the dated tables it asks, ``effects`` the
    kinds of acts on the outside world that it can do (words of ``kiosk.journal.effects``). On the
    home screen the lowest ``place`` comes first: what most people come for; ``picture`` is its pictogram.
    An ``offline`` one is offered without the back office too.
    """

    name: str
    needs: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]
    rules: tuple[str, ...]
    effects: tuple[str, ...]
    minutes: int
    script: Script
    place: int = 100
    picture: str = ""
    offline: bool = False

    @property
    def title(self) -> Text:
        return text(f"{self.name}.title")

    @property
    def summary(self) -> Text:
        return text(f"{self.name}.summary")


_SERVICES: dict[str, Service] = {}


def service(
    name: str,
    *,
    needs: tuple[str, ...],
    one_of: tuple[tuple[str, ...], ...] = (),
    rules: tuple[str, ...],
    effects: tuple[str, ...],
    minutes: int,
    place: int,
    picture: str = "",
    offline: bool = False,
) -> Callable[[Script], Script]:
    """Declare the decorated script as the service ``name``."""

    def declare(script: Script) -> Script:
        _SERVICES[name] = Service(
            name, needs, one_of, rules, effects, minutes, script, place, picture, offline
        )
        return script

    return declare


def all_services() -> dict[str, Service]:
    """Return every service by name, in the order of the home screen."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {one.name: one for one in sorted(_SERVICES.values(), key=lambda one: (one.place, one.name))}

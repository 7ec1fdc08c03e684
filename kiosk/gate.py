"""The readiness gate (就绪): which services are offered now, which with less, and when none is.

A device's state decides, before anybody starts: nobody finds out half way what the machine knew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from kiosk.cabinet import NOT_FITTED, Unready
from kiosk.house import House
from kiosk.journal.effects import PRINT_RECEIPT
from kiosk.prompts import Option, OutOfService, Tone
from kiosk.services import Service
from kiosk.texts import Text, text

OFFICE_DOWN: Final = "backOffice"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a service cannot be begun: the sentence, and for logs the device (or "") and a word."""

    why: Text
    device: str = ""
    code: str = ""


def refusal(house: House, service: Service) -> Refusal | None:
    """Return why ``service`` cannot be begun now, None when it can."""
    missing = house.cabinet.unready(service.needs)
    for group in service.one_of:
        without = house.cabinet.unready(group)
        if len(without) == len(group):
            missing += without[:1]
    if missing:
        return Refusal(_device(missing[0]), missing[0].device, missing[0].fault)
    if not house.back_office_reachable and not service.offline:
        return Refusal(text("unready.back-office"), code=OFFICE_DOWN)
    if service.rules and house.timekeeper.wrong:
        return Refusal(text("unready.clock"), code="clock")
    if not house.journal.has_room():
        return Refusal(text("unready.disk-low"), code="diskLow")
    return None


def not_now(house: House, service: Service) -> Text | None:
    """Return the sentence for a service that cannot be begun now, None when it can."""
    found = refusal(house, service)
    return None if found is None else text("home.not-now", reason=found.why)


def _device(missing: Unready) -> Text:
    why = "unready.not-fitted" if missing.fault == NOT_FITTED else "unready.device"
    return text(why, device=text(f"device.{missing.device}"))


def tile(house: House, service: Service) -> Option:
    """Return the service as it stands on the first pages: offered, offered with less, or why not."""
    if (why := not_now(house, service)) is not None:
        return Option(service.name, service.title, service.summary, refused=why, picture=service.picture)
    summary = service.summary
    printer = house.cabinet.receipt_printer
    if PRINT_RECEIPT in service.effects and printer.fitted and printer.fault() is not None:
        summary = text("home.with-less", summary=summary, less=text("home.less.receipt"))
    return Option(service.name, service.title, summary, picture=service.picture)


def none_offered(house: House, services: Collection[Service]) -> Refusal | None:
    """Return why the machine has to close, None while any service is offered that does something.

    One that is there even without the back office, like the guide, tells more than it does: it keeps no
    machine open.

    Where services are kept for different reasons, the one of the most is told. Only without the back
    office, which comes back by itself, the machine stays open for what needs none.
    """
    found = [refusal(house, service) for service in services if service.effects and not service.offline]
    refused = [one for one in found if one is not None]
    if not refused or len(refused) < len(found):
        return None
    why = max(refused, key=lambda one: sum(one == other for other in refused))
    offline = any(service.offline and refusal(house, service) is None for service in services)
    return None if offline and why.code == OFFICE_DOWN else why


def out_of_service(why: Refusal) -> OutOfService:
    """Return the page of a machine that offers nothing: why, and where else to go."""
    return OutOfService(
        "out-of-service",
        text("out-of-service.question"),
        text("out-of-service.because", why=why.why),
        Tone.NEEDS_YOU,
        elsewhere=text("out-of-service.elsewhere", place=text("site.elsewhere")),
    )

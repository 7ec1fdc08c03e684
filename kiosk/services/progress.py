"""进度查询: how far a case is, by its number and a proof, or all cases of who is identified here."""

from __future__ import annotations

from devices.base import Device
from devices.interfaces import CardType
from kiosk.cabinet import Worker
from kiosk.progress_office import Progress
from kiosk.prompts import ChooseOne, Option
from kiosk.services import service
from kiosk.steps import farewell
from kiosk.steps.follow import ask_by_number, choose_case, enter_case_no, show_case
from kiosk.steps.id_card import ask_to_take_id_card, read_id_card
from kiosk.steps.opening import ask_consent, show_leaflet
from kiosk.steps.prove import camera_warm, prove_identity
from kiosk.steps.receipt_code import scan_case_no
from kiosk.texts import Text, text
from kiosk.visit import Refused, Visit


@service(
    "progress",
    needs=(),
    rules=(),
    effects=(),
    minutes=1,
    place=50,
    picture="clock",
)
async def follow_cases(visit: Visit) -> None:
    """The leaflet, in order: how you want to ask, the proof, how far it is.

    Nothing is changed by asking, and no case is opened: nothing was applied for, and one more would stand
    among the person's cases, with a deadline that nobody has to meet.
    """
    visit.steps = 3
    visit.step = 1
    way = await _opening(visit)
    visit.step = 2
    if way == "card":
        cases = await _of_person(visit)
    else:
        case_no = await scan_case_no(visit) if way == "slip" else ""
        cases = (await ask_by_number(visit, case_no or await enter_case_no(visit)),)
    visit.step = 3
    while await show_case(visit, await choose_case(visit, cases), more=len(cases) > 1):
        pass
    await farewell.ask_rating(visit)
    await ask_to_take_id_card(visit)
    await farewell.say_goodbye(visit, receipt_printed=False)


async def _opening(visit: Visit) -> str:
    way = ""

    async def leaflet() -> None:
        await show_leaflet(
            visit, costs=text("progress.leaflet.costs"), not_here=text("progress.leaflet.not-here")
        )

    async def how() -> None:
        nonlocal way
        way = await visit.choose(ChooseOne("how-to-ask", text("progress.how.question"), options=_ways(visit)))

    await visit.walk(leaflet, how)
    return way


def _ways(visit: Visit) -> tuple[Option, ...]:
    """Return the ways to ask; one whose device cannot be used now is shown with the reason."""
    cabinet = visit.house.cabinet
    seen = cabinet.camera if cabinet.camera.fault() is None else cabinet.fingerprint_pad
    return (
        Option(
            "card",
            text("progress.how.card"),
            text("progress.how.card-detail"),
            refused=_unusable(cabinet.id_card_reader) or _unusable(seen),
        ),
        Option(
            "slip",
            text("progress.how.slip"),
            text("progress.how.proof-detail"),
            refused=_unusable(cabinet.barcode_reader),
        ),
        Option("number", text("progress.how.number"), text("progress.how.proof-detail")),
    )


def _unusable(worker: Worker[Device]) -> Text | None:
    if worker.fault() is None:
        return None
    why = "unready.device" if worker.fitted else "unready.not-fitted"
    return text(why, device=text(f"device.{worker.name}"))


async def _of_person(visit: Visit) -> tuple[Progress, ...]:
    """Identify the person and return their cases; raises ``Refused`` when there is none."""
    way = await ask_consent(visit)
    async with camera_warm(visit, way):
        holder = await read_id_card(visit, accepted={CardType.RESIDENT})
        await prove_identity(visit, holder, way)
    with visit.meter.devices():
        cases = await visit.house.progress.mine(holder.number)
    if not cases:
        raise Refused("no-cases", text("progress.refused.none"))
    return cases

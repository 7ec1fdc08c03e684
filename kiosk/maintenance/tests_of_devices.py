"""What is tested of each device without anybody's help: it answers, and does its work once."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from devices.base import Retry
from devices.interfaces import (
    CardDispenser,
    FlashRate,
    IoBoard,
    Media,
    PrintState,
    ReceiptLine,
    ScanMode,
    ScanSettings,
)
from kiosk.maintenance.selftest import Failed, Figures, Kit, NotHere, Test, expect
from kiosk.matching import MatcherFailed
from kiosk.texts import LANGUAGES

LIGHT_S: Final = 0.25
"""How long each light is on: somebody stands there and looks."""
FRAME_S: Final = 5.0
PRINT_S: Final = 40.0
DIM, BRIGHT, EVEN = 25, 235, 4
"""A frame darker, brighter or more even than this shows nothing."""
CHARGE_PERCENT: Final = 50


async def id_card_reader(kit: Kit) -> Figures:
    """The security module tells its number, and looks for a card."""
    reader = kit.cabinet.id_card_reader
    module = (await reader(lambda unit: unit.capabilities())).serial
    there = await reader(lambda unit: unit.find())
    return {"module": module, "card": "present" if there else "notPresent"}


async def permit_unit(kit: Kit) -> Figures:
    """All three modules answer, the path is free, the entry opens and closes, the bin has room."""
    unit = kit.cabinet.permit_unit
    status = await unit.refresh()
    if status.fault is not None:
        raise Failed(status.fault)
    expect(status.parts["media"] == "notPresent", "occupied")
    await unit(lambda permits: permits.accept())
    await unit(lambda permits: permits.refuse())
    rows, columns = await unit(lambda permits: permits.strip_size())
    retained = (await unit(lambda permits: permits.counters()))["retained"]
    return {"strip": f"{columns}x{rows}", "retained": retained}


async def camera(kit: Kit) -> Figures:
    """A new frame comes, and it shows something: neither dark nor burnt out nor one colour."""
    camera = kit.cabinet.camera
    await camera(lambda unit: unit.start())
    try:
        waited_s = 0.0
        while (frame := camera.device.latest()) is None:
            if waited_s >= FRAME_S:
                raise Failed("noPicture")
            await kit.clock.sleep(0.1)
            waited_s += 0.1
        grey = frame.image.mean(axis=2)
        brightness, contrast = int(grey.mean()), int(grey.std())
        expect(brightness >= DIM, "tooDark")
        expect(brightness <= BRIGHT, "tooBright")
        expect(contrast >= EVEN, "covered")
        rows, columns = frame.image.shape[:2]
        figures: dict[str, int | str] = {
            "size": f"{columns}x{rows}",
            "brightness": brightness,
            "contrast": contrast,
        }
        if kit.house is not None:
            try:
                framing = await (await kit.house.matching()).guide(np.ascontiguousarray(frame.image))
            except MatcherFailed:
                raise Failed("matcherUnavailable") from None
            figures["guidance"] = framing.guidance.value
        return figures
    finally:
        await camera(lambda unit: unit.stop())


async def fingerprint_pad(kit: Kit) -> Figures:
    """The pad takes a picture; nobody's finger is on it, or somebody's is."""
    there = await kit.cabinet.fingerprint_pad(lambda pad: pad.finger_present())
    return {"finger": "present" if there else "notPresent"}


async def payment_terminal(kit: Kit) -> Figures:
    """The terminal shakes hands."""
    status = await kit.cabinet.payment_terminal.refresh()
    if status.fault is not None:
        raise Failed(status.fault)
    return {"terminal": status.parts.get("terminal", "")}


async def receipt_printer(kit: Kit) -> Figures:
    """A page is printed and cut, and the printer has counted the cut."""
    printer = kit.cabinet.receipt_printer
    before = await printer(lambda unit: unit.counters())
    lines = _receipt(kit)
    await printer(lambda unit: unit.print(lines))
    after = await printer(lambda unit: unit.counters())
    for name, count in before.items():
        expect(after.get(name) == count + 1, "notCounted")
    return dict(after)


def _receipt(kit: Kit) -> list[ReceiptLine]:
    moment = f"{kit.clock.wall().astimezone():%Y-%m-%d %H:%M:%S}"
    lines = [ReceiptLine(kit.site, bold=True, centred=True)]
    if kit.house is not None:
        title = {
            language: kit.house.catalogue.sentence("maintenance.test-page", language)
            for language in LANGUAGES
        }
        lines += [ReceiptLine(words, bold=True, large=True, centred=True) for words in title.values()]
    return [
        *lines,
        ReceiptLine(moment, centred=True),
        ReceiptLine("0123456789 ABCDEFGHIJKLM", centred=True),
        ReceiptLine(code=f"TEST-{kit.site}-{moment[:10]}", centred=True),
    ]


async def document_printer(kit: Kit) -> Figures:
    """A page is printed, and the printer says that the job is complete."""
    printer = kit.cabinet.document_printer
    before = await printer(lambda unit: unit.counters())
    name = f"test-{kit.clock.mono_ns()}"
    page = test_page(kit)
    job = await printer(lambda unit: unit.print(name, page))
    waited_s = 0.0
    while not job.state.ended:
        if waited_s >= PRINT_S or job.state is PrintState.STOPPED:
            await printer(lambda unit: unit.cancel(name))
            raise Failed(job.reasons[0] if job.reasons else "timeOut")
        await kit.clock.sleep(0.25)
        waited_s += 0.25
        job = await printer(lambda unit: unit.job(name))
    expect(job.state is PrintState.COMPLETED, job.state.value)
    after = await printer(lambda unit: unit.counters())
    for counter, count in before.items():
        expect(after.get(counter, 0) > count, "notCounted")
    return dict(after)


def test_page(kit: Kit) -> bytes:
    """Return a PDF page that says where and when it was printed."""
    import typst  # takes a while to load, and is seldom needed

    moment = f"{kit.clock.wall().astimezone():%Y-%m-%d %H:%M:%S}"
    source = f"""#set page(paper: "a4")
#set text(font: "Noto Sans CJK SC", size: 14pt)
= 测试页 · Test page
{kit.site} · {moment}

#for weight in (0.1pt, 0.25pt, 0.5pt, 1pt) [#line(length: 100%, stroke: weight)]
#grid(columns: 10, ..range(11).map(n => rect(width: 1.4cm, height: 1.4cm, fill: luma(n * 10%))))
"""
    make: Any = typst.compile
    page: bytes = make(source.encode(), font_paths=[kit.fonts], ignore_system_fonts=True)
    return page


async def barcode_reader(kit: Kit) -> Figures:
    """The scanner lights up, looks, and stops."""
    reader = kit.cabinet.barcode_reader
    await reader(lambda unit: unit.start())
    try:
        await reader(lambda unit: unit.poll())
    except Retry:
        pass  # something unreadable before it is as good as nothing
    finally:
        await reader(lambda unit: unit.stop())
    return {}


async def document_scanner(kit: Kit) -> Figures:
    """A coarse picture of the glass comes, whatever lies there; it is dropped at once."""
    try:
        picture = await kit.cabinet.document_scanner(
            lambda unit: unit.scan(ScanSettings(resolution_dpi=75, mode=ScanMode.GRAY))
        )
    except Retry as error:
        raise NotHere(error.code) from error
    return {"size": f"{picture.shape[1]}x{picture.shape[0]}"}


async def card_dispenser(kit: Kit) -> Figures:
    """Every unit answers with its stacker, bin and path; no card is moved: each is somebody's."""
    dispenser = kit.cabinet.card_dispenser
    stores = await dispenser(lambda unit: unit.storage())
    figures: dict[str, int | str] = {f"{s.type}{s.unit}": s.replenishment.value for s in stores}
    for number in range(1, dispenser.device.units + 1):
        figures[f"media{number}"] = (await dispenser(partial(_media, number))).value
    return figures


def _media(number: int, dispenser: CardDispenser) -> Media:
    return dispenser.media(number)


async def io_board(kit: Kit) -> Figures:
    """Each light goes on and off, and the board says so; doors and sensors are read."""
    board = kit.cabinet.io_board
    lights = await board(lambda unit: unit.lights())
    for light in lights:
        await board(partial(_switch, light, FlashRate.CONTINUOUS))
        await kit.clock.sleep(LIGHT_S)
        await board(partial(_switch, light, FlashRate.OFF))
    inputs = await board(lambda unit: unit.auxiliaries())
    return {"lights": len(lights), "doors": len(inputs.doors), "sensors": len(inputs.sensors)}


def _switch(light: str, rate: FlashRate, board: IoBoard) -> None:
    board.set_light(light, rate)


async def ups(kit: Kit) -> Figures:
    """It feeds the machine from the mains, with a battery that would last."""
    power = await kit.cabinet.ups(lambda unit: unit.power())
    expect(not power.powering, "onBattery")
    expect(not power.low, "batteryLow")
    charge = power.charge_percent
    if charge is not None:
        expect(charge >= CHARGE_PERCENT, "batteryLow")
    return {
        "charge_percent": int(charge) if charge is not None else "unknown",
        "runtime_s": int(power.runtime_s) if power.runtime_s is not None else "unknown",
    }


ALONE: Final = tuple(
    Test(run.__name__, run.__name__, False, run)
    for run in (
        id_card_reader, permit_unit, camera, fingerprint_pad, payment_terminal, receipt_printer,
        document_printer, barcode_reader, document_scanner, card_dispenser, io_board, ups,
    )
)  # fmt: skip

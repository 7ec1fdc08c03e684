"""What the maintainer's pages say of devices, faults, tests and supplies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from kiosk.cabinet import Cabinet
from kiosk.faults import EVERY, FaultCatalogue
from kiosk.maintenance.inspection import Sheet
from kiosk.maintenance.selftest import REASONS, Finding, Verdict
from kiosk.maintenance.supplies import Kind, Level, Stock
from kiosk.prompts import Item, Mark, Row
from kiosk.texts import Text, text, verbatim

OF_A_UNIT: Final = re.compile(r"unit(\d+)(Low|Empty|Full)")
MARKS = {
    Verdict.RUNNING: Mark.NOW,
    Verdict.PASSED: Mark.DONE,
    Verdict.FAILED: Mark.FAILED,
    Verdict.SKIPPED: Mark.WARNING,
}


def advice(catalogue: FaultCatalogue, device: str, code: str) -> Text:
    """Return what staff are told of a word; a word that is in no catalogue is said as it is."""
    for place in (device, EVERY):
        if code in catalogue.entries.get(place, {}):
            return Text(f"fault.{place}.{code}")
    return text("maintenance.word", word=code)


def faulty_devices(cabinet: Cabinet) -> Text | None:
    """Return which devices can't be used, None when all can: it stands above their list, and on the menu."""
    faulty = tuple(
        text(f"maintenance.name.{name}")
        for name, worker in cabinet.workers.items()
        if worker.fault() is not None or worker.units_out
    )
    return text("maintenance.devices.faulty", count=len(faulty), devices=faulty) if faulty else None


def state_of(catalogue: FaultCatalogue, device: str, fault: str | None, warnings: tuple[str, ...]) -> Text:
    """Return how a device is, in a sentence."""
    if fault is not None:
        return advice(catalogue, device, fault)
    if warnings:
        return text("maintenance.warned", words=tuple(warning(word) for word in warnings))
    return text("maintenance.well")


def warning(word: str) -> Text:
    """Return what a device that works says besides; one unit of several says it with its number."""
    if of_unit := OF_A_UNIT.fullmatch(word):
        return text(f"maintenance.warning.unit-{of_unit[2].lower()}", number=of_unit[1])
    return text(f"maintenance.warning.{word}")


def device_rows(catalogue: FaultCatalogue, sheet: Sheet, clock: datetime) -> tuple[Row, ...]:
    """Return the lines of a device's page; what is not known is left out."""
    unit = sheet.capabilities
    model = " ".join(filter(None, (unit.maker, unit.model)))
    last = sheet.last
    rows = [
        ("state", state_of(catalogue, sheet.device, sheet.fault, sheet.warnings)),
        ("model", verbatim(model)),
        ("firmware", verbatim(unit.firmware)),
        ("serial", verbatim(unit.serial)),
        ("parts", verbatim(_pairs(sheet.parts))),
        ("counters", verbatim(_pairs({name: str(count) for name, count in sheet.counters.items()}))),
    ]
    if last is not None:
        at = last.at.astimezone(clock.tzinfo).strftime("%m-%d %H:%M:%S")
        said = advice(catalogue, sheet.device, last.code)
        rows.append(("last-fault", text("maintenance.fault-at", at=at, word=last.code, advice=said)))
    if sheet.faults:
        rows.append(("errors", verbatim(_pairs({code: str(count) for code, count in sheet.faults.items()}))))
    if sheet.wire:
        rows.append(
            ("wire", text("maintenance.wire", **{name: str(count) for name, count in sheet.wire.items()}))
        )
    return tuple(
        Row(text(f"maintenance.row.{name}"), value) for name, value in rows if value.args.get("value") != ""
    )


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def finding_item(catalogue: FaultCatalogue, finding: Finding) -> Item:
    """Return a self-test as a checklist's line: while it runs what to do, then how it ended."""
    label = text(f"selftest.{finding.test}")
    match finding.verdict:
        case Verdict.RUNNING:
            detail = text(f"selftest.do.{finding.test}") if "." in finding.test else text("selftest.running")
        case Verdict.PASSED:
            detail = text("selftest.passed", seconds=f"{finding.seconds:.1f}")
        case Verdict.SKIPPED:
            detail = text("selftest.skipped", why=reason_of(catalogue, finding))
        case _:
            detail = reason_of(catalogue, finding)
    return Item(label, detail, MARKS[finding.verdict])


def reason_of(catalogue: FaultCatalogue, finding: Finding) -> Text:
    """Return why a self-test did not pass; a test's own word has its sentence beside the devices' faults."""
    if catalogue.entry(finding.device, finding.code) is None and finding.code in REASONS:
        return text(f"selftest.why.{finding.code}")
    return advice(catalogue, finding.device, finding.code)


def stock_detail(stock: Stock, now: datetime) -> Text:
    """Return how a supply or bin stands: how many, and when it ends."""
    level = text(f"supply.level.{stock.level}")
    if stock.count is None or (stock.level is Level.EMPTY and stock.count > 0):
        return level  # where the device says that it has run out, what was counted is wrong
    if stock.unit.kind is Kind.BIN:
        return text("supply.in-bin", level=level, count=stock.count, full=stock.unit.full)
    if stock.ends is None or stock.level is Level.EMPTY:
        return text("supply.left", level=level, count=stock.count, full=stock.unit.full)
    return text(
        "supply.left-until",
        level=level,
        count=stock.count,
        full=stock.unit.full,
        when=moment(stock.ends, now),
    )


def moment(when: datetime, now: datetime) -> Text:
    """Return a moment as people say it: today or tomorrow about an hour, else the day."""
    days = (when.date() - now.date()).days
    if days in (0, 1):
        word = "today" if days == 0 else "tomorrow"
        return text(f"supply.when.{word}", hour=f"{when:%H}:00")
    return text("supply.when.day", day=f"{when:%Y-%m-%d}")

"""The cabinet's devices as the cashier and recovery ask for them."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

from devices.interfaces import (
    CardDispenser,
    DocumentPrinter,
    Media,
    PaymentResult,
    PaymentTerminal,
    PermitUnit,
    PrintJob,
    ReceiptPrinter,
)
from kiosk.cabinet import Worker
from kiosk.platform import Approval
from kiosk.steps.papers import CUTS
from kiosk.steps.print_document import SHEETS
from kiosk.strip import StripTemplate, draw_strip


@dataclass(frozen=True, slots=True)
class TerminalAtCashier:
    """The payment terminal, awaited."""

    worker: Worker[PaymentTerminal]

    async def start(self, order_no: str, amount_fen: int) -> None:
        await self.worker(lambda unit: unit.start(order_no, amount_fen))

    async def poll(self, order_no: str) -> PaymentResult:
        return await self.worker(lambda unit: unit.poll(order_no))

    async def abort(self, order_no: str) -> None:
        await self.worker(lambda unit: unit.abort(order_no))

    async def query(self, order_no: str) -> PaymentResult:
        return await self.worker(lambda unit: unit.query(order_no))

    async def refund(self, order_no: str, refund_no: str, amount_fen: int) -> PaymentResult:
        return await self.worker(lambda unit: unit.refund(order_no, refund_no, amount_fen))


@dataclass(frozen=True, slots=True)
class PermitAtRecovery:
    """The permit unit with a permit of which nothing is known any more but what it says itself."""

    worker: Worker[PermitUnit]
    template: StripTemplate

    async def media(self) -> Media:
        return await self.worker(lambda unit: unit.media())

    async def strip_code(self) -> str:
        return await self.worker(lambda unit: unit.scan_strip())

    async def chip_digest(self) -> str:
        def read(unit: PermitUnit) -> str:
            return hashlib.sha256(unit.read_chip(unit.scan_mrz()).endorsements).hexdigest()

        return await self.worker(read)

    async def print_strip(self, approval: Approval) -> None:
        def print_(unit: PermitUnit) -> None:
            number = unit.scan_mrz()[2:11].rstrip("<")
            strip = draw_strip(
                self.template,
                unit.strip_size(),
                permit_number=number,
                endorsements=[dataclasses.asdict(e) for e in approval.endorsements],
                code=approval.strip_code,
            )
            unit.print_strip(strip)

        await self.worker(print_)

    async def write_chip(self, approval: Approval) -> None:
        await self.worker(lambda unit: unit.write_chip(unit.scan_mrz(), approval.chip_record))

    async def eject(self) -> None:
        await self.worker(lambda unit: unit.eject())

    async def retract(self) -> int:
        return await self.worker(lambda unit: unit.retract())

    async def bin_count(self) -> int:
        return (await self.worker(lambda unit: unit.counters()))["retained"]


@dataclass(frozen=True, slots=True)
class ReceiptAtRecovery:
    """The receipt printer's memory of its cuts."""

    worker: Worker[ReceiptPrinter]

    async def cuts(self) -> int:
        return (await self.worker(lambda unit: unit.counters())).get(CUTS, 0)


@dataclass(frozen=True, slots=True)
class DocumentsAtRecovery:
    """The document printer's jobs, and its count of sheets."""

    worker: Worker[DocumentPrinter]

    async def job(self, name: str) -> PrintJob:
        return await self.worker(lambda unit: unit.job(name))

    async def cancel(self, name: str) -> None:
        await self.worker(lambda unit: unit.cancel(name))

    async def sheets(self) -> int | None:
        return (await self.worker(lambda unit: unit.counters())).get(SHEETS)


@dataclass(frozen=True, slots=True)
class DispenserAtRecovery:
    """The card dispenser's paths and bins."""

    worker: Worker[CardDispenser]

    async def media(self, unit: int) -> Media:
        return await self.worker(lambda dispenser: dispenser.media(unit))

    async def retained(self, unit: int) -> int:
        return (await self.worker(lambda dispenser: dispenser.counters()))[f"retained{unit}"]

    async def retain(self, unit: int) -> int:
        return await self.worker(lambda dispenser: dispenser.retain(unit))

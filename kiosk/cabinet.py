"""The cabinet: the devices of one machine, each with a worker thread of its own.

Drivers are plain synchronous code; the core awaits them. A slow or dead wire holds its own thread
and never a frame. The cabinet also knows, between two visits, which devices can be used: from that
comes what the home screen offers.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Generic, Protocol, TypeVar

from devices.absent import Absent
from devices.base import Device, DeviceError, Fault, StaffAction, State, Status
from devices.interfaces import (
    BarcodeReader,
    Camera,
    CardDispenser,
    DocumentPrinter,
    DocumentScanner,
    FingerprintPad,
    IdCardReader,
    IoBoard,
    PaymentTerminal,
    PermitUnit,
    ReceiptPrinter,
    Ups,
)
from kiosk.store_units import unit_of

D_co = TypeVar("D_co", bound=Device, covariant=True)
T = TypeVar("T")

UNKNOWN = Status(State.STARTING)
NOT_FITTED = "notFitted"
"""The word for a device that this kind of cabinet does not have."""


class Listener(Protocol):
    """Told of what becomes of a device, on the event loop's thread.

    ``quarantined`` when it is kept out of service for ``word``, and with None when it is let back.
    """

    def status_changed(self, device: str, status: Status) -> None: ...

    def faulted(self, device: str, error: DeviceError) -> None: ...

    def quarantined(self, device: str, word: str | None) -> None: ...


class Worker(Generic[D_co]):
    """One device and its thread: ``await worker(lambda unit: unit.find())``.

    A device that is not open is opened first, so that a unit plugged in again simply works.
    """

    def __init__(self, device: D_co, listener: Listener) -> None:
        self.device = device
        self.name = device.name
        self.status = UNKNOWN
        self.quarantined: str | None = None
        self.units_out: Mapping[int, str] = {}
        """Units that are out of service while the device's others serve, and the word for why."""
        self._listener = listener
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=device.name)
        self._open = False
        self._busy = 0

    async def __call__(self, act: Callable[[D_co], T]) -> T:
        """Run ``act`` on the device's thread; raises what the driver raises (``Retry``, ``Fault``)."""
        self._busy += 1
        try:
            return await asyncio.wrap_future(self._submit(act))
        except DeviceError as error:
            self._listener.faulted(self.name, error)
            raise
        finally:
            self._busy -= 1

    @property
    def fitted(self) -> bool:
        """Tell whether this cabinet has the device at all."""
        return not isinstance(self.device, Absent)

    @property
    def busy(self) -> bool:
        """Tell whether a command is under way."""
        return self._busy > 0

    async def refresh(self) -> Status:
        """Ask the device for its status and remember it; tells the listener when it changed."""
        try:
            status = await asyncio.wrap_future(self._submit(_status))
        except DeviceError as error:
            action = error.action if isinstance(error, Fault) else StaffAction.RESET
            status = Status(State.OFFLINE, fault=error.code, action=action)
        if status != self.status:
            self.status = status
            self._listener.status_changed(self.name, status)
        return status

    def fault(self) -> str | None:
        """Return the word for why the device cannot be used now, None when it can."""
        if not self.fitted:
            return NOT_FITTED
        if self.quarantined is not None:
            return self.quarantined
        if self.status.usable:
            return None
        return self.status.fault or str(self.status.state)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be told of a device that serves all the same: its own words, its units that are out."""
        return (*self.status.warnings, *(f"unit{unit} {word}" for unit, word in self.units_out.items()))

    def quarantine(self, word: str | None) -> None:
        """Keep the device out of service, whatever it says of itself; None lets it back."""
        if word != self.quarantined:
            self.quarantined = word
            self._listener.quarantined(self.name, word)

    async def close(self) -> None:
        """Close the device and end its thread."""
        with contextlib.suppress(DeviceError):
            await asyncio.wrap_future(self._thread.submit(self._close))
        self._thread.shutdown(wait=False)

    def _submit(self, act: Callable[[D_co], T]) -> Future[T]:
        return self._thread.submit(self._run, act)

    def _run(self, act: Callable[[D_co], T]) -> T:
        threading.current_thread().name = self.name
        if not self._open:
            self.device.open()
            self._open = True
        try:
            return act(self.device)
        except Fault as fault:
            if fault.code in REOPEN_AFTER:
                self._close()
            raise

    def _close(self) -> None:
        self._open = False
        self.device.close()


def _status(device: Device) -> Status:
    return device.status()


REOPEN_AFTER = frozenset({"noDevice", "offline", "connectionLost"})
"""Faults after which the wire itself is opened anew."""


@dataclass(frozen=True, slots=True)
class Unready:
    """A device that a service needs and cannot have, and the word for why."""

    device: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabinet:
    """The devices of the machine; one that this kind of cabinet does not have is ``Absent`` in its place."""

    id_card_reader: Worker[IdCardReader]
    permit_unit: Worker[PermitUnit]
    camera: Worker[Camera]
    fingerprint_pad: Worker[FingerprintPad]
    payment_terminal: Worker[PaymentTerminal]
    receipt_printer: Worker[ReceiptPrinter]
    barcode_reader: Worker[BarcodeReader]
    card_dispenser: Worker[CardDispenser]
    document_printer: Worker[DocumentPrinter]
    document_scanner: Worker[DocumentScanner]
    io_board: Worker[IoBoard]
    ups: Worker[Ups]

    @property
    def workers(self) -> Mapping[str, Worker[Device]]:
        """Every fitted device by name."""
        every = (getattr(self, place.name) for place in fields(self))
        return {worker.name: worker for worker in every if worker.fitted}

    async def refresh(self, names: Iterable[str] | None = None) -> None:
        """Ask the named devices (all by default) for their status, each on its own thread."""
        workers = self.workers
        chosen = workers if names is None else {name: workers[name] for name in names}
        await asyncio.gather(*(worker.refresh() for worker in chosen.values() if not worker.busy))

    def unready(self, needs: Iterable[str]) -> list[Unready]:
        """Return which of the needed devices cannot be used now; what is not fitted is ``notFitted``."""
        workers = self.workers
        faults = ((name, workers[name].fault() if name in workers else NOT_FITTED) for name in needs)
        return [Unready(name, fault) for name, fault in faults if fault is not None]

    def quarantine(self, words: Mapping[str, str]) -> None:
        """Keep the devices named in ``words`` out of service, each for the word told. The others serve.

        A unit of the store has a name of its own; a dispenser without any unit is itself out of service.
        """
        dispenser, whole = self.card_dispenser, dict(words)
        units = {unit_of(name): word for name, word in words.items()}
        dispenser.units_out = {unit: word for unit, word in units.items() if unit is not None}
        if dispenser.fitted and all(unit in units for unit in range(1, dispenser.device.units + 1)):
            whole.setdefault(dispenser.name, dispenser.units_out[1])
        for name, worker in self.workers.items():
            worker.quarantine(whole.get(name))

    async def close(self) -> None:
        await asyncio.gather(*(worker.close() for worker in self.workers.values()))

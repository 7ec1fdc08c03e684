"""What recovery asks the document printer: what became of each job that a dead process left open.

A job is never printed again, and one that still waits is cancelled, so that nothing comes out when somebody
else stands there.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from devices.base import DeviceError
from devices.interfaces import PrintJob, PrintState
from kiosk.journal import Effect, EffectState, Journal, VisitRecord
from kiosk.journal.effects import PRINT_DOCUMENT
from kiosk.journal.fields import word

CANCELLING_TRIES: Final = 20
PAUSE_S: Final = 0.25
_NOBODY_KNOWS: Final = frozenset({PrintState.NOT_FOUND, PrintState.UNKNOWN})


class PrinterPort(Protocol):
    """The document printer as recovery asks it. May raise ``devices.base.DeviceError``."""

    async def job(self, name: str) -> PrintJob: ...

    async def cancel(self, name: str) -> None: ...

    async def sheets(self) -> int | None:
        """Return the counter of the printer's life, None where it has none."""
        ...


class PrintJobs:
    """The jobs of dead visits, whatever service they were for."""

    def __init__(self, journal: Journal, printer: PrinterPort) -> None:
        self._journal, self._printer = journal, printer

    async def ask(self, record: VisitRecord) -> None:
        """Conclude every print of a visit that is still open, as far as the printer can tell."""
        for effect in record.every(PRINT_DOCUMENT):
            if not effect.state.resolved:
                await self._ask(effect)

    async def _ask(self, effect: Effect) -> None:
        try:
            job, sheets = await self._stopped(effect.key), await self._printer.sheets()
        except DeviceError as error:
            await self._not_known(effect, error.code)
            return
        state = _state(job, effect.before.get("sheets"), sheets)
        if state.resolved:
            after = {"state": job.state.value, "sheets": sheets}
            await self._journal.conclude(effect.intent, state, after=after)
        else:
            await self._not_known(effect, job.state.value)

    async def _stopped(self, name: str) -> PrintJob:
        """Return the job once nothing more will come of it, as far as the printer lets itself be stopped."""
        job = await self._printer.job(name)
        if job.state.ended or job.state in _NOBODY_KNOWS:
            return job
        await self._printer.cancel(name)
        for _ in range(CANCELLING_TRIES):
            job = await self._printer.job(name)
            if job.state.ended:
                break
            await asyncio.sleep(PAUSE_S)
        return job

    async def _not_known(self, effect: Effect, code: str) -> None:
        if effect.state is EffectState.INTENDED:
            await self._journal.conclude(effect.intent, EffectState.UNKNOWN, after={"code": word(code)})


def _state(job: PrintJob, before: int | None, after: int | None) -> EffectState:
    """Return what job and counter say: a job that the printer has forgotten is told by the counter alone."""
    if job.state is PrintState.COMPLETED:
        return EffectState.DONE
    if job.state.ended:
        return EffectState.FAILED
    if job.state in _NOBODY_KNOWS and before is not None and after is not None:
        return EffectState.DONE if after > before else EffectState.FAILED
    return EffectState.FAILED if job.state is PrintState.NOT_FOUND else EffectState.UNKNOWN

"""What recovery does about certificates: ask the printer what became of each job, and void what is not out.

A job is never printed again, and one that still waits is cancelled, so that nothing comes out when somebody
else stands there. A copy that the printer finished is good. Unless its holder said that it was taken it lies
in the tray, and the printer stays out of service. Every other copy is void, and so is one that its holder was
told is void: that it came out afterwards makes nothing good.
"""

from __future__ import annotations

from typing import Final

from kiosk.certificate_office import CertificateOffice, Standing
from kiosk.goods_recovery import NO_GOODS, Goods, GoodsState
from kiosk.job_recovery import PrinterPort, PrintJobs
from kiosk.journal import Effect, EffectState, Journal, Letter, VisitRecord
from kiosk.journal.effects import PRINT_DOCUMENT, SUBMIT_CERTIFICATE
from kiosk.journal.fields import word
from kiosk.left_documents import note_if_left, printed
from kiosk.platform import PlatformError

INTERRUPTED: Final = "interrupted"
VOIDED: Final = "certificate-void"
"""The visit's note of a copy that is void, written before anybody is told so."""


class CertificateGoods:
    """``GoodsRecovery`` of certificates: their application, and a job for each copy."""

    def __init__(self, journal: Journal, office: CertificateOffice, printer: PrinterPort) -> None:
        self._journal, self._office, self._jobs = journal, office, PrintJobs(journal, printer)

    async def settle(self, visit: str) -> Goods:
        """Ask about every copy of a dead visit, and tell the back office which are good and which void."""
        await self._jobs.ask(await self._journal.visit(visit))
        record = await self._journal.visit(visit)
        await self._ask_office(record, good=_good(record))
        await note_if_left(self._journal, record)
        return Goods(GoodsState.WHOLE) if _good(record) else NO_GOODS

    async def ask_again(self, record: VisitRecord) -> None:
        """Ask whoever is back again. Nothing of an ended visit becomes good: what is out was left."""
        await self._jobs.ask(record)
        await note_if_left(self._journal, await self._journal.visit(record.visit))
        submitted = record.last(SUBMIT_CERTIFICATE)
        if submitted is not None and not submitted.state.resolved:
            await self._ask_office(record, good=frozenset())

    def taken(self, record: VisitRecord) -> bool:
        """Tell whether good copies came out: nothing draws them back; whoever left them is told by letter."""
        return bool(_good(record))

    # --- the back office ----------------------------------------------------------------------------

    async def _ask_office(self, record: VisitRecord, good: frozenset[str]) -> None:
        """Conclude the application; every certificate that is still ``issued`` is now good or void."""
        submitted = record.last(SUBMIT_CERTIFICATE)
        if submitted is None:
            return
        try:
            made = await self._office.of_case(record.case_no)
        except PlatformError as error:
            if not submitted.state.resolved:
                await self._not_known(submitted, error.code)
            for effect in record.every(PRINT_DOCUMENT):
                serial = str(effect.before["serial"])
                await self._write(record, serial, Standing.PRINTED if serial in good else Standing.VOID)
            return
        if not submitted.state.resolved:
            state = EffectState.DONE if made.decision else EffectState.FAILED
            after = {"state": made.decision.value if made.decision else "none"}
            await self._journal.conclude(submitted.intent, state, after=after)
        for serial, standing in made.certificates.items():
            if standing is Standing.ISSUED:
                await self._tell(record, serial, Standing.PRINTED if serial in good else Standing.VOID)

    async def _tell(self, record: VisitRecord, serial: str, standing: Standing) -> None:
        try:
            await self._office.tell(serial, standing, INTERRUPTED if standing is Standing.VOID else "")
        except PlatformError:
            await self._write(record, serial, standing)

    async def _write(self, record: VisitRecord, serial: str, standing: Standing) -> None:
        body = {"serial": serial, "status": standing.value, "reason": INTERRUPTED}
        await self._journal.post(Letter("certificate-outcome", body, record.case_no))

    async def _not_known(self, effect: Effect, code: str) -> None:
        if effect.state is EffectState.INTENDED:
            await self._journal.conclude(effect.intent, EffectState.UNKNOWN, after={"code": word(code)})


def _good(record: VisitRecord) -> frozenset[str]:
    """Return the numbers of the copies that came out and that nobody was told are void."""
    void = {str(event.body["serial"]) for event in record.events if event.kind == VOIDED}
    return printed(record) - void

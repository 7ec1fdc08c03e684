"""What recovery asks about personal notices: whether the desk has the one that was being filed.

The signature died with the process and is never asked for again: a notice that was not filed is simply not
there, and the person, who was not served to the end, may ask for another.
"""

from __future__ import annotations

from kiosk.goods_recovery import NO_GOODS, Goods
from kiosk.job_recovery import PrinterPort, PrintJobs
from kiosk.journal import EffectState, Journal, VisitRecord
from kiosk.journal.effects import SUBMIT_NOTICE
from kiosk.journal.fields import word
from kiosk.left_documents import note_if_left
from kiosk.notice_office import NoticeOffice
from kiosk.platform import PlatformError


class NoticeGoods:
    """``GoodsRecovery`` of the guide: the filing and the print are asked about."""

    def __init__(self, journal: Journal, office: NoticeOffice, printer: PrinterPort) -> None:
        self._journal, self._office, self._jobs = journal, office, PrintJobs(journal, printer)

    async def settle(self, visit: str) -> Goods:
        await self.ask_again(await self._journal.visit(visit))
        return NO_GOODS

    async def ask_again(self, record: VisitRecord) -> None:
        """Ask the desk whether the notice was filed, and the printer for its paper; unanswered, the question
        stays for the next time."""
        await self._jobs.ask(record)
        await note_if_left(self._journal, await self._journal.visit(record.visit))
        effect = record.last(SUBMIT_NOTICE)
        if effect is None or effect.state.resolved:
            return
        try:
            number = await self._office.of_case(record.case_no)
        except PlatformError as error:
            if effect.state is EffectState.INTENDED:
                after = {"code": word(error.code)}
                await self._journal.conclude(effect.intent, EffectState.UNKNOWN, after=after)
            return
        state = EffectState.DONE if number else EffectState.FAILED
        await self._journal.conclude(effect.intent, state, after={"document_no": number} if number else {})

    def taken(self, record: VisitRecord) -> bool:
        return False

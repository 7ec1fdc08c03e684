"""The paper of a decision: the authority's own words, checked to be about the holder, handed over at once."""

from __future__ import annotations

from devices.interfaces import ReceiptLine
from kiosk.journal.records import Letter
from kiosk.paper_check import Expected, PaperDiffers
from kiosk.prompts import Action, Notice, Tone
from kiosk.steps.id_card import Holder
from kiosk.steps.office_paper import print_office_paper
from kiosk.steps.papers import print_paper
from kiosk.texts import text
from kiosk.traffic_office import Decision
from kiosk.traffic_recovery import NOT_PRINTED
from kiosk.visit import Refused, Visit


async def hand_over(visit: Visit, holder: Holder, decision: Decision) -> bool:
    """Print the decision, on A4 where that can be done, else on the receipt printer.

    Without any paper offer it electronically (程序规定 arts. 55 and 56). Returns whether it lies in the
    receipt slot.

    Raises ``Refused`` when it is not about the holder.
    """
    said = "\n".join(decision.document)
    if holder.name not in said or holder.masked_number not in said or decision.decision_no not in said:
        raise await _differs(visit, decision)
    if await _on_a4(visit, holder, decision):
        return False
    if await print_paper(visit, document_lines(visit, decision)):
        return True
    way = "unasked"
    try:
        answer = await visit.ask(_by_link(visit, decision), leave=False)
        way = "electronic" if answer.action == "agree" else "window"
    finally:
        body = {"decision_no": decision.decision_no, "way": way}
        letter = Letter(NOT_PRINTED, body, visit.case_no)
        await visit.house.journal.note(visit.number, NOT_PRINTED, letter=letter, **body)
    return False


async def _on_a4(visit: Visit, holder: Holder, decision: Decision) -> bool:
    expected = Expected(decision.document[0], decision.decision_no, holder.name, holder.masked_number)
    try:
        return await print_office_paper(
            visit,
            expected,
            lambda: visit.house.traffic.document(visit.case_no, decision.decision_no),
            text("traffic-violations.printing.question"),
        )
    except PaperDiffers as differs:
        raise await _differs(visit, decision) from differs


async def _differs(visit: Visit, decision: Decision) -> Refused:
    """Tell the office of a paper that is somebody else's: it must not even be seen."""
    letter = Letter("decision-differs", {"decision_no": decision.decision_no}, visit.case_no)
    await visit.house.journal.note(
        visit.number, "decision-differs", letter=letter, decision_no=decision.decision_no
    )
    return Refused("decision-differs", text("trouble.internal.why"))


def _by_link(visit: Visit, decision: Decision) -> Notice:
    return Notice(
        "decision-by-link",
        text("traffic-violations.document.question"),
        paragraphs=(text("traffic-violations.document.body"),),
        actions=(
            Action("agree", text("traffic-violations.document.agree")),
            Action("decline", text("traffic-violations.document.decline")),
        ),
        tone=Tone.NEEDS_YOU,
        case=visit.case_no,
        code=link(visit, decision.decision_no),
    )


def document_lines(visit: Visit, decision: Decision) -> list[ReceiptLine]:
    """Lay the authority's document out as it is, its heading large, with the case number and a code."""
    say, language = visit.house.catalogue.say, visit.house.stage.settings.language
    heading, *rest = decision.document
    return [
        ReceiptLine(heading, bold=True, centred=True),
        ReceiptLine(""),
        *(ReceiptLine(line) for line in rest),
        ReceiptLine(""),
        ReceiptLine(say(text("receipt.case", case=visit.case_no), language), bold=True),
        ReceiptLine(code=link(visit, decision.decision_no), centred=True),
    ]


def link(visit: Visit, number: str) -> str:
    """Return the address behind the code of a decision or an objection."""
    return f"{visit.house.receipt_url}{visit.case_no}/{number}"

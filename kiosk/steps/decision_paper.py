"""The paper of a decision: the authority's own words, checked to be about the holder, handed over at once."""

from __future__ import annotations

from devices.interfaces import ReceiptLine
from kiosk.journal.records import Letter
from kiosk.prompts import Action, Notice, Tone
from kiosk.steps.id_card import Holder
from kiosk.steps.papers import print_paper
from kiosk.texts import text
from kiosk.traffic_office import Decision
from kiosk.traffic_recovery import NOT_PRINTED
from kiosk.visit import Refused, Visit


async def hand_over(visit: Visit, holder: Holder, decision: Decision) -> bool:
    """Print the decision, true when it was; else offer it electronically (程序规定 arts. 55 and 56).

    Raises ``Refused`` when it is not about the holder.
    """
    said = "\n".join(decision.document)
    if holder.name not in said or holder.masked_number not in said or decision.decision_no not in said:
        # Somebody else's paper must not even be seen.
        letter = Letter("decision-differs", {"decision_no": decision.decision_no}, visit.case_no)
        await visit.house.journal.note(
            visit.number, "decision-differs", letter=letter, decision_no=decision.decision_no
        )
        raise Refused("decision-differs", text("trouble.internal.why"))
    if await print_paper(visit, _document_lines(visit, decision)):
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


def _document_lines(visit: Visit, decision: Decision) -> list[ReceiptLine]:
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

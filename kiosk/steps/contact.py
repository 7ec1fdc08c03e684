"""手机号: where messages about a case that stays open go. Whoever has no wish for any skips it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kiosk.personal import is_mobile_number, masked_mobile_number
from kiosk.platform import PlatformError
from kiosk.prompts import Action, EnterText, Notice, Tone, Working
from kiosk.steps.id_card import Holder
from kiosk.texts import text
from kiosk.visit import Visit

DIGITS: Final = 11


@dataclass(slots=True, repr=False)
class Contact:
    """A mobile number: the person's, until the visit ends."""

    phone: str

    def wipe(self) -> None:
        self.phone = ""


async def ask_for_contact(visit: Visit, holder: Holder) -> str:
    """Ask for a mobile number and tell the back office; return it masked, "" when there is none there.

    The case stands with a number and without. When the back office does not take it, the person is told.
    """
    contact = await _enter(visit)
    if contact is None:
        return ""
    try:
        async with visit.working():
            visit.tell(Working("giving-contact", text("contact.giving.question")))
            with visit.meter.devices():
                await visit.house.contacts.give(
                    visit.case_no, id_number=holder.number, name=holder.name, phone=contact.phone
                )
    except PlatformError as error:
        visit.house.events.event("contact-not-taken", visit=visit.number, code=error.code)
        await _say_not_taken(visit)
        return ""
    return masked_mobile_number(contact.phone)


async def _enter(visit: Visit) -> Contact | None:
    """Have a number typed until it is one; None from somebody who gives none."""
    wrong = False
    while True:
        answer = await visit.ask(
            EnterText(
                "mobile-number",
                text("contact.question"),
                text("contact.wrong" if wrong else "contact.body"),
                Tone.NEEDS_YOU if wrong else Tone.PLAIN,
                least=DIGITS,
                most=DIGITS,
                keys="1234567890",
                confirm=text("contact.confirm"),
                actions=(Action("skip", text("contact.skip")),),
            ),
            leave=False,
        )
        if answer.action != "enter":
            return None
        contact = Contact(str(answer.value))
        visit.keep(contact)
        if is_mobile_number(contact.phone):
            return contact
        wrong = True


async def _say_not_taken(visit: Visit) -> None:
    await visit.ask(
        Notice(
            "contact-not-taken",
            text("contact.not-taken.question"),
            paragraphs=(text("contact.not-taken.body"),),
            actions=(Action("next", text("contact.not-taken.next")),),
            tone=Tone.NEEDS_YOU,
            case=visit.case_no,
        ),
        leave=False,
    )

"""Signing on the screen: with a finger, asked for again when nothing came, and never forced."""

from __future__ import annotations

from kiosk.prompts import Action, Sign, Tone
from kiosk.signature import Signature
from kiosk.texts import Text, text
from kiosk.visit import Visit


async def ask_to_sign(
    visit: Visit, name: str, question: Text, body: Text, *, without: Text
) -> Signature | None:
    """Ask for a signature; None when the person goes on ``without`` one. It is wiped after the visit."""
    again = False
    while True:
        answer = await visit.ask(
            Sign(
                name,
                question,
                text("signing.again") if again else body,
                Tone.NEEDS_YOU if again else Tone.PLAIN,
                actions=(Action("without", without),),
            )
        )
        if answer.action == "without":
            return None
        try:
            signature = Signature.read(answer.value)
        except ValueError:
            again = True
            continue
        visit.keep(signature)
        return signature

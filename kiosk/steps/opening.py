"""The first two pages of a service: its leaflet, and the consent to compare the face."""

from __future__ import annotations

from enum import StrEnum

from kiosk.prompts import Action, Answer, Notice, Row
from kiosk.texts import Text, text
from kiosk.visit import Visit


class Proof(StrEnum):
    """The way in which somebody proves to be the holder of the card."""

    FACE = "face"
    FINGER = "finger"


async def show_leaflet(visit: Visit, costs: Text, not_here: Text) -> None:
    """Show what the service needs, costs and takes; returns when the person wants to begin."""
    name = visit.service.name
    await visit.ask(
        Notice(
            "leaflet",
            text(f"{name}.leaflet.question"),
            paragraphs=(text(f"{name}.leaflet.what"), not_here),
            rows=(
                Row(text("leaflet.bring"), text(f"{name}.leaflet.bring")),
                Row(text("leaflet.costs"), costs),
                Row(text("leaflet.takes"), _minutes(visit)),
            ),
            actions=(Action("begin", text("leaflet.begin")),),
        )
    )


def _minutes(visit: Visit) -> Text:
    minutes = visit.service.minutes
    return text("leaflet.minutes", minutes=minutes) if minutes > 1 else text("leaflet.one-minute")


async def begin_with_consent(visit: Visit, costs: Text, not_here: Text) -> Proof:
    """Show the leaflet and ask for the consent to compare the face on one page: for what is done most.

    The two ways stand side by side and the consent has a button of its own, as in ``ask_consent``.
    """
    name = visit.service.name
    answer = await visit.ask(
        Notice(
            "leaflet-and-consent",
            text(f"{name}.leaflet.question"),
            paragraphs=(
                text(f"{name}.leaflet.what"),
                not_here,
                text("consent.purpose"),
                text("consent.kept"),
                text("consent.free"),
            ),
            rows=(
                Row(text("leaflet.bring"), text(f"{name}.leaflet.bring")),
                Row(text("leaflet.costs"), costs),
                Row(text("leaflet.takes"), _minutes(visit)),
            ),
            actions=(
                Action("agree", text("leaflet.agree")),
                Action("another-way", text("leaflet.another-way")),
            ),
        )
    )
    return await _note_consent(visit, answer)


async def ask_consent(visit: Visit) -> Proof:
    """Tell how a face is compared and kept, and ask for separate consent; another way stands beside it.

    The notice follows the rules for face recognition in force since 2025-06-01 (人脸识别技术应用安全
    管理办法): purpose, means, how long it is kept, and that refusing has no disadvantage.
    """
    answer = await visit.ask(
        Notice(
            "consent-face",
            text("consent.question"),
            paragraphs=(text("consent.purpose"), text("consent.kept"), text("consent.free")),
            actions=(
                Action("agree", text("consent.agree")),
                Action("another-way", text("consent.another-way")),
            ),
        )
    )
    return await _note_consent(visit, answer)


async def _note_consent(visit: Visit, answer: Answer) -> Proof:
    proof = Proof.FACE if answer.action == "agree" else Proof.FINGER
    await visit.house.journal.note(visit.number, "consent-given", way=proof.value)
    return proof

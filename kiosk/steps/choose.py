"""Choosing endorsements: where to, which type, how long and how often, out of today's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from kiosk.platform import PermitCheck
from kiosk.prompts import Action, CheckAnswers, ChooseMany, ChooseOne, Notice, Option, Row, Tone
from kiosk.rules import Applicant, EndorsementRules, Existing, Refusal, Wish
from kiosk.steps.id_card import Holder
from kiosk.steps.permit import Permit
from kiosk.texts import Text, text, verbatim
from kiosk.visit import Back, Refused, Visit


@dataclass(slots=True)
class Wishes:
    """What the person has chosen so far."""

    destinations: list[str] = field(default_factory=list)
    type: str = ""
    chosen: dict[str, Wish] = field(default_factory=dict)

    def items(self) -> list[Wish]:
        """Return one endorsement a destination, in the order of choosing."""
        return [self.chosen[place] for place in self.destinations]


def applicant(holder: Holder, permit: Permit, known: PermitCheck) -> Applicant:
    """Return what the rules look at."""
    return Applicant(
        age=holder.age,
        permit_expires=permit.expires,
        household=known.household,
        individual_travel=known.individual_travel,
        first_time=known.first_time,
        strip_rewrites=known.strip_rewrites,
        existing=tuple(
            Existing(e.destination, e.type, e.valid_until, e.entries_left) for e in known.endorsements
        ),
    )


def refuse(refusal: Refusal | None) -> None:
    """Raise ``Refused`` when a rule says no."""
    if refusal is not None:
        raise Refused(refusal.code, refusal.reason)


async def choose_wishes(visit: Visit, rules: EndorsementRules, who: Applicant) -> Wishes:
    """Ask for destinations, type and times; back and forth as the person likes."""
    wishes = Wishes()

    async def destinations() -> None:
        await _choose_destinations(visit, rules, who, wishes)

    async def kind() -> None:
        await _choose_type(visit, rules, who, wishes)

    async def times() -> None:
        for destination in wishes.destinations:
            await _choose_times(visit, rules, who, wishes, destination)

    async def replacing() -> None:
        await _confirm_replacing(visit, rules, who, wishes)

    await visit.walk(destinations, kind, times, replacing)
    return wishes


async def check_answers(
    visit: Visit, holder: Holder, wishes: Sequence[Wish], rules: EndorsementRules
) -> bool:
    """Show what was chosen and what it costs; false when the person wants to choose again."""
    change = Action("change", text("check.change"))
    rows = [
        Row(text("check.name"), verbatim(holder.name)),
        *(Row(destination(wish.destination), describe(wish), edit=change) for wish in wishes),
    ]
    total_fen = sum(rules.fee_fen(wish) for wish in wishes)
    answer = await visit.ask(
        CheckAnswers(
            "check-answers",
            text("check.question"),
            rows=tuple(rows),
            total_fen=total_fen,
            actions=(Action("confirm", text("check.confirm", amount=total_fen)),),
        )
    )
    return answer.action == "confirm"


def destination(code: str) -> Text:
    return text(f"endorsement.destination.{code}")


def describe(wish: Wish) -> Text:
    """Return a wish in words: type, period, entries."""
    return text(
        "endorsement.wish",
        type=text(f"endorsement.type.{wish.type}"),
        validity=text(f"endorsement.validity.{wish.validity}"),
        entries=text(f"endorsement.entries.{wish.entries}"),
    )


async def _choose_destinations(visit: Visit, rules: EndorsementRules, who: Applicant, wishes: Wishes) -> None:
    options = tuple(
        Option(
            place,
            destination(place),
            _already_there(who.existing, place, rules.today),
            chosen=place in wishes.destinations,
        )
        for place in rules.destinations(who)
    )
    prompt = ChooseMany(
        "choose-destinations",
        text("endorsement.destinations.question"),
        text("endorsement.destinations.body"),
        options=options,
        confirm=text("endorsement.destinations.confirm"),
    )
    chosen: list[str] = []
    while not chosen:
        answer = await visit.ask(prompt)
        chosen = [option.value for option in options if option.value in list(answer.value or ())]
    wishes.destinations = chosen


async def _choose_type(visit: Visit, rules: EndorsementRules, who: Applicant, wishes: Wishes) -> None:
    letters = rules.types(who, wishes.destinations)
    if len(letters) == 1:
        wishes.type = letters[0]
        return
    wishes.type = await visit.choose(
        ChooseOne(
            "choose-type",
            text("endorsement.types.question"),
            options=tuple(
                Option(
                    letter,
                    text(f"endorsement.type.{letter}"),
                    text(f"endorsement.type-detail.{letter}"),
                    chosen=letter == wishes.type,
                )
                for letter in letters
            ),
        )
    )


async def _choose_times(
    visit: Visit, rules: EndorsementRules, who: Applicant, wishes: Wishes, place: str
) -> None:
    offers = {
        offer.wish.choice: offer
        for offer in rules.offers(who)
        if (offer.wish.destination, offer.wish.type) == (place, wishes.type)
    }
    before = wishes.chosen.get(place)
    choice = await visit.choose(
        ChooseOne(
            f"choose-times-{place.lower()}",
            text("endorsement.times.question", destination=destination(place)),
            options=tuple(
                Option(
                    choice,
                    text(
                        "endorsement.times.option",
                        validity=text(f"endorsement.validity.{offer.wish.validity}"),
                        entries=text(f"endorsement.entries.{offer.wish.entries}"),
                    ),
                    text("endorsement.times.stay", days=offer.stay_days),
                    price_fen=offer.fee_fen,
                    refused=offer.refused,
                    chosen=before is not None and before.choice == choice,
                )
                for choice, offer in offers.items()
            ),
        )
    )
    wishes.chosen[place] = offers[choice].wish


async def _confirm_replacing(visit: Visit, rules: EndorsementRules, who: Applicant, wishes: Wishes) -> None:
    """An endorsement still valid for the same place and type would be cancelled: ask first."""
    replaced = [e for wish in wishes.items() if (e := rules.replaced(wish, who)) is not None]
    if not replaced:
        return
    answer = await visit.ask(
        Notice(
            "confirm-replacing",
            text("endorsement.replace.question"),
            rows=tuple(
                Row(
                    destination(e.destination),
                    text("endorsement.replace.row", until=str(e.valid_until)),
                )
                for e in replaced
            ),
            paragraphs=(text("endorsement.replace.body"),),
            actions=(
                Action("replace", text("endorsement.replace.go")),
                Action("keep", text("endorsement.replace.keep")),
            ),
            tone=Tone.NEEDS_YOU,
        )
    )
    if answer.action != "replace":
        raise Back


def _already_there(existing: Sequence[Existing], place: str, today: date) -> Text | None:
    for one in existing:
        if one.destination == place and one.valid_until >= today and one.entries_left != 0:
            return text("endorsement.destinations.has", until=str(one.valid_until))
    return None

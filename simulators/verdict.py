"""What a run says at the end: the kiosk's report beside what the simulated world saw of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

from simulators.control_client import World
from simulators.people import load_personas

SHEETS: Final = {"处罚决定书": "decision", "一次性告知单": "notice"}
"""What an A4 page is by the words of its heading; without any of them it is a certificate."""
IN_CIPHERTEXT: Final = 6
"""Bytes from which a name or number in the encrypted journal is no chance: four, a name of two characters,
were met once in 2,000 visits."""


def verdict(
    report: dict[str, Any], world: World, persona: str, state: Path, earlier_orders: Collection[str] = ()
) -> dict[str, Any]:
    """Return the JSON object of ``--json``: outcome, money, effects, documents, prompts, invariants.

    ``earlier_orders`` are those that the hosts had before this visit.
    """
    printed, seen = world.printed(), world.state()
    documents = [{"kind": "receipt", "text": receipt["text"]} for receipt in printed["receipts"]]
    documents += [{"kind": "strip", "text": strip["code"]} for strip in printed["strips"]]
    documents += [{"kind": _kind_of(page["text"]), "text": page["text"]} for page in printed["pages"]]
    return {
        "outcome": report["outcome"],
        "reason": report["reason"],
        "case": report.get("case", ""),
        "paid_fen": report.get("paid_fen", 0),
        "refunded_fen": report.get("refunded_fen", 0),
        "effects": report.get("effects", []),
        "documents": documents,
        "prompts": report["prompts"],
        "seconds": report.get("seconds", {"total": 0.0, "own": 0.0, "devices": 0.0, "citizen": 0.0}),
        "invariants": {
            **report.get("invariants", {}),
            "world_money_agrees": _money_agrees(report, seen, earlier_orders),
            "permit_accounted_for": _permit_accounted_for(report, seen),
            "documents_are_theirs": _documents_are_theirs(report, documents, persona),
            "nothing_of_the_person_left": _nothing_left(persona, state),
        },
    }


def _kind_of(page: str) -> str:
    said = page.replace(" ", "")  # a heading is set with spaces between its letters
    return next((kind for words, kind in SHEETS.items() if words in said), "certificate")


def _money_agrees(
    report: dict[str, Any], seen: dict[str, Any], earlier_orders: Collection[str]
) -> bool | str:
    """The hosts must have kept exactly what the kiosk says it kept."""
    kept = sum(
        order["amount_fen"] - order.get("refunded_fen", 0)
        for number, order in seen["orders"].items()
        if number not in earlier_orders and order["state"] in ("paid", "refunded")
    )
    own = report.get("paid_fen", 0) - report.get("refunded_fen", 0)
    if kept == own or report["outcome"] == "escalated":
        return True
    return f"the hosts kept {kept} fen, the kiosk says {own}"


def _permit_accounted_for(report: dict[str, Any], seen: dict[str, Any]) -> bool | str:
    where = seen["permit"]["where"]
    if where == "pocket" or report["outcome"] == "escalated":
        return True
    kept = [effect for effect in report["effects"] if effect["kind"] == "retract-permit"]
    if where == "bin" and report["service"] == "pick-up" and [one["state"] for one in kept] == ["done"]:
        return True  # handed in for a new one
    return f"the permit is at: {where}"


def _documents_are_theirs(
    report: dict[str, Any], documents: list[dict[str, str]], persona: str
) -> bool | str:
    """A paper names this case, a whole sheet its holder, and nobody else's name stands on either."""
    people = load_personas()
    for document in documents:
        kind, said = document["kind"], document["text"]
        if kind == "strip":
            continue
        if report.get("case", "") not in said:
            return f"a {kind} of another case"
        if kind != "receipt" and people[persona].id_card.name not in said:
            return f"a {kind} without its holder's name"
        for name, other in people.items():
            if name != persona and other.id_card.name in said:
                return f"a {kind} with the name of {name}"
    return True


def _nothing_left(persona: str, state: Path) -> bool | str:
    """Search every file of the kiosk for the person's name and number, in the encodings in use."""
    card = load_personas()[persona].id_card
    marks = [
        word.encode(encoding)
        for word in (card.name, card.number)
        for encoding in ("utf-8", "utf-16-le", "gb18030")
        if word
    ]
    for file in _kiosk_files(state):
        content, shortest = file.read_bytes(), IN_CIPHERTEXT if file.name.startswith("journal.db") else 1
        if any(mark in content for mark in marks if len(mark) >= shortest):
            return f"{file.name} holds the person's name or number"
    return True


def _kiosk_files(state: Path) -> Iterator[Path]:
    """Yield what the kiosk wrote: the back office's database and the bench's files are not the kiosk's."""
    for file in sorted(state.rglob("*")):
        if file.is_file() and not file.name.startswith(("back_office", "bench")):
            yield file

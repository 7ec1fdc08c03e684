"""Starting again and switching off: what root does for the machine, by the root helper's verbs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kiosk.maintenance.console import Console
from kiosk.maintenance.staff import Member
from kiosk.maintenance.workshop import Workshop
from kiosk.privileged import SOCKET, NotPrivileged, Verb, ask_root
from kiosk.prompts import Action, ChooseOne, Notice, Option, Tone
from kiosk.texts import text


@dataclass(slots=True)
class MachinePages:
    """The pages of one session; ``helper`` is the root helper's socket."""

    shop: Workshop
    console: Console
    member: Member
    helper: Path = SOCKET

    async def choose(self) -> Verb:
        """Ask what is to be done."""
        options = tuple(
            Option(verb.value, text(f"machine.{verb}"), text(f"machine.{verb}.detail")) for verb in Verb
        )
        while True:
            answer = await self.console.ask(ChooseOne("machine", text("machine.question"), options=options))
            if answer.action == "choose" and answer.value in set(Verb):
                return Verb(str(answer.value))

    async def do(self, verb: Verb) -> None:
        """Have it done once it is confirmed; says so when it can't be."""
        await self.console.ask(
            Notice(
                "machine-confirm",
                text(f"machine.{verb}.confirm"),
                actions=(Action("ok", text(f"machine.{verb}")),),
                tone=Tone.NEEDS_YOU,
            )
        )
        await self.shop.audit.act(self.member, verb.value)
        try:
            await ask_root(verb, self.helper)
        except NotPrivileged as refused:
            await self.shop.audit.act(self.member, f"{verb}-refused")
            there = str(refused).startswith("refused")
            words = text("machine.refused.body", why=str(refused)) if there else text("machine.no-helper")
            await self.console.tell("machine-refused", text("machine.refused"), words, tone=Tone.NEEDS_YOU)
            return
        await self.console.tell("machine-asked", text("machine.asked"), tone=Tone.DONE)

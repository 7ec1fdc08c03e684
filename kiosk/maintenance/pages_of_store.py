"""The store by touch: which units hold something else than the register says, and comparing them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from devices.base import DeviceError
from kiosk.maintenance.console import Console
from kiosk.maintenance.staff import Member
from kiosk.maintenance.words import advice
from kiosk.maintenance.workshop import Workshop
from kiosk.platform import PlatformError
from kiosk.prompts import Action, Notice, Row, Tone
from kiosk.store_check import StoreCheck
from kiosk.store_units import DISPENSER
from kiosk.texts import Text, text

MOST_SHOWN: Final = 6
"""How many slips of a unit are named; the back office has them all."""

Register = Mapping[int, Sequence[str]]


@dataclass(slots=True)
class StorePages:
    """The pages of one session."""

    shop: Workshop
    console: Console
    member: Member

    async def check(self) -> None:
        """Show the units that are out of service, and compare when somebody says that all were checked."""
        answer = await self.console.ask(
            Notice(
                "store",
                text("maintenance.store.question"),
                paragraphs=(text("maintenance.store.body"),),
                rows=await self._rows(),
                actions=(Action("checked", text("maintenance.store.checked")),),
                tone=Tone.NEEDS_YOU,
            )
        )
        if answer.action != "checked":
            return
        await self.shop.audit.act(self.member, "store-checked", device=DISPENSER)
        try:
            differ = await StoreCheck(self.shop.house).put_right()
        except (DeviceError, PlatformError):
            await self._tell("not-compared", Tone.STOPPED)
            return
        await self._tell("differs" if differ else "agrees", Tone.NEEDS_YOU if differ else Tone.DONE)

    async def _rows(self) -> tuple[Row, ...]:
        """Return each unit that is out of service: why, and which slips the register has there."""
        register = await self._register()
        out = self.shop.house.cabinet.card_dispenser.units_out
        return tuple(
            Row(text("maintenance.store.unit", unit=unit), self._said(unit, word, register))
            for unit, word in sorted(out.items())
        )

    async def _register(self) -> Register | None:
        """Return what should lie in each unit, None while the back office can't be asked."""
        try:
            return await self.shop.house.collection.store()
        except PlatformError:
            return None

    def _said(self, unit: int, word: str, register: Register | None) -> Text:
        why = advice(self.shop.house.faults, DISPENSER, word)
        if register is None:
            return text("maintenance.store.not-known", why=why)
        documents = register.get(unit, ())
        if not documents:
            return text("maintenance.store.should-be-empty", why=why)
        named = ", ".join(documents[:MOST_SHOWN]) + (", …" if len(documents) > MOST_SHOWN else "")
        return text("maintenance.store.should", why=why, count=len(documents), documents=named)

    async def _tell(self, key: str, tone: Tone) -> None:
        await self.console.tell(f"store-{key}", text(f"maintenance.store.{key}"), tone=tone)

"""Consumables and bins by touch: how they stand, exchanges with what they need of people."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.journal.effects import RETRACT_PERMIT
from kiosk.journal.records import EffectState
from kiosk.maintenance.audit import ACT
from kiosk.maintenance.console import Console
from kiosk.maintenance.hand_over import HandOver, print_slips
from kiosk.maintenance.login import second_person
from kiosk.maintenance.staff import Member, Right
from kiosk.maintenance.supplies import Kind, Stock, Unit
from kiosk.maintenance.words import advice, stock_detail
from kiosk.maintenance.workshop import Workshop
from kiosk.prompts import Action, ChooseOne, Notice, Option, Row, Tone, Working
from kiosk.texts import Text, text, verbatim

VISITS_BACK = 2000
"""How many visits are looked through for what is in a bin."""
RECEIPT_PRINTER = "receipt_printer"
HANDED_OVER = "bin-handed-over"
MOST_CASES = 40
"""How many case numbers an event of the journal names; a bin holds fewer permits than twice that."""


@dataclass(slots=True)
class SupplyPages:
    """The pages of one session."""

    shop: Workshop
    console: Console
    member: Member

    async def choose(self) -> Unit:
        """Show every supply and bin; return the one that was touched."""
        while True:
            now = self.shop.house.now()
            stocks = await self.shop.supplies.stocks(now)
            options = tuple(
                Option(stock.unit.name, text(f"supply.name.{stock.unit.name}"), stock_detail(stock, now))
                for stock in stocks
            )
            answer = await self.console.ask(ChooseOne("supplies", text("supply.question"), options=options))
            if answer.action == "choose":
                return self.shop.supplies.unit(str(answer.value))

    async def unit(self, unit: Unit) -> None:
        """Show one, and exchange or empty it when asked to."""
        now = self.shop.house.now()
        stock = next(s for s in await self.shop.supplies.stocks(now) if s.unit is unit)
        if unit.kind is Kind.BIN:
            await self._bin(unit, stock)
        else:
            await self._supply(unit, stock)

    # --- supplies -----------------------------------------------------------------------------------------

    async def _supply(self, unit: Unit, stock: Stock) -> None:
        actions = (Action("exchange", text("supply.exchange")),) if self.member.may(Right.SUPPLIES) else ()
        paragraphs = (text("supply.two-people"),) if unit.two_people else ()
        answer = await self.console.ask(
            Notice(
                "supply",
                text(f"supply.name.{unit.name}"),
                paragraphs=(stock_detail(stock, self.shop.house.now()), *paragraphs),
                actions=actions,
            )
        )
        if answer.action == "exchange":
            await self._exchange(unit, stock)

    async def _exchange(self, unit: Unit, stock: Stock) -> None:
        """Start, count, end: whoever leaves in between has exchanged nothing, and that is written too."""
        audit = self.shop.audit
        was = stock.count if stock.count is not None else -1
        await audit.act(self.member, "exchange-started", device=unit.device, unit=unit.name, was=was)
        ended = False
        try:
            await self.console.tell(
                "exchange",
                text("supply.exchange.question"),
                text(f"supply.how.{unit.name}"),
                go_on="supply.exchange.go-on",
            )
            digits = await self.console.number(
                "exchange-count", most=5, body=text("supply.exchange.full", full=unit.full)
            )
            second = None
            if unit.two_people:
                second = await second_person(self.console, self.shop.entry, audit, self.member)
                if second is None:
                    return
            count = int(digits)
            await audit.act(
                self.member,
                "exchange-ended",
                device=unit.device,
                unit=unit.name,
                was=was,
                count=count,
                **({"second_staff": second.number} if second else {}),
            )
            await self.shop.supplies.exchanged(unit, count, self.shop.house.now())
            ended = True
        finally:
            if not ended:
                await audit.act(self.member, "exchange-dropped", device=unit.device, unit=unit.name)
        now = self.shop.house.now()
        holds = next(s for s in await self.shop.supplies.stocks(now) if s.unit is unit)
        await self.console.tell(
            "exchanged", text("supply.exchange.done"), stock_detail(holds, now), tone=Tone.DONE
        )

    # --- bins ---------------------------------------------------------------------------------------------

    async def cases(self, unit: Unit) -> tuple[str, ...]:
        """Return from which cases came what is in the bin since it was last handed over, oldest first."""
        journal = self.shop.house.journal
        since = 0
        for event in await journal.machine_events():
            body = event.body
            if event.kind == ACT and body.get("action") == HANDED_OVER and body.get("unit") == unit.name:
                since = event.number
        effect = unit.effect or RETRACT_PERMIT
        return tuple(
            record.case_no
            for record in await journal.visits(VISITS_BACK)
            for found in record.every(effect)
            if found.state is EffectState.DONE and found.intent.number > since
        )

    async def _bin(self, unit: Unit, stock: Stock) -> None:
        cases = await self.cases(unit)
        actions = (Action("hand-over", text("supply.hand-over")),) if self.member.may(Right.SUPPLIES) else ()
        rows = tuple(
            Row(text("supply.case", number=number), verbatim(case)) for number, case in enumerate(cases, 1)
        )
        answer = await self.console.ask(
            Notice(
                "bin",
                text(f"supply.name.{unit.name}"),
                paragraphs=(stock_detail(stock, self.shop.house.now()),),
                rows=rows[-12:],
                actions=actions,
            )
        )
        if answer.action == "hand-over":
            await self._hand_over(unit, stock, cases)

    async def _hand_over(self, unit: Unit, stock: Stock, cases: tuple[str, ...]) -> None:
        """Empty the bin against the receiver's number: counted, compared with the machine's count."""
        await self.console.tell(
            "hand-over",
            text("supply.hand-over.question"),
            text("supply.hand-over.body", count=len(cases)),
            go_on="supply.hand-over.go-on",
        )
        count = int(await self.console.number("bin-count", most=3))
        receiver = await self.console.number("receiver", least=4, most=8)
        expected = stock.count if stock.count is not None else len(cases)
        await self.shop.audit.act(
            self.member,
            HANDED_OVER,
            device=unit.device,
            unit=unit.name,
            was=expected,
            count=count,
            receiver=receiver,
            cases=list(cases[-MOST_CASES:]),
        )
        await self.shop.supplies.exchanged(unit, 0, self.shop.house.now())
        signed_on = await self._slips(unit, count, expected, cases, receiver)
        differs = count != expected
        await self.console.tell(
            "handed-over",
            text("supply.hand-over.differs" if differs else "supply.hand-over.done", count=count),
            *((text("supply.hand-over.expected", count=expected),) if differs else ()),
            signed_on,
            tone=Tone.NEEDS_YOU if differs else Tone.DONE,
        )

    async def _slips(self, unit: Unit, count: int, expected: int, cases: tuple[str, ...], to: str) -> Text:
        """Print what both sign; return where they are to sign, which is by hand when it can't be printed."""
        house = self.shop.house
        self.console.show(Working("hand-over-slip", text("supply.slip.printing")))
        done = HandOver(unit, count, expected, cases, self.member.number, to, house.now())
        code = await print_slips(house, done)
        await self.shop.audit.act(
            self.member,
            "hand-over-slip",
            device=unit.device,
            unit=unit.name,
            verdict="failed" if code else "printed",
            code=code,
        )
        if not code:
            return text("supply.slip.printed")
        return text("supply.slip.not-printed", why=advice(house.faults, RECEIPT_PRINTER, code))

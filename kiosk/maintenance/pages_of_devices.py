"""Diagnostics by touch: the list of devices, one page each, self-tests, guided remedies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from devices.base import DeviceError
from kiosk.left_documents import MEDIA_PRESENT, PRINTER, in_the_tray, kept_out, note_cleared
from kiosk.maintenance.console import Console, WentBack
from kiosk.maintenance.pages_of_store import StorePages
from kiosk.maintenance.remedies import Remedy
from kiosk.maintenance.selftest import Finding, Test, Verdict
from kiosk.maintenance.staff import Member, Right
from kiosk.maintenance.words import advice, device_rows, faulty_devices, finding_item, state_of
from kiosk.maintenance.workshop import Workshop
from kiosk.prompts import Action, Checklist, ChooseOne, Item, Notice, Option, Prompt, Tone
from kiosk.texts import text


@dataclass(slots=True)
class DevicePages:
    """The pages of one session."""

    shop: Workshop
    console: Console
    member: Member
    findings: dict[str, Finding] = field(default_factory=dict)
    """What the session's self-tests found, by test; it goes into the report."""

    async def choose(self) -> str:
        """Show every device with how it is, live; return the one that was touched."""
        cabinet = self.shop.house.cabinet

        async def look() -> Prompt:
            await cabinet.refresh()
            return self._list()

        while True:
            answer = await self.console.watch(self._list(), look)
            if answer.action == "choose" and answer.value in cabinet.workers:
                return str(answer.value)

    def _list(self) -> ChooseOne:
        faults = self.shop.house.faults
        return ChooseOne(
            "devices",
            text("maintenance.devices.question"),
            faulty_devices(self.shop.house.cabinet),
            options=tuple(
                Option(
                    name,
                    text(f"maintenance.name.{name}"),
                    state_of(faults, name, worker.fault(), worker.warnings),
                )
                for name, worker in self.shop.house.cabinet.workers.items()
            ),
        )

    async def device(self, name: str) -> None:
        """Show the page of a device, live, until staff go back (``WentBack``)."""
        while True:
            page = await self._page(name)
            answer = await self.console.watch(page, lambda: self._page(name))
            with contextlib.suppress(WentBack):  # from there to this device's page
                await self._act(name, str(answer.action))

    async def _act(self, name: str, action: str) -> None:
        match action:
            case "remedy":
                await self._remedy(name)
            case "self-test":
                await self.self_test(self.shop.tests.of([name], attended=True))
            case "reset":
                await self._reset(name)
            case "clear-tray":
                await self._clear_tray()
            case "check-store":
                await StorePages(self.shop, self.console, self.member).check()

    async def _page(self, name: str) -> Prompt:
        sheet = await self.shop.inspector.sheet(name)
        now = self.shop.house.now()
        actions = []
        if sheet.fault == MEDIA_PRESENT and self.member.may(Right.SUPPLIES):
            actions.append(Action("clear-tray", text("remedy.empty-output")))
        units_out = self.shop.house.cabinet.workers[name].units_out
        if units_out and self.member.may(Right.SUPPLIES):
            actions.append(Action("check-store", text("maintenance.store.check")))
        if self.member.may(Right.DEVICES):
            remedy = self.shop.remedies.of(self.shop.house.cabinet.workers[name], sheet.fault)
            if remedy is not None:
                actions.append(Action("remedy", text("maintenance.remedy")))
            actions.append(Action("self-test", text("maintenance.self-test")))
            actions.append(Action("reset", text("maintenance.reset")))
        tone = Tone.PLAIN if sheet.usable and not units_out else Tone.NEEDS_YOU
        return Notice(
            "device",
            text("maintenance.device.question", device=text(f"maintenance.name.{name}")),
            rows=device_rows(self.shop.house.faults, sheet, now),
            actions=tuple(actions),
            tone=tone,
        )

    async def _reset(self, name: str) -> None:
        worker = self.shop.house.cabinet.workers[name]
        await self.shop.audit.act(self.member, "reset", device=name)
        try:
            await worker(lambda device: device.reset())
        except DeviceError as error:
            await self.console.tell(
                "reset-failed",
                text("maintenance.reset-failed"),
                advice(self.shop.house.faults, name, error.code),
                tone=Tone.STOPPED,
            )

    async def _clear_tray(self) -> None:
        """Have the output tray emptied: only people see what lies in it, and so they say that it is done."""
        house = self.shop.house
        left = await in_the_tray(house.journal)
        if left is None:
            return
        answer = await self.console.ask(
            Notice(
                "tray",
                text("maintenance.tray.question"),
                paragraphs=(text("maintenance.tray.body"),),
                actions=(Action("cleared", text("maintenance.tray.cleared")),),
                tone=Tone.NEEDS_YOU,
                case=str(left.body["case_no"]),
            )
        )
        if answer.action == "cleared":
            cases = [left.body["case_no"]]
            await self.shop.audit.act(self.member, "tray-cleared", device=PRINTER, cases=cases)
            await note_cleared(house.journal)
            house.cabinet.quarantine(await kept_out(house.journal))

    # --- self-tests ------------------------------------------------------------------------------------

    async def self_test(self, tests: Sequence[Test]) -> tuple[Finding, ...]:
        """Run the tests and show them; return what they found once that was put away."""
        running = {test.name: Finding(test.name, test.device, Verdict.RUNNING) for test in tests}
        attended = {test.name for test in tests if test.attended}
        waiting = {test.name for test in tests}

        def prompt(*actions: Action) -> Checklist:
            faults = self.shop.house.faults
            items = tuple(
                Item(text(f"selftest.{name}")) if name in waiting else finding_item(faults, finding)
                for name, finding in running.items()
            )
            return Checklist("self-test", text("selftest.question"), items=items, actions=actions)

        def told(finding: Finding) -> None:
            waiting.discard(finding.test)
            running[finding.test] = finding
            waits = finding.verdict is Verdict.RUNNING and finding.test in attended
            skip = (Action("skip", text("selftest.skip")),) if waits else ()
            self.console.update(prompt(*skip))

        self.console.show(prompt())
        skipping = asyncio.create_task(self._skipping())
        try:
            findings = await self.shop.tests.run(tests, told)
        finally:
            skipping.cancel()
            await asyncio.gather(skipping, return_exceptions=True)
        for finding in findings:
            self.findings[finding.test] = finding
            await self.shop.audit.tested(self.member, finding)
        await self.console.ask(prompt(Action("ok", text("maintenance.ok"))))
        return findings

    async def _skipping(self) -> None:
        """Skip what a person has to do whenever that is touched."""
        while True:
            await self.console.pressed("skip")
            self.shop.tests.skip()

    # --- remedies ---------------------------------------------------------------------------------------

    async def _remedy(self, name: str) -> None:
        """Lead through the remedy of what is wrong now; its last tick brings the only answer, OK."""
        worker = self.shop.house.cabinet.workers[name]
        remedy = self.shop.remedies.of(worker, worker.fault())
        if remedy is None:
            return
        await self.shop.audit.act(self.member, "remedy-begun", device=name, code=remedy.fault)

        async def look() -> Prompt:
            if not remedy.done and await remedy.look():
                self.console.touched()
            return self._steps(remedy)

        try:
            await self.console.watch(self._steps(remedy), look)
        finally:
            await self.shop.audit.act(
                self.member,
                "remedy-ended",
                device=name,
                code=remedy.fault,
                verdict="mended" if remedy.done else "left",
            )

    def _steps(self, remedy: Remedy) -> Checklist:
        ok = (Action("ok", text("maintenance.ok")),) if remedy.done else ()
        return Checklist(
            "remedy",
            advice(self.shop.house.faults, remedy.device, remedy.fault),
            text("remedy.done" if remedy.done else "remedy.body"),
            Tone.DONE if remedy.done else Tone.PLAIN,
            items=remedy.items(),
            actions=ok,
        )

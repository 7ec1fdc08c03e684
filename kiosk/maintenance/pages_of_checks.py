"""What concerns the whole machine: every self-test, the commissioning check, the readiness report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.maintenance.console import Console
from kiosk.maintenance.issues import Commissioning, Issue, Severity
from kiosk.maintenance.pages_of_devices import DevicePages
from kiosk.maintenance.report import Report, make_report
from kiosk.maintenance.report_pdf import pdf
from kiosk.maintenance.selftest import Verdict
from kiosk.maintenance.staff import Member, Right, write_privately
from kiosk.maintenance.workshop import Workshop
from kiosk.prompts import Action, Checklist, Item, Mark, Notice, Row, Tone, Working
from kiosk.texts import Text, text, verbatim

MARKS = {Severity.ERROR: Mark.FAILED, Severity.WARNING: Mark.WARNING, Severity.NOTE: Mark.NONE}
MOST_ISSUES = 9
MOST_ERRORS = 4
"""How many of them the report's page says itself; *Issues and solutions* and the PDF have all."""


@dataclass(slots=True)
class CheckPages:
    """The pages of one session."""

    shop: Workshop
    console: Console
    member: Member
    commissioning: Commissioning
    devices: DevicePages

    async def all_self_tests(self) -> None:
        """Run every test, those with a person too; this is what preventive maintenance is."""
        await self.shop.audit.act(self.member, "self-tests")
        await self.devices.self_test(self.shop.tests.of(attended=True))

    async def check(self) -> None:
        """Show what stands against service, and mend what the machine can mend."""
        while True:
            self.console.show(Working("checking", text("issue.checking")))
            issues = await self.commissioning.issues()
            answer = await self.console.ask(self._issues(issues))
            if answer.action == "again":
                continue
            for issue in issues:
                if issue.repair is not None:
                    await self.shop.audit.act(self.member, "repair", device=issue.part, code=issue.code)
                    await issue.repair()

    def _issues(self, issues: tuple[Issue, ...]) -> Checklist:
        shown = issues[:MOST_ISSUES]
        items = [Item(issue.says, mark=MARKS[issue.severity]) for issue in shown]
        if not items:
            items = [Item(text("issue.none"), mark=Mark.DONE)]
        if len(issues) > len(shown):
            items.append(Item(text("issue.more", count=len(issues) - len(shown)), mark=Mark.NONE))
        actions = [Action("again", text("issue.again"))]
        if self.member.may(Right.DEVICES) and any(issue.repair for issue in issues):
            actions.insert(0, Action("repair", text("issue.repair")))
        bad = any(issue.severity is Severity.ERROR for issue in issues)
        return Checklist(
            "issues",
            text("issue.not-ready" if bad else "issue.ready"),
            tone=Tone.NEEDS_YOU if bad else Tone.DONE,
            items=tuple(items),
            actions=tuple(actions),
        )

    async def report(self) -> None:
        """Make the readiness report, keep it in the state folder, and show what it says."""
        self.console.show(Working("reporting", text("report.making")))
        report = await make_report(self.shop, self.devices.findings.values())
        file = await asyncio.to_thread(keep_report, report, self.shop)
        await self.shop.audit.act(self.member, "report", verdict="ready" if report.ready else "notReady")
        body = report.body
        verified = {True: "whole", False: "broken", None: "long"}[body["journal"]["verified"]]
        rows = (
            ("result", text("report.ready" if report.ready else "report.not-ready")),
            ("issues", verbatim(str(len(report.issues)))),
            ("cases", verbatim(str(len(body["open_cases"])))),
            ("tests", _tests(body["self_tests"])),
            ("journal", text(f"report.journal.{verified}", count=body["journal"]["events"])),
            ("configuration", verbatim(body["configuration"])),
            ("file", verbatim(file.name)),
        )
        errors = [issue.says for issue in report.issues if issue.severity is Severity.ERROR]
        await self.console.ask(
            Notice(
                "report",
                text("report.question"),
                tone=Tone.DONE if report.ready else Tone.NEEDS_YOU,
                paragraphs=tuple(errors[:MOST_ERRORS]),
                rows=tuple(Row(text(f"report.row.{name}"), value) for name, value in rows),
                actions=(Action("ok", text("maintenance.ok")),),
            )
        )


def _tests(tests: Sequence[Mapping[str, Any]]) -> Text:
    """Return how the report's self-tests ended, of this session or the newest in the journal."""
    if not tests:
        return text("report.no-tests")
    verdicts = [test["verdict"] for test in tests]
    passed, failed, skipped = (
        verdicts.count(one) for one in (Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED)
    )
    return text("report.tests", passed=passed, failed=failed, skipped=skipped)


def keep_report(report: Report, shop: Workshop) -> Path:
    """Write the report as PDF and JSON into ``reports`` of the state folder; returns the PDF's path."""
    folder = shop.settings.state / "reports"
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = str(report.body["made_at"])[:19].replace(":", "").replace("-", "")
    name = f"readiness-{report.body['site']}-{stamp}"
    write_privately(folder / f"{name}.json", json.dumps(report.body, ensure_ascii=False, indent=1))
    file = folder / f"{name}.pdf"
    file.touch(mode=0o600)
    file.write_bytes(pdf(report.body, shop.settings.model.fonts))
    return file

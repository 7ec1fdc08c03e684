"""The readiness report (就绪报告): what a machine is made of and whether it may serve, on one day.

In the words of DB12/T 1060-2021 (警务自助服务终端运行维护规范): preventive maintenance (预防性维护), response
time (响应时间: from when a fault is known until somebody takes it up). Its figures were not at hand, so the
report states times and judges none.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from kiosk.clock import iso
from kiosk.journal.records import Event, Outcome
from kiosk.maintenance import versions
from kiosk.maintenance.audit import ACT, ALARM
from kiosk.maintenance.certificate import certificate_until
from kiosk.maintenance.issues import Commissioning, Issue, Severity
from kiosk.maintenance.selftest import Finding, Verdict
from kiosk.maintenance.workshop import Workshop
from kiosk.platform import PlatformError
from kiosk.texts import LANGUAGES, text

VERIFY_S: Final = 1.5
NEWEST: Final = 500
CLOSED, OPENED = "service-closed", "service-opened"
"""The journal's words for the machine going out of service and coming back."""


@dataclass(frozen=True, slots=True)
class Report:
    """Plain JSON values in ``body``; ``issues`` beside it for pages that say them in either language.

    ``says`` in ``body`` is the sentence for people, in Chinese: the report is filed where the machine stands.
    """

    body: dict[str, Any]
    issues: tuple[Issue, ...]

    @property
    def ready(self) -> bool:
        """Tell whether nothing stands against service."""
        return bool(self.body["ready"])


async def make_report(shop: Workshop, findings: Iterable[Finding] = ()) -> Report:
    """Ask everything at once; ``findings`` are of self-tests done just now, the report does none itself.

    Without any, the newest of each test that the journal has are told, with when they were.
    """
    house, settings = shop.house, shop.settings
    now = house.now()
    certificate_asked = asyncio.to_thread(
        certificate_until, settings.back_office.url, settings.back_office.timeout_s
    )
    (sheets, stocks, issues), (clock_s, certificate, verified, events) = await asyncio.gather(
        asyncio.gather(shop.inspector.sheets(), shop.supplies.stocks(now), Commissioning(shop).issues()),
        asyncio.gather(_clock_s(shop), certificate_asked, _verified(shop), house.journal.machine_events()),
    )
    disk = shutil.disk_usage(settings.state)
    tests = [finding.plain() for finding in findings] or last_tests(events)
    failed = any(test["verdict"] == Verdict.FAILED.value for test in tests)
    say = partial(house.catalogue.say, language=LANGUAGES[0])
    body = {
        "site": settings.site.id,
        "site_name": dict(settings.site.name),
        "made_at": iso(house.clock.wall()),
        "local_time": now.isoformat(timespec="seconds"),
        "ready": not failed and not any(issue.severity is Severity.ERROR for issue in issues),
        "model": settings.model.name,
        "simulated": settings.simulated,
        "program": versions.program(),
        "configuration": versions.configuration(settings),
        "parts": [_part(sheet.plain()) for sheet in sheets],
        "self_tests": [{**test, "says": say(text(f"selftest.{test['test']}"))} for test in tests],
        "supplies": [stock.plain() for stock in stocks],
        "clock_ahead_s": None if clock_s is None else round(clock_s, 2),
        "disk": {"free_mb": disk.free // 1_000_000, "total_mb": disk.total // 1_000_000},
        "certificate_until": None if certificate is None else iso(certificate),
        "journal": {"head": str(house.journal.head()), **verified},
        "open_cases": await _open_cases(shop),
        "maintenance": maintenance_of(events),
        "issues": [{**issue.plain(), "says": say(issue.says)} for issue in issues],
    }
    return Report(body, issues)


def last_tests(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the newest finding of each self-test in the journal: its verdict, without figures."""
    newest = {
        str(event.body["test"]): event
        for event in events
        if event.kind == ACT and event.body["action"] == "self-test" and "test" in event.body
    }
    return [
        {
            "test": test,
            "device": event.body["device"],
            "verdict": event.body["verdict"],
            "code": event.body["code"],
            "seconds": None,
            "figures": {},
            "at": event.wall,
        }
        for test, event in newest.items()
    ]


def maintenance_of(events: Sequence[Event]) -> dict[str, Any]:
    """Return preventive maintenance and response times as the journal has them.

    ``preventive``: when the last full round of self-tests was, and by whom. ``responses``: for each of the
    last times that the machine closed or a door was opened, the minutes until somebody logged in, and
    until it was back in service; None while that has not been.
    """
    acts = [event for event in events if event.kind == ACT]
    tests = [event for event in acts if event.body["action"] == "self-tests"]
    calls = [event for event in events if event.kind in (CLOSED, ALARM)][-10:]
    return {
        "preventive": ({"at": tests[-1].wall, "staff": tests[-1].body["staff"]} if tests else None),
        "responses": [
            {
                "at": call.wall,
                "what": str(call.body.get("reason") or call.body.get("door") or ""),
                "response_min": _minutes(call, (e for e in acts if e.body["action"] == "logged-in")),
                "restored_min": _minutes(call, (e for e in events if e.kind == OPENED)),
            }
            for call in calls
        ],
    }


def _minutes(call: Event, later: Iterable[Event]) -> float | None:
    """Return the minutes from ``call`` to the first of ``later`` after it."""
    for event in later:
        if event.number > call.number:
            took = datetime.fromisoformat(event.wall) - datetime.fromisoformat(call.wall)
            return round(took.total_seconds() / 60, 1)
    return None


def _part(sheet: dict[str, Any]) -> dict[str, Any]:
    """Return what the report says of a device: what it is, how it is; not every part of its status."""
    unit = sheet["capabilities"]
    return {
        "device": sheet["device"],
        "maker": unit["maker"],
        "model": unit["model"],
        "firmware": unit["firmware"],
        "serial": unit["serial"],
        "state": sheet["state"],
        "fault": sheet["fault"],
        "warnings": list(sheet["warnings"]),
        "counters": sheet["counters"],
        "last_fault": sheet["last"],
    }


async def _clock_s(shop: Workshop) -> float | None:
    try:
        return (await shop.house.platform.health()).ahead_s
    except PlatformError:
        return None


async def _verified(shop: Workshop) -> dict[str, Any]:
    """Return what verifying the whole journal said, as far as there is time for it."""
    try:
        async with asyncio.timeout(VERIFY_S):
            chain = await shop.house.journal.verify()
    except TimeoutError:
        return {"verified": None, "events": shop.house.journal.head().number}
    return {"verified": chain.whole, "events": chain.events}


async def _open_cases(shop: Workshop) -> list[dict[str, str]]:
    """Return the cases that people have to settle: open questions, and the newest that were escalated."""
    journal = shop.house.journal
    visits = await journal.visits(NEWEST)
    questions = {effect.visit for effect in await journal.unresolved()}
    return [
        {"case": record.case_no, "service": record.service, "reason": record.reason or "unresolved"}
        for record in visits
        if record.visit in questions or record.outcome is Outcome.ESCALATED
    ]

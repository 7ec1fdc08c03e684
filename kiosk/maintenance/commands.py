"""``kiosk staff``, ``kiosk diagnose``, ``kiosk report``, ``kiosk support-bundle``.

0: in order. 1: something is wrong with the machine. 2: the command cannot be done. 3: the machine is busy.
Where a kiosk runs it is asked through its socket; else the command opens the devices itself.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from kiosk.journal import JournalRefused
from kiosk.maintenance import bundle as bundles
from kiosk.maintenance.report_pdf import pdf
from kiosk.maintenance.service_socket import Busy, ask
from kiosk.maintenance.staff import STAFF_FILE, Role, StaffError, StaffFile, address, new_member
from kiosk.settings import Settings

T = TypeVar("T")
IN_ORDER, WRONG, UNUSABLE, BUSY = 0, 1, 2, 3
LANGUAGE: Final = "en"


# --- staff ---------------------------------------------------------------------------------------------


def staff_add(settings: Settings, chosen: argparse.Namespace) -> int:
    if chosen.pin_stdin:
        pin = sys.stdin.readline().strip()
    else:
        pin = getpass.getpass("PIN: ")
        if getpass.getpass("PIN again: ") != pin:
            print("the two PINs differ", file=sys.stderr)
            return UNUSABLE
    try:
        member = new_member(chosen.number, Role(chosen.role), pin)
        _file(settings).add(member)
    except (StaffError, OSError) as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    _write_down(settings, "staff-added", member.number, member.role.value)
    uri = address(member, settings.site.id)
    _show_code(uri)
    print(uri)
    return IN_ORDER


def staff_list(settings: Settings, _: argparse.Namespace) -> int:
    try:
        members = _file(settings).members()
    except StaffError as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    for member in sorted(members.values(), key=lambda one: one.number):
        print(f"{member.number:<10} {member.role}")
    return IN_ORDER


def staff_remove(settings: Settings, chosen: argparse.Namespace) -> int:
    try:
        _file(settings).remove(chosen.number)
    except (StaffError, OSError) as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    _write_down(settings, "staff-removed", chosen.number, "")
    return IN_ORDER


def _file(settings: Settings) -> StaffFile:
    return StaffFile(settings.state / STAFF_FILE)


def _write_down(settings: Settings, action: str, number: str, role: str) -> None:
    """Put a change of the staff into the audit log, by whoever has the journal."""
    question = {"ask": "staff-changed", "action": action, "number": number, "role": role}
    try:
        ask(settings.state, question)
    except (OSError, Busy, ValueError):
        if not _by_itself(settings, lambda shop: shop.audit.staff_changed(action, number, role)):
            print("not written into the journal: it cannot be opened", file=sys.stderr)


def _show_code(uri: str) -> None:
    """Draw the QR code for the authenticator, where the terminal can."""
    import qrcode

    if sys.stdout.isatty():
        code = qrcode.QRCode(border=2)
        code.add_data(uri)
        code.print_ascii(invert=True)


# --- diagnose ------------------------------------------------------------------------------------------


def diagnose(settings: Settings, chosen: argparse.Namespace) -> int:
    if unknown := set(chosen.devices) - set(settings.model.devices):
        print(f"not fitted: {', '.join(sorted(unknown))}", file=sys.stderr)
        return UNUSABLE
    kind = "self-test" if chosen.self_test or chosen.attended else "sheets"
    question = {"ask": kind, "devices": chosen.devices, "attended": chosen.attended}

    def told(message: Any) -> None:
        finding = message["finding"]
        if not chosen.json and (finding["verdict"] != "running" or "." in finding["test"]):
            print(_finding_line(finding), flush=True)

    known = True
    try:
        found = ask(settings.state, question, told)
    except Busy:
        print("busy: somebody is being served", file=sys.stderr)
        return BUSY
    except (OSError, ValueError):
        from kiosk.maintenance.bare import look, test

        if kind == "sheets":
            out, known = _kept_out(settings)
            found = asyncio.run(look(settings, chosen.devices, out))
        else:
            found = asyncio.run(test(settings, chosen.devices, chosen.attended, told))
    if chosen.json:
        print(json.dumps(found, ensure_ascii=False))
    elif kind == "sheets":
        print("\n\n".join(_sheet_text(sheet) for sheet in found))
    wrong = any(not one["usable"] if kind == "sheets" else one["verdict"] == "failed" for one in found)
    return WRONG if wrong or not known else IN_ORDER


def _kept_out(settings: Settings) -> tuple[dict[str, str], bool]:
    """Return what the journal keeps out of service and whether that could be read; says so where not."""
    from kiosk.maintenance.bare import kept_out_by_journal

    try:
        return asyncio.run(kept_out_by_journal(settings)), True
    except JournalRefused as refused:
        print(
            f"the journal can't be read ({refused}): what it keeps out of service is not shown",
            file=sys.stderr,
        )
        return {}, False


def _finding_line(finding: dict[str, Any]) -> str:
    figures = " ".join(f"{name}={value}" for name, value in finding["figures"].items())
    head = f"{finding['verdict']:<8} {finding['test']:<24} {finding['seconds']:6.2f} s"
    return f"{head}  {finding['code']} {figures}".rstrip()


def _sheet_text(sheet: dict[str, Any]) -> str:
    unit = sheet["capabilities"]
    lines = [f"{sheet['device']}: {'in order' if sheet['usable'] else sheet['fault']}"]
    if not sheet["usable"]:
        lines.append(f"  to do      {sheet['advice'].get(LANGUAGE, '')} [{', '.join(sheet['actions'])}]")
    about = {
        "state": sheet["state"],
        "unit": f"{unit['maker']} {unit['model']}".strip(),
        "firmware": unit["firmware"],
        "serial": unit["serial"],
        "warnings": ", ".join(sheet["warnings"]),
        "parts": ", ".join(f"{name} {word}" for name, word in sheet["parts"].items()),
        "counters": ", ".join(f"{name} {count}" for name, count in sheet["counters"].items()),
        "last fault": f"{sheet['last']['at']} {sheet['last']['code']}" if sheet["last"] else "",
        "errors": ", ".join(f"{code} {count}" for code, count in sheet["faults"].items()),
        "wire": ", ".join(f"{name} {count}" for name, count in sheet["wire"].items()),
    }
    lines += [f"  {name:<10} {said}" for name, said in about.items() if said]
    return "\n".join(lines)


# --- report and bundle ---------------------------------------------------------------------------------


def report(settings: Settings, chosen: argparse.Namespace) -> int:
    body = _make_report(settings)
    if body is None:
        print("the journal cannot be opened, and no kiosk runs", file=sys.stderr)
        return UNUSABLE
    if chosen.json:
        print(json.dumps(body, ensure_ascii=False))
    else:
        chosen.out.mkdir(parents=True, exist_ok=True)
        name = f"readiness-{body['site']}-{body['made_at'][:10]}"
        (chosen.out / f"{name}.json").write_text(json.dumps(body, ensure_ascii=False, indent=1), "utf-8")
        (chosen.out / f"{name}.pdf").write_bytes(pdf(body, settings.model.fonts))
        print(chosen.out / f"{name}.pdf")
    return IN_ORDER if body["ready"] else WRONG


def _make_report(settings: Settings) -> dict[str, Any] | None:
    from kiosk.maintenance.report import make_report

    try:
        answer: dict[str, Any] = ask(settings.state, {"ask": "report"})
    except (OSError, Busy, ValueError):
        report = _by_itself(settings, make_report)
        return None if report is None else report.body
    return answer


def bundle(settings: Settings, chosen: argparse.Namespace) -> int:
    report = _make_report(settings) or {"report": "the journal cannot be opened"}
    left_out = bundles.write_bundle(chosen.out, settings, report, datetime.now(UTC).timestamp())
    print(chosen.out)
    if left_out:
        print(f"{left_out} lines of the log looked like personal data and were left out", file=sys.stderr)
    return IN_ORDER


def _by_itself(settings: Settings, act: Callable[[Any], Awaitable[T]]) -> T | None:
    """Do ``act`` with a workshop of our own, as no kiosk runs; None when the journal can't be had."""
    from kiosk.app import Kiosk  # the whole house: loaded only when it has to be built

    async def run() -> T:
        async with Kiosk(settings).workshop() as shop:
            return await act(shop)

    try:
        return asyncio.run(run())
    except (JournalRefused, OSError):
        return None

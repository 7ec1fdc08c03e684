"""The command lines of maintenance. What they do is loaded only when one of them is called."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from kiosk.settings import Settings

ROLES: Final = ("operator", "engineer", "auditor")


def add_to(commands: Any) -> None:
    """Add the commands to the front door's."""
    staff = commands.add_parser("staff", help="who may maintain the machine")
    acts = staff.add_subparsers(required=True, metavar="ACT")
    add = acts.add_parser("add", help="register somebody, or give them a new PIN and generator")
    add.add_argument("number", help="staff number, 4 to 8 digits")
    add.add_argument("--role", choices=ROLES, required=True)
    add.add_argument("--pin-stdin", action="store_true", help="read the PIN from standard input")
    add.set_defaults(act=_later("staff_add"))
    listing = acts.add_parser("list", help="who is registered")
    listing.set_defaults(act=_later("staff_list"))
    remove = acts.add_parser("remove", help="strike somebody out")
    remove.add_argument("number")
    remove.set_defaults(act=_later("staff_remove"))

    diagnose = commands.add_parser("diagnose", help="how each device is, and what to do")
    diagnose.add_argument("devices", nargs="*", metavar="DEVICE")
    diagnose.add_argument("--self-test", action="store_true", help="test each: prints a page, lights lights")
    diagnose.add_argument("--attended", action="store_true", help="with test cards and one cent too")
    diagnose.add_argument("--json", action="store_true")
    diagnose.set_defaults(act=_later("diagnose"))

    report = commands.add_parser("report", help="the readiness report as PDF and JSON")
    report.add_argument("--out", type=Path, default=Path(), help="the folder to write to")
    report.add_argument("--json", action="store_true", help="print the JSON only, write no file")
    report.set_defaults(act=_later("report"))

    bundle = commands.add_parser("support-bundle", help="logs, versions, configuration; nothing of a person")
    bundle.add_argument("--out", type=Path, default=Path("support.tar.gz"))
    bundle.set_defaults(act=_later("bundle"))


def _later(name: str) -> Callable[[Settings, argparse.Namespace], int]:
    """Return the function ``name`` of ``kiosk.maintenance.commands``, loaded when it is called."""

    def act(settings: Settings, chosen: argparse.Namespace) -> int:
        code: int = getattr(importlib.import_module("kiosk.maintenance.commands"), name)(settings, chosen)
        return code

    return act

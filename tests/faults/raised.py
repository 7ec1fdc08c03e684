"""Every word that a driver can raise, read from the driver's own source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from devices.base import StaffAction
from kiosk.faults import Turn
from kiosk.settings import ROOT

DRIVERS: Final[Mapping[str, tuple[str, ...]]] = {
    "id_card_reader": ("id_card_reader", "wired.py"),
    "permit_unit": ("permit_unit", "crt571", "travel_chip", "hearing.py", "wired.py"),
    "camera": ("camera.py",),
    "fingerprint_pad": ("fingerprint_pad", "wired.py"),
    "payment_terminal": ("payment_terminal", "wired.py"),
    "receipt_printer": ("receipt_printer", "wired.py"),
    "document_printer": ("document_printer",),
    "io_board": ("io_board",),
    "barcode_reader": ("barcode_reader", "hearing.py", "wired.py"),
    "document_scanner": ("document_scanner",),
    "card_dispenser": ("card_dispenser", "crt571", "travel_chip", "hearing.py", "wired.py"),
    "ups": ("ups", "wired.py"),
}


class Raised(ast.NodeVisitor):
    """Collects (turn, word, action) of what a module can raise: literal words, and the tables of words.

    A word stands as the second argument of ``Fault`` or ``Retry``, before a ``StaffAction`` in any
    call, or first in a row of a table whose second column is a ``StaffAction``, ``None`` or (in a
    table of retries) the reason; a table of retries may also hold nothing but words.
    """

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self.found: set[tuple[Turn, str, str]] = set()

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called == "Retry" and len(node.args) > 1:
            for word in self._words(node.args[1]):
                self.found.add((Turn.RETRY, word, ""))
        for before, after in zip(node.args, node.args[1:], strict=False):
            if (action := _action(after)) is not None:
                self.found |= {(Turn.FAULT, word, action) for word in self._words(before)}
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._table(node.targets[0], node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._table(node.target, node.value)
        self.generic_visit(node)

    def _table(self, target: ast.expr, value: ast.expr | None) -> None:
        if not isinstance(value, ast.Dict):
            return
        retries = isinstance(target, ast.Name) and "RETR" in target.id
        for row in value.values:
            if retries and isinstance(row, ast.Constant):
                self.found |= {(Turn.RETRY, word, "") for word in self._words(row)}
            if not isinstance(row, ast.Tuple) or len(row.elts) < 2:
                continue
            action = _action(row.elts[1])
            no_action = isinstance(row.elts[1], ast.Constant) and (row.elts[1].value is None or retries)
            for word in self._words(row.elts[0]):
                if action is not None:
                    self.found.add((Turn.FAULT, word, action))
                elif no_action:
                    self.found.add((Turn.RETRY, word, ""))

    def _words(self, node: ast.expr) -> Iterator[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value
        elif isinstance(node, ast.Name) and node.id in self._names:
            yield self._names[node.id]
        elif isinstance(node, ast.IfExp):
            yield from self._words(node.body)
            yield from self._words(node.orelse)


def _action(node: ast.expr) -> str | None:
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "StaffAction"
    ):
        return StaffAction[node.attr].value
    if isinstance(node, ast.BoolOp):  # what a status told, or else
        return _action(node.values[-1])
    return None


def _modules(device: str) -> list[Path]:
    folder = ROOT / "devices"
    return [
        file for part in DRIVERS[device] for file in (
            sorted((folder / part).glob("*.py")) if (folder / part).is_dir() else [folder / part]
        )
    ]  # fmt: skip


def _constants(device: str) -> dict[str, str]:
    """Return the module-level names of words, ``JAM = "mediaJam"``."""
    names = {}
    for file in _modules(device):
        for node in ast.parse(file.read_text("utf-8")).body:
            value = getattr(node, "value", None)
            target = getattr(node, "target", None) or next(iter(getattr(node, "targets", [])), None)
            if (
                isinstance(target, ast.Name)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
            ):
                names[target.id] = value.value
    return names


@cache
def raised(device: str) -> frozenset[tuple[Turn, str, str]]:
    """Return (turn, word, action) of all that the driver of ``device`` can raise; a retry has no action."""
    visitor = Raised(_constants(device))
    for file in _modules(device):
        visitor.visit(ast.parse(file.read_text("utf-8")))
    return frozenset(visitor.found)

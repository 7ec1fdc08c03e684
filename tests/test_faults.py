"""The catalogue of faults: it knows every word that a driver of the cabinet can raise, and says it to all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.base import Fault, Retry, StaffAction
from kiosk.events import read_catalogue
from kiosk.faults import EVERY, FILE, NOT_NOW, TRY_AGAIN, FaultCatalogue, Turn, page
from kiosk.settings import ROOT, SettingsError
from kiosk.texts import LANGUAGES, Catalogue

CATALOGUE = FaultCatalogue.load(FILE)
TEXTS = Catalogue.load(ROOT / "config/strings")
DRIVERS = {
    "id_card_reader": ("id_card_reader", "wired.py"),
    "permit_unit": ("permit_unit", "crt571", "travel_chip", "hearing.py", "wired.py"),
    "camera": ("camera.py",),
    "fingerprint_pad": ("fingerprint_pad", "wired.py"),
    "payment_terminal": ("payment_terminal", "wired.py"),
    "receipt_printer": ("receipt_printer", "wired.py"),
}


class Raised(ast.NodeVisitor):
    """Collects (turn, word, action) of what a module can raise: literal words, and the tables of words.

    A word stands as the second argument of ``Fault`` or ``Retry``, before a ``StaffAction`` in any
    call, or first in a row of a table whose second column is a ``StaffAction``, ``None`` or (in a
    table of retries) the reason.
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
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
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


def modules(device: str) -> list[Path]:
    folder = ROOT / "devices"
    return [
        file for part in DRIVERS[device] for file in (
            sorted((folder / part).glob("*.py")) if (folder / part).is_dir() else [folder / part]
        )
    ]  # fmt: skip


def constants(device: str) -> dict[str, str]:
    """Return the module-level names of words, ``JAM = "mediaJam"``."""
    names = {}
    for file in modules(device):
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


def raised(device: str) -> set[tuple[Turn, str, str]]:
    visitor = Raised(constants(device))
    for file in modules(device):
        visitor.visit(ast.parse(file.read_text("utf-8")))
    return visitor.found


@pytest.mark.parametrize("device", DRIVERS)
def test_every_word_that_a_driver_can_raise_is_in_the_catalogue(device: str) -> None:
    found = raised(device)
    assert found, "the driver raises nothing: this test does not read it any more"
    for turn, code, action in found:
        entry = CATALOGUE.entry(device, code)
        assert entry is not None, f"{device}.{code} is not in the catalogue"
        assert entry.turn is turn, f"{device}.{code} is a {turn} for the driver"
        assert not action or action in entry.actions, f"{device}.{code}: {action} is not among its actions"


@pytest.mark.parametrize("device", DRIVERS)
def test_the_catalogue_knows_no_word_that_nobody_raises(device: str) -> None:
    words = {code for _, code, _ in raised(device)}
    assert set(CATALOGUE.entries.get(device, {})) <= words
    assert set(CATALOGUE.entries[EVERY]) <= {code for other in DRIVERS for _, code, _ in raised(other)}


def test_every_entry_is_said_to_the_person_and_to_staff() -> None:
    events = read_catalogue()
    for device, table in CATALOGUE.entries.items():
        for code, entry in table.items():
            assert TEXTS.has(entry.says), f"{device}.{code}: {entry.says}"
            assert all(entry.staff[language].strip() for language in LANGUAGES)
            assert {"device", "code"} <= set(events[entry.event].fields)


def test_the_page_in_the_docs_is_of_this_catalogue() -> None:
    assert (ROOT / "docs/faults.md").read_text("utf-8") == page(CATALOGUE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("device", DRIVERS)
def test_there_is_a_sentence_for_every_error_of_a_device(device: str, language: str) -> None:
    for turn, code, _ in raised(device):
        error = Retry(device, code) if turn is Turn.RETRY else Fault(device, code, StaffAction.RESET)
        assert TEXTS.say(CATALOGUE.sentence(error), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_that_nobody_foresaw_still_has_a_sentence(language: str) -> None:
    again, fault = Retry("camera", "newWord"), Fault("camera", "newWord", StaffAction.RESET)
    assert CATALOGUE.sentence(again).key == TRY_AGAIN
    assert CATALOGUE.sentence(fault).key == NOT_NOW
    assert TEXTS.say(CATALOGUE.sentence(again), language)
    assert TEXTS.say(CATALOGUE.sentence(fault), language)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ('turn = "later"\nsays = "x"\nactions = []\nzh = "x"\nen = "x"', "turn: 'later' is not one of"),
        ('turn = "fault"\nsays = "x"\nactions = []\nzh = "x"\nen = "x"', "a fault has at least one"),
        ('turn = "retry"\nsays = "x"\nactions = ["kick"]\nzh = "x"\nen = "x"', "'kick' is not one of"),
        ('turn = "retry"\nsays = "x"\nactions = []\nen = "x"', "zh: missing"),
        ('turn = "retry"\nsays = "x"\nactions = []\nzh = "x"\nen = "x"\nfr = "x"', "fr: unknown key"),
    ],
)
def test_a_wrong_entry_is_told_with_file_and_line(tmp_path: Path, wrong: str, complaint: str) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(f"[camera.broken]\n{wrong}\n", "utf-8")
    with pytest.raises(SettingsError, match=rf"faults.toml:\d+: .*{complaint}"):
        FaultCatalogue.load(file)

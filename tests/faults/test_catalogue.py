"""The catalogue of faults: it knows every word that a driver of the cabinet can raise, and says it to all."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.base import Fault, Retry, StaffAction
from kiosk.events import read_catalogue
from kiosk.faults import EVERY, FILE, NOT_NOW, TRY_AGAIN, FaultCatalogue, Turn, page
from kiosk.left_documents import MEDIA_PRESENT, PRINTER, UNRESOLVED
from kiosk.settings import ROOT, SettingsError
from kiosk.store_units import DISPENSER, Why
from kiosk.texts import LANGUAGES, Catalogue
from tests.faults.raised import DRIVERS, raised

CATALOGUE = FaultCatalogue.load(FILE)
TEXTS = Catalogue.load(ROOT / "config/strings")
OF_THE_KIOSK = {PRINTER: {MEDIA_PRESENT}, DISPENSER: {*Why}, EVERY: {UNRESOLVED}}
"""Words that the kiosk itself keeps a device out of service for: no driver tells them."""


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
    assert set(CATALOGUE.entries.get(device, {})) - OF_THE_KIOSK.get(device, set()) <= words
    assert set(CATALOGUE.entries[EVERY]) - OF_THE_KIOSK[EVERY] <= {
        code for other in DRIVERS for _, code, _ in raised(other)
    }


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

"""What maintenance says of devices: there are words for all that a driver can tell."""

from __future__ import annotations

import pytest

from devices.document_printer.reasons import MEANINGS, status_from
from devices.interfaces import Replenishment
from devices.ups.status import _WARNINGS
from kiosk.faults import FILE, FaultCatalogue
from kiosk.maintenance.words import state_of
from kiosk.settings import ROOT
from kiosk.texts import LANGUAGES, Catalogue

TEXTS = Catalogue.load(ROOT / "config/strings")
FAULTS = FaultCatalogue.load(FILE)
OF_REASONS = {meaning.warning for meaning in MEANINGS.values()} | set(
    status_from(3, ["unheard-of-warning"], True).warnings
)
OF_UNITS = {
    f"unit{number}{level.capitalize()}" for number in (1, 2) for level in Replenishment if level != "ok"
}
WARNINGS = {
    "document_printer": OF_REASONS,
    "receipt_printer": {"paperLow"},
    "card_dispenser": OF_UNITS,
    "io_board": {"tampered"},
    "ups": {*_WARNINGS.values(), "unknownStatus"},
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_warning_is_said_in_words_and_not_in_its_code(language: str) -> None:
    for device, words in WARNINGS.items():
        for word in words:
            said = TEXTS.say(state_of(FAULTS, device, None, (word,)), language)
            assert word.islower() or word not in said
            both = TEXTS.say(state_of(FAULTS, device, None, (word, word)), language)
            assert len(both) > len(said)

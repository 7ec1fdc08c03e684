"""The page of services says what is declared."""

from __future__ import annotations

from kiosk.services import all_services
from tests.services_page import ROOT, page


def test_the_page_of_services_is_made_from_the_declarations() -> None:
    assert (ROOT / "docs/services.md").read_text("utf-8") == page(), (
        "python -m tests.services_page > docs/services.md"
    )


def test_every_service_that_moves_money_can_give_it_back() -> None:
    for service in all_services().values():
        assert ("take-money" in service.effects) == ("refund-money" in service.effects), service.name

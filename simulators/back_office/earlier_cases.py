"""Cases that were taken in before today's visit, for a bench: through the desks' own functions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from simulators.back_office.acceptance import Applicant, CaseOpened, open_case
from simulators.back_office.catalogue import require_item
from simulators.back_office.desk import Office
from simulators.back_office.materials import Given
from simulators.back_office.outstanding import Application, apply

KIOSK: Final = "330212K01"


def take_in(office: Office, case_no: str, service: str, who: Applicant, missing: Collection[str]) -> None:
    """Take a case in with every paper but the ``missing`` ones; one that is there already stays as it is.

    Raises ``Refused`` as the desks do.
    """
    papers = [
        Given(code=material.code, form="original" if material.original else "electronic")
        for material in require_item(service, office.today()).materials
        if material.code not in missing
    ]
    opened = CaseOpened(case_no=case_no, kiosk=KIOSK, service=service, opened_at=office.now(), applicant=who)
    with office.store.begin() as db:
        open_case(db, office, opened)
        apply(db, office, case_no, Application(materials=papers))

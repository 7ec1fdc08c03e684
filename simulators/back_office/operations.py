"""The API as a table: what all desks offer, and what the bench's people put into their registers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy import Connection

from simulators.back_office import (
    acceptance,
    audit,
    catalogue,
    certificate_file,
    certificate_register,
    certificates,
    circulation,
    collection,
    contact,
    endorsements,
    fleet,
    health,
    messages,
    notices,
    office_cases,
    office_certificates,
    outstanding,
    payments,
    progress,
    refunds,
    registers,
    reports,
    results,
    review,
    sessions,
    settlement,
    signatures,
    stations,
    tariff,
    traffic,
    traffic_fines,
    traffic_register,
)
from simulators.back_office.desk import Office, Persona
from simulators.back_office.operation import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *health.OPERATIONS,
    *registers.OPERATIONS,
    *acceptance.OPERATIONS,
    *contact.OPERATIONS,
    *tariff.OPERATIONS,
    *payments.OPERATIONS,
    *refunds.OPERATIONS,
    *endorsements.OPERATIONS,
    *certificates.OPERATIONS,
    *certificate_file.OPERATIONS,
    *traffic.OPERATIONS,
    *traffic_fines.OPERATIONS,
    *collection.OPERATIONS,
    *reports.OPERATIONS,
    *settlement.OPERATIONS,
    *catalogue.OPERATIONS,
    *stations.OPERATIONS,
    *outstanding.OPERATIONS,
    *progress.OPERATIONS,
    *notices.OPERATIONS,
    *signatures.OPERATIONS,
    *results.OPERATIONS,
    *sessions.OPERATIONS,
    *office_cases.OPERATIONS,
    *office_certificates.OPERATIONS,
    *circulation.OPERATIONS,
    *review.OPERATIONS,
    *messages.OPERATIONS,
    *audit.OPERATIONS,
    *fleet.OPERATIONS,
)

SEEDS: Final[tuple[Callable[[Connection, Office, Iterable[Persona]], None], ...]] = (
    registers.seed,
    certificate_register.seed,
    traffic_register.seed,
    collection.seed,
)
"""Each sets one desk's registers to what the personas say, in this order."""


def seed(office: Office, personas: Iterable[Persona]) -> None:
    """Make all registers say what ``personas`` say, and nothing else. Cases and money stay."""
    everybody = tuple(personas)
    with office.store.begin() as db:
        for enter in SEEDS:
            enter(db, office, everybody)

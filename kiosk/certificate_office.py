"""The client of the certificates' desk: apply, fetch the signed PDF, tell what became of it.

Raises as ``kiosk.platform``: ``Unreachable`` (nothing is known) or ``Refused`` with the desk's code. Each
POST has a key of its own, so that asking again after a lost reply is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from kiosk.pdf import MAKING_S, pdf_of
from kiosk.platform import Platform, Refused


class Decision(StrEnum):
    """What the desk answered. ``review`` is all that anybody is told when there is no certificate."""

    ISSUED = "issued"
    REVIEW = "review"
    NO_DATA = "no-data"


class Standing(StrEnum):
    """How a certificate stands: only a printed one is good, a void one never again."""

    ISSUED = "issued"
    PRINTED = "printed"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an application: the numbers of the certificates, one for each copy."""

    decision: Decision
    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfCase:
    """What the desk has of a case: its decision, None before any, and its certificates by their numbers."""

    decision: Decision | None
    certificates: Mapping[str, Standing]


class CertificateOffice:
    """See the module. ``kiosk`` is the machine's id."""

    def __init__(self, platform: Platform, kiosk: str) -> None:
        self._platform, self._kiosk = platform, kiosk

    async def apply(
        self, case_no: str, *, kind: str, purpose: str, copies: int, id_number: str, name: str
    ) -> Answered:
        """Ask for certificates of the person who stands here. ``Refused``: ``not-offered``."""
        body = {
            "case_no": case_no,
            "kiosk": self._kiosk,
            "kind": kind,
            "purpose": purpose,
            "copies": copies,
            "id_number": id_number,
            "name": name,
        }
        key = f"{case_no}:certificate"

        def read(value: Any) -> Answered:
            answered = _answered(value)
            if answered.serials and len(answered.serials) != copies:
                raise ValueError("another number of copies than was asked for")
            return answered

        return await self._platform.post("/v1/certificates", body, key, read, deadline_s=MAKING_S)

    async def document(self, serial: str) -> bytearray:
        """Return the signed PDF as it was made; ``Refused``: ``void``."""
        return await self._platform.get(f"{_path(serial)}/document", pdf_of)

    async def tell(self, serial: str, standing: Standing, reason: str = "") -> None:
        """Tell that a certificate was printed, or is void and why. ``Refused``: ``outcome-differs``."""
        body = {"outcome": standing.value, "reason": reason}
        await self._platform.post(
            f"{_path(serial)}/outcome", body, f"{serial}:outcome:{standing.value}", lambda value: None
        )

    async def of_case(self, case_no: str) -> OfCase:
        """Return what there is of a case, in one exchange; for recovery."""
        path = f"/v1/cases/{quote(case_no, safe='')}/certificates"
        try:
            return await self._platform.get(path, _of_case, deadline_s=0)
        except Refused as refused:
            if refused.status == 404:
                return OfCase(None, {})
            raise


def _path(serial: str) -> str:
    return f"/v1/certificates/{quote(serial, safe='')}"


def _answered(value: Any) -> Answered:
    serials = tuple(str(made["serial"]) for made in value["certificates"])
    decision = Decision(value["state"])
    if (decision is Decision.ISSUED) != bool(serials) or len(set(serials)) != len(serials):
        raise ValueError("an answer that contradicts itself")
    return Answered(decision, serials)


def _of_case(value: Any) -> OfCase:
    made = {str(made["serial"]): Standing(made["state"]) for made in value["certificates"]}
    return OfCase(Decision(value["state"]) if value["state"] is not None else None, made)

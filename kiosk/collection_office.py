"""The client of the collection desk: which finished documents a person has, and what became of each; what
should lie in this kiosk's store.

Raises as ``kiosk.platform``: ``Unreachable`` (nothing is known) or ``Refused`` with the desk's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from kiosk.platform import Platform, Refused, question_key


class Standing(StrEnum):
    """How a document stands. The last four are ends, and told by the kiosk."""

    READY = "ready"
    OVERDUE = "overdue"
    ISSUED = "issued"
    RETAINED = "retained"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, repr=False)
class Finished:
    """A finished document under the code of its slip: its number, in which unit it lies, and the line on
    its face, which is the key to its chip.

    ``replaces`` is the number of the old document that has to be handed in first, "" for none.
    """

    document_no: str
    number: str
    unit: int
    line: str
    replaces: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Found:
    """This person's documents in the order in which they come out; ``receipt_known`` is false for a code
    that is of none of them."""

    receipt_known: bool
    documents: tuple[Finished, ...]


class CollectionOffice:
    """See the module. ``kiosk`` is the machine's id."""

    def __init__(self, platform: Platform, kiosk: str) -> None:
        self._platform, self._kiosk = platform, kiosk

    async def store(self) -> Mapping[int, tuple[str, ...]]:
        """Ask, in one exchange, which documents should lie in each unit, in the order in which they come
        out. A unit that is not there should be empty."""
        path = f"/v1/kiosks/{quote(self._kiosk, safe='')}/store"
        return await self._platform.get(path, _store, deadline_s=0)

    async def search(self, *, id_number: str, name: str, receipt: str = "") -> Found:
        """Ask for the documents of the person who stands here."""
        body = {"kiosk": self._kiosk, "id_number": id_number, "name": name, "receipt": receipt}
        return await self._platform.post("/v1/documents/search", body, question_key(), _found)

    async def tell(self, document_no: str, case_no: str, outcome: Standing, detail: str = "") -> None:
        """Tell what became of a document. ``Refused``: ``outcome-differs``."""
        body = {"case_no": case_no, "outcome": outcome.value, "detail": detail}
        key = f"{case_no}:{document_no}:{outcome.value}"
        await self._platform.post(f"{_path(document_no)}/outcome", body, key, lambda value: None)

    async def standing(self, document_no: str) -> Standing | None:
        """Return how a document stands, None for one that nobody knows; for recovery, in one exchange."""
        try:
            return await self._platform.get(
                _path(document_no), lambda value: Standing(value["standing"]), deadline_s=0
            )
        except Refused as refused:
            if refused.status == 404:
                return None
            raise


def _path(document_no: str) -> str:
    return f"/v1/documents/{quote(document_no, safe='')}"


def _store(value: Any) -> Mapping[int, tuple[str, ...]]:
    return {int(one["unit"]): tuple(map(str, one["documents"])) for one in value["units"]}


def _found(value: Any) -> Found:
    return Found(
        bool(value["receipt_known"]),
        tuple(
            Finished(
                str(one["document_no"]),
                str(one["number"]),
                int(one["unit"]),
                str(one["line"]),
                str(one["replaces"]),
                Standing(one["standing"]),
            )
            for one in value["documents"]
        ),
    )

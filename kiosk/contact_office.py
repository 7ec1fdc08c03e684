"""The client of the desk that is told where messages about a case go."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from kiosk.platform import Platform

MOST_S: Final = 6.0
"""How long it is tried: the person waits, and their case does not hang on it."""


class ContactOffice:
    """``kiosk`` is the machine's id. Raises as ``kiosk.platform``."""

    def __init__(self, platform: Platform, kiosk: str) -> None:
        self._platform, self._kiosk = platform, kiosk

    async def give(self, case_no: str, *, id_number: str, name: str, phone: str) -> None:
        """Tell whose case it is and their mobile number; the same again changes nothing.

        ``Refused``: ``case-differs``, ``wrong-state``.
        """
        body = {"kiosk": self._kiosk, "id_number": id_number, "name": name, "phone": phone}
        path = f"/v1/cases/{quote(case_no, safe='')}/contact"
        await self._platform.put(path, body, lambda value: None, deadline_s=MOST_S)

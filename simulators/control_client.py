"""The bench's control API as a program uses it."""

from __future__ import annotations

from typing import Any

import requests


class Refused(Exception):
    """The world refused an act: it is not possible now."""


class World:
    """Does things to the simulated world over its control API."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["X-Bench-Token"] = token
        # An act must not meet a connection that the server closes in that moment for having been idle.
        self._session.headers["Connection"] = "close"

    def do(self, act: str, **arguments: Any) -> None:
        """Do an act; raises ``Refused``."""
        self._ask("POST", "/do", {"act": act, **arguments})

    def fault(self, device: str, fault: str, **more: Any) -> None:
        """Order a fault; raises ``Refused``."""
        self._ask("POST", "/fault", {"device": device, "fault": fault, **more})

    def clear_faults(self, device: str = "") -> None:
        """Call all orders off, or those for one device."""
        self._ask("DELETE", f"/fault?device={device}" if device else "/fault")

    def state(self) -> dict[str, Any]:
        """Return the world as it is."""
        return self._ask("GET", "/world")

    def printed(self) -> dict[str, Any]:
        """Return what was printed."""
        return self._ask("GET", "/printed")

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        reply = self._session.request(method, self._url + path, json=body, timeout=10)
        if reply.status_code >= 400:
            raise Refused(f"{path} {body}: {reply.text}")
        answer: dict[str, Any] = reply.json()
        return answer

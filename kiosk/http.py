"""One HTTP exchange with the back office, in a worker thread, within a deadline."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests

MAX_REPLY_BYTES: Final = 1 << 20
_CHUNK_BYTES: Final = 16384


class PlatformError(Exception):
    """The back office did not do what was asked. ``code`` is a word for the journal."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class Unreachable(PlatformError):
    """No answer that can be trusted: whether it was done is not known."""


class Refused(PlatformError):
    """The back office answered no (4xx, with its word for why): asking again gives the same. ``status`` is
    HTTP's."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code, str(status))
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask: ``path`` under the base URL; ``key`` is the Idempotency-Key of a POST."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    key: str = ""


class Http:
    """Blocking exchanges with one server. Safe for several threads: each has its own session."""

    def __init__(self, url: str, token: str, *, connect_s: float, read_s: float) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._connect_s, self._read_s = connect_s, read_s
        self._local = threading.local()

    def exchange(self, request: Request, left_s: float) -> Any:
        """Return the JSON of the reply, waiting at most ``left_s``.

        Raises ``Unreachable`` (``timeout``, ``no-connection``, ``server-error``, ``bad-reply``) or
        ``Refused`` with the server's own code.
        """
        end = time.monotonic() + left_s
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if request.key:
            headers["Idempotency-Key"] = request.key
        try:
            with self._session().request(
                request.method,
                self._url + request.path,
                json=request.body,
                headers=headers,
                timeout=(min(self._connect_s, left_s), min(self._read_s, left_s)),
                stream=True,
                allow_redirects=False,
            ) as reply:
                content = _content(reply, end)
                status = reply.status_code
        except requests.Timeout as error:
            raise Unreachable("timeout", type(error).__name__) from error
        except (requests.RequestException, OSError) as error:
            raise Unreachable("no-connection", type(error).__name__) from error
        return _judged(status, content)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False  # no proxy, no netrc: the site file alone says where to go
        return session


def _content(reply: requests.Response, end: float) -> bytes:
    """Read the body; a server that drips is cut off at ``end``, one that floods at the limit."""
    content = b""
    for chunk in reply.iter_content(_CHUNK_BYTES):
        content += chunk
        if time.monotonic() > end:
            raise Unreachable("timeout", "slow reply")
        if len(content) > MAX_REPLY_BYTES:
            raise Unreachable("bad-reply", "too long")
    return content


def _judged(status: int, content: bytes) -> Any:
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if 400 <= status < 500 and status not in (408, 425, 429):
        code = value.get("error") if isinstance(value, dict) else None
        if not code:
            raise Unreachable("bad-reply", f"{status}: something between says no, not the back office")
        raise Refused(str(code), status)
    if not 200 <= status < 300:
        raise Unreachable("server-error", str(status))
    if value is None:
        raise Unreachable("bad-reply", "no JSON")
    return value

"""Public verification (证明核验): what anybody learns who has a certificate's code, and nothing more.

Match or no match, the kind, the day of issue, and the name but for its first character hidden. No match
says the same for a code that never was, a certificate that is void, one that has expired, and one of which
nobody has told yet that it was printed. Who asks too often has to wait: codes cannot be tried out.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import date
from html import escape
from typing import Final

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulators.back_office.certificate_file import CODE_CHARACTERS, CODE_LENGTH, certificates
from simulators.back_office.contract import Part
from simulators.back_office.desk import Office
from simulators.back_office.masking import masked_name
from simulators.back_office.public_page import HEADERS, page
from simulators.back_office.store import find

PATH: Final = "/verify"
ASKED_AT_ONCE: Final = 20
ASKED_A_MINUTE: Final = 20.0
MOST_ASKERS: Final = 10_000

_CODE: Final = re.compile(f"[{CODE_CHARACTERS}]{{{CODE_LENGTH}}}")
_TITLE: Final = ("证明核验", "Certificate verification")


class Verified(Part):
    """Without a match everything else is None."""

    match: bool
    kind: str | None = None
    name: str | None = None
    issued: date | None = None
    valid_until: date | None = None


class Sparing:
    """Lets each asker ask ``at_once`` times, and then as often as a minute gives back."""

    def __init__(
        self,
        at_once: int = ASKED_AT_ONCE,
        a_minute: float = ASKED_A_MINUTE,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_once, self._a_second, self._now_s = at_once, a_minute / 60, now_s
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def allows(self, asker: str) -> bool:
        """Tell whether ``asker`` may ask now, and count it."""
        now = self._now_s()
        with self._lock:
            left, since = self._left.pop(asker, (float(self._at_once), now))
            left = min(self._at_once, left + (now - since) * self._a_second)
            allowed = left >= 1
            self._left[asker] = (left - 1 if allowed else left, now)
            if len(self._left) > MOST_ASKERS:
                del self._left[next(iter(self._left))]  # who has not asked for the longest time
        return allowed


def verify(office: Office, code: str) -> Verified:
    """Return what the public may know of the certificate with ``code``."""
    with office.store.begin() as db:
        return verified(db, office, code)


def verified(db: Connection, office: Office, code: str) -> Verified:
    """Do what ``verify`` does within the transaction of ``db``."""
    wanted = re.sub(r"[\s-]", "", code.upper())
    if _CODE.fullmatch(wanted) is None:
        return Verified(match=False)
    row = find(db, certificates.c.code, wanted)
    if row is None or row["state"] != "printed" or row["valid_until"] < office.today().isoformat():
        return Verified(match=False)
    return Verified(
        match=True,
        kind=office.papers.kinds[row["kind"]].title,
        name=masked_name(row["name"]),
        issued=date.fromisoformat(row["issued"]),
        valid_until=date.fromisoformat(row["valid_until"]),
    )


def routes(office: Office, sparing: Sparing | None = None) -> list[Route]:
    """Return the public pages: ``/verify`` to type a code, ``/verify/{code}`` behind the printed one.

    Whoever accepts JSON rather than a page gets ``Verified``.
    """
    guard = sparing or Sparing()

    async def show(request: Request) -> Response:
        code = request.path_params.get("code") or request.query_params.get("code", "")
        if not code:
            return HTMLResponse(page(*_TITLE, _form()), headers=HEADERS)
        asker = request.client.host if request.client is not None else ""
        if not guard.allows(asker):
            return HTMLResponse(page(*_TITLE, _slowly()), 429, headers={**HEADERS, "Retry-After": "60"})
        found = await run_in_threadpool(verify, office, str(code))
        if "application/json" in request.headers.get("accept", ""):
            return Response(found.model_dump_json(), media_type="application/json", headers=HEADERS)
        return HTMLResponse(page(*_TITLE, _verdict(found)), headers=HEADERS)

    return [Route(PATH, show, methods=["GET"]), Route(PATH + "/{code}", show, methods=["GET"])]


# --- the page -------------------------------------------------------------------------------------


def _verdict(found: Verified) -> str:
    if not found.match:
        return (
            '<section class="no"><h1>不相符</h1><p class="en" lang="en">No match</p></section>'
            "<p>没有与此核验码相符的有效证明。请核对纸面上的核验码；仍不相符的，请勿采信。</p>"
            '<p class="en" lang="en">No valid certificate has this code. Check the code on the paper;'
            " if it still does not match, do not rely on the paper.</p>" + _form()
        )
    rows = (
        ("证明", "Certificate", found.kind),
        ("姓名", "Name", found.name),
        ("出具日期", "Issued", found.issued),
        ("有效期至", "Valid until", found.valid_until),
    )
    table = "".join(
        f'<tr><th>{zh}<span class="en" lang="en">{en}</span></th><td>{escape(str(value))}</td></tr>'
        for zh, en, value in rows
    )
    return (
        '<section class="yes"><h1>相符</h1><p class="en" lang="en">Match</p></section>'
        f"<table>{table}</table>"
        "<p>请与手中纸面逐项比对。</p>"
        '<p class="en" lang="en">Compare each line with the paper in your hand.</p>'
    )


def _form() -> str:
    return (
        f'<form action="{PATH}" method="get"><label for="code">核验码'
        '<span class="en" lang="en">Code on the paper</span></label>'
        '<input id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false"'
        ' maxlength="24" placeholder="XXXX XXXX XXXX XXXX" required>'
        '<button>核验 <span lang="en">Verify</span></button></form>'
    )


def _slowly() -> str:
    return (
        '<section class="wait"><h1>请稍后再试</h1>'
        '<p class="en" lang="en">Please try again later</p></section>'
    )

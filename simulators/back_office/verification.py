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
from simulators.back_office.store import find

PATH: Final = "/verify"
ASKED_AT_ONCE: Final = 20
ASKED_A_MINUTE: Final = 20.0
MOST_ASKERS: Final = 10_000

_CODE: Final = re.compile(f"[{CODE_CHARACTERS}]{{{CODE_LENGTH}}}")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


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

    async def page(request: Request) -> Response:
        code = request.path_params.get("code") or request.query_params.get("code", "")
        if not code:
            return HTMLResponse(_page(_form()), headers=_HEADERS)
        asker = request.client.host if request.client is not None else ""
        if not guard.allows(asker):
            return HTMLResponse(_page(_slowly()), 429, headers={**_HEADERS, "Retry-After": "60"})
        found = await run_in_threadpool(verify, office, str(code))
        if "application/json" in request.headers.get("accept", ""):
            return Response(found.model_dump_json(), media_type="application/json", headers=_HEADERS)
        return HTMLResponse(_page(_verdict(found)), headers=_HEADERS)

    return [Route(PATH, page, methods=["GET"]), Route(PATH + "/{code}", page, methods=["GET"])]


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


def _page(body: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><title>证明核验 Certificate verification</title>'
        f"<style>{_STYLE}</style></head><body><header>证明核验"
        '<span lang="en">Certificate verification</span></header>'
        f"<main>{body}</main><footer>模拟环境 SIMULATED</footer></body></html>"
    )


_STYLE: Final = """
:root { font: 18px/1.5 "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #10203a; }
body { margin: 0; background: #f4f6fa; }
header { background: #0b3d91; color: #fff; padding: 1rem 1.2rem; font-weight: 700; font-size: 1.2rem; }
header span { display: block; font-weight: 400; font-size: .8rem; }
main { max-width: 34rem; margin: 1.5rem auto; padding: 0 1.2rem; }
section { border-radius: .6rem; padding: 1.2rem; text-align: center; border: 2px solid; }
section h1 { margin: 0; font-size: 2rem; }
section p { margin: 0; }
.yes { background: #dff3e8; color: #0a5736; }
.yes h1::before { content: "✓ "; }
.no { background: #fde8e8; color: #961017; }
.no h1::before { content: "✕ "; }
.wait { background: #fff1d6; color: #7a4200; }
table { width: 100%; border-collapse: collapse; margin: 1.2rem 0; background: #fff; }
th, td { text-align: left; padding: .7rem .9rem; border: 1px solid #c8d1de; }
th { font-weight: 400; width: 40%; color: #44546e; }
td { font-weight: 700; }
.en { color: #44546e; font-size: .85rem; }
th .en, label .en { display: block; }
section .en { color: inherit; }
form { margin-top: 1.5rem; display: grid; gap: .6rem; }
input { font: inherit; font-family: monospace; padding: .7rem; border: 2px solid #44546e;
  border-radius: .4rem; }
button { font: inherit; font-weight: 700; padding: .8rem; border: 0; border-radius: .4rem;
  background: #0b3d91; color: #fff; }
footer { text-align: center; color: #44546e; font-size: .8rem; padding: 1rem; }
"""

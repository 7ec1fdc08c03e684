"""The page behind a slip's code (回执): how the case stands, for whoever has the slip and knows whose it is.
Behind the code of a decision (处罚决定书) it is the decision itself, as a signed PDF to keep.

The last four of the holder's ID number are the proof, and five wrong ones a day close the case to asking,
here as at a kiosk. A number that is not there and a wrong proof get the same answer.
"""

from __future__ import annotations

import tomllib
from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulators.back_office.desk import Office, Refused
from simulators.back_office.endpoint import limited_body
from simulators.back_office.materials import Paper
from simulators.back_office.progress import ByCase, Progress, ask_by_case
from simulators.back_office.public_page import HEADERS, page, table
from simulators.back_office.traffic import show_decision_paper
from simulators.back_office.verification import Sparing

PATH: Final = "/receipts/"

_TITLE: Final = ("办件回执", "Receipt")


def routes(office: Office, sparing: Sparing | None = None) -> list[Route]:
    """Return the page of a case, ``/receipts/{case_no}``, and of one of its papers, ``…/{paper_no}``."""
    guard = sparing or Sparing()

    async def show(request: Request) -> Response:
        if request.method == "GET":
            return _answer(_form())
        asker = request.client.host if request.client is not None else ""
        if not guard.allows(asker):
            return HTMLResponse(page(*_TITLE, _slowly()), 429, headers={**HEADERS, "Retry-After": "60"})
        typed = parse_qs((await limited_body(request)).decode("utf-8", "replace")).get("last_four", [""])[0]
        case_no, paper_no = str(request.path_params["case_no"]), str(request.path_params.get("paper_no", ""))
        return await run_in_threadpool(_asked, office, case_no, paper_no, typed)

    addresses = (PATH + "{case_no}", PATH + "{case_no}/{paper_no}")
    return [Route(address, show, methods=["GET", "POST"]) for address in addresses]


def _asked(office: Office, case_no: str, paper_no: str, last_four: str) -> Response:
    try:
        found = ask_by_case(office, ByCase(case_no=case_no, last_four=last_four.strip()))
    except ValidationError:
        return _answer(_not_found(), 404)
    except Refused as refused:
        said = _tomorrow() if refused.error == "too-many-tries" else _not_found()
        return _answer(said, refused.status)
    return _decision(office, case_no, paper_no) or _answer(_case(found))


def _decision(office: Office, case_no: str, paper_no: str) -> Response | None:
    """Return the PDF of a decision of the case; None when the number is not one, or nothing can sign it."""
    try:
        document = show_decision_paper(office, case_no, paper_no)
    except Refused:
        return None
    kept_as = {"Content-Disposition": f'attachment; filename="{paper_no}.pdf"'}
    return Response(b64decode(document.pdf), media_type="application/pdf", headers={**HEADERS, **kept_as})


def _answer(body: str, status: int = 200) -> Response:
    return HTMLResponse(page(*_TITLE, body), status, headers=HEADERS)


# --- what it says ----------------------------------------------------------------------------------


def _case(found: Progress) -> str:
    stage, next_step = _words()["stage"][found.stage], _words()["next_step"][found.next_step]
    opened = found.opened_at.date().isoformat()
    rows = [
        (("编号", "Case number"), (found.case_no, "")),
        (("事项", "Service"), _both(found.title) if found.title else (found.service, "")),
        (("申请日期", "Applied on"), (opened, "")),
        (("下一步", "What comes next"), _both(next_step)),
    ]
    if found.due is not None:
        rows.append((("办结期限", "Decided by"), (found.due.isoformat(), "")))
    if found.holder:
        rows.append((("现在在", "Now at"), _both(found.holder)))
    rows += [(("还缺", "Missing"), _missing(paper)) for paper in found.outstanding]
    return f'<h1>{escape(stage["zh-CN"])}</h1><p class="en" lang="en">{escape(stage["en"])}</p>{table(rows)}'


def _missing(paper: Paper) -> tuple[str, str]:
    chinese, english = _both(paper.title)
    if paper.due is None:
        return chinese, english
    return f"{chinese}，{paper.due} 前", f"{english}, by {paper.due}"


def _both(words: Mapping[str, str]) -> tuple[str, str]:
    return words["zh-CN"], words.get("en", "")


def _form() -> str:
    return (
        '<form method="post"><label for="last_four">申请人身份证号的后四位'
        '<span class="en" lang="en">Last four of the applicant\'s ID number</span></label>'
        '<input id="last_four" name="last_four" autocomplete="off" autocapitalize="characters"'
        ' spellcheck="false" maxlength="4" pattern="[0-9]{3}[0-9Xx]" required>'
        '<button>查看 <span lang="en">Show</span></button></form>'
    )


def _not_found() -> str:
    return (
        '<section class="no"><h1>没有查到</h1><p class="en" lang="en">Nothing found</p></section>'
        "<p>编号或后四位不对。</p>"
        '<p class="en" lang="en">The number or the last four are wrong.</p>' + _form()
    )


def _tomorrow() -> str:
    return (
        '<section class="wait"><h1>请明天再试</h1><p class="en" lang="en">Try again tomorrow</p></section>'
        "<p>这个编号今天输错太多次。可以到自助机用身份证查，或到窗口询问。</p>"
        '<p class="en" lang="en">Too many wrong tries for this number today. Ask at a kiosk with your ID'
        " card, or at a window.</p>"
    )


def _slowly() -> str:
    return (
        '<section class="wait"><h1>请稍后再试</h1>'
        '<p class="en" lang="en">Please try again later</p></section>'
    )


@cache
def _words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    with Path(__file__).with_name("progress_words.toml").open("rb") as file:
        return tomllib.load(file)

"""Personal notices at the back office: what is needed by whom, what is filed once, who sees a signature."""

from __future__ import annotations

import base64
from typing import Any

import pypdfium2
import pytest
import requests

from tests.simulators.back_office_bench import Bench
from tests.simulators.notices_bench import PEOPLE, SIGNATURE, file_notice, needed
from tests.simulators.officers_bench import Desk, open_case


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_what_the_office_has_is_not_asked_for_again(bench: Bench) -> None:
    bench.desk.reseed([person.tables() for person in PEOPLE.values()])
    assert needed(bench, "residence-permit") == {
        "id-card": ("bring", 0),
        "photo": ("held", 0),
        "dwelling": ("later", 10),
    }
    assert needed(bench, "id-card-renewal")["household"] == ("held", 10)
    assert needed(bench, "household-move")["household"] == ("bring", 0), "its original travels with the case"
    stranger = needed(bench, "residence-permit", "330212199001010011", "某人")
    assert stranger["photo"] == ("bring", 0)


def test_a_notice_is_filed_once_and_only_officers_see_its_signature(office: Bench) -> None:
    open_case(office, "CA-N1", "guide")
    first = file_notice(office, "CA-N1")
    assert first.status_code == 201
    assert (
        first.json()
        == file_notice(office, "CA-N1", key="another").json()
        == office.get("/v1/cases/CA-N1/notice")
    )
    assert first.json()["signed"] is True
    assert [step["step"] for step in office.get("/v1/cases/CA-N1")["history"]] == ["opened", "notice-signed"]
    desk = Desk(office, "accept")
    seen = desk.get("cases/CA-N1/notice")
    assert (seen["name"], seen["signature"]) == (PEOPLE["li-wenjing"].tables()["id_card"]["name"], SIGNATURE)
    (paper,) = desk.get("cases/CA-N1/signed-papers")["papers"]
    assert (paper["number"], paper["kind"], paper["signed"]) == (seen["notice_no"], "notice", True)
    assert desk.get(f"cases/CA-N1/signed-papers/{seen['notice_no']}")["signature"] == SIGNATURE
    trail = Desk(office, "audit").get("audit")["entries"]
    assert [(one["act"], one["detail"]) for one in trail][1] == ("look-at-signature", seen["notice_no"])
    open_case(office, "CA-N4", "guide")
    assert desk.get("cases/CA-N4/signed-papers")["papers"] == []
    with pytest.raises(requests.HTTPError, match="404"):
        desk.get(f"cases/CA-N4/signed-papers/{seen['notice_no']}")
    assert refusal(file_notice(office, "CA-N1", "household-move", key="third")) == (409, "case-differs")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_notice_is_a_sheet_of_a4_in_the_language_it_was_asked_for(office: Bench, language: str) -> None:
    open_case(office, "CA-N5", "guide")
    notice_no = file_notice(office, "CA-N5", language=language).json()["notice_no"]
    with pypdfium2.PdfDocument(
        base64.b64decode(office.get("/v1/cases/CA-N5/notice/document")["pdf"])
    ) as paper:
        (page,) = paper
        said = page.get_textpage().get_text_bounded()
        page.close()
    card = PEOPLE["li-wenjing"].tables()["id_card"]
    assert {"一次性告知单", notice_no, card["name"]} <= set(said.split())
    assert card["number"] not in said
    assert ("Please bring it" in said) is (language == "en")


def test_what_cannot_be_filed_is_refused_and_leaves_nothing(office: Bench) -> None:
    open_case(office, "CA-N2", "guide")
    assert refusal(file_notice(office, "CA-N2", papers=[], key="1")) == (409, "notice-differs")
    assert refusal(file_notice(office, "CA-N9", key="2")) == (404, "not-found")
    open_case(office, "CA-N3", "residence-permit")
    assert refusal(file_notice(office, "CA-N3", key="3")) == (409, "case-differs")
    empty = {**SIGNATURE, "strokes": []}
    assert refusal(file_notice(office, "CA-N2", signature=empty, key="4")) == (400, "bad-request")
    assert office.get("/v1/cases/CA-N2")["state"] == "opened"
    assert file_notice(office, "CA-N2", signature=None, key="5").json()["signed"] is False

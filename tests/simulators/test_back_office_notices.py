"""Personal notices at the back office: what is needed by whom, what is filed once, who sees a signature."""

from __future__ import annotations

from typing import Any

from simulators.people import load_personas
from tests.simulators.back_office_bench import Bench
from tests.simulators.officers_bench import Desk, open_case

PEOPLE = load_personas()
SIGNATURE = {
    "width": 900,
    "height": 400,
    "strokes": [[{"x": 1, "y": 2, "t_ms": 0}, {"x": 9, "y": 4, "t_ms": 20}]],
}


def needed(bench: Bench, service: str, id_number: str = "", name: str = "") -> Any:
    """Ask what Li, or somebody else, needs."""
    card = PEOPLE["li-wenjing"].tables()["id_card"]
    asked = {
        "kiosk": "330212K01",
        "service": service,
        "id_number": id_number or card["number"],
        "name": name or card["name"],
    }
    answer = bench.post("/v1/notices/questions", asked, key="")
    answer.raise_for_status()
    return {paper["code"]: (paper["standing"], paper["grace_days"]) for paper in answer.json()["papers"]}


def file(bench: Bench, case_no: str, service: str = "residence-permit", key: str = "", **more: Any) -> Any:
    """File Li's notice as it is needed today."""
    card = PEOPLE["li-wenjing"].tables()["id_card"]
    papers = [{"code": code, "standing": standing} for code, (standing, _) in needed(bench, service).items()]
    shown = {
        "case_no": case_no,
        "service": service,
        "id_number": card["number"],
        "name": card["name"],
        "language": "en",
        "papers": papers,
        "signature": SIGNATURE,
    }
    return bench.post("/v1/notices", {**shown, **more}, key=key or f"{case_no}:notice")


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
    first = file(office, "CA-N1")
    assert first.status_code == 201
    assert first.json() == file(office, "CA-N1", key="another").json() == office.get("/v1/cases/CA-N1/notice")
    assert first.json()["signed"] is True
    assert [step["step"] for step in office.get("/v1/cases/CA-N1")["history"]] == ["opened", "notice-signed"]
    seen = Desk(office, "accept").get("cases/CA-N1/notice")
    assert (seen["name"], seen["signature"]) == (PEOPLE["li-wenjing"].tables()["id_card"]["name"], SIGNATURE)
    assert refusal(file(office, "CA-N1", "household-move", key="third")) == (409, "case-differs")


def test_what_cannot_be_filed_is_refused_and_leaves_nothing(office: Bench) -> None:
    open_case(office, "CA-N2", "guide")
    assert refusal(file(office, "CA-N2", papers=[], key="1")) == (409, "notice-differs")
    assert refusal(file(office, "CA-N9", key="2")) == (404, "not-found")
    open_case(office, "CA-N3", "residence-permit")
    assert refusal(file(office, "CA-N3", key="3")) == (409, "case-differs")
    empty = {**SIGNATURE, "strokes": []}
    assert refusal(file(office, "CA-N2", signature=empty, key="4")) == (400, "bad-request")
    assert office.get("/v1/cases/CA-N2")["state"] == "opened"
    assert file(office, "CA-N2", signature=None, key="5").json()["signed"] is False

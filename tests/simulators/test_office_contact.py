"""Where the messages of a case that stays open go: whose it is, which number, what is sent and what never."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from kiosk.personal import is_mobile_number, looks_like
from simulators.back_office.contact import Contact
from simulators.people import load_personas
from tests.simulators.back_office_bench import Bench
from tests.simulators.officers_bench import Desk, accepted

PEOPLE = load_personas()
PHONE, OTHER_PHONE = "13800009927", "19900009928"


def contact(who: str, **changes: str) -> dict[str, str]:
    card = PEOPLE[who].id_card
    return {"kiosk": "330212K01", "id_number": card.number, "name": card.name, "phone": PHONE, **changes}


def give(office: Bench, case_no: str, given: dict[str, str]) -> requests.Response:
    return office.session.put(f"{office.server.url}/v1/cases/{case_no}/contact", json=given, timeout=10)


def error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def messages(office: Bench, case_no: str) -> list[tuple[str, str]]:
    """Return the messages of a case, oldest first, as kind and masked phone."""
    told = Desk(office, "accept").get("messages", case_no=case_no)["messages"]
    return [(one["kind"], one["phone"]) for one in reversed(told)]


def open_case(office: Bench, case_no: str, service: str) -> None:
    opened = {
        "case_no": case_no,
        "kiosk": "330212K01",
        "service": service,
        "opened_at": office.now.isoformat(),
    }
    office.post("/v1/cases", opened, key=f"open-{case_no}").raise_for_status()


@pytest.fixture
def bench(bench_on_file: Bench) -> Bench:
    return bench_on_file


@pytest.fixture
def objected(office: Bench) -> str:
    """Li objects to her violation; return the case's number."""
    office.desk.reseed([PEOPLE["li-wenjing"].tables()])
    open_case(office, "CASE-1", "traffic-violations")
    who = contact("li-wenjing")
    asked = {"case_no": "CASE-1", **{name: who[name] for name in ("kiosk", "id_number", "name")}}
    records = office.post("/v1/traffic/records", asked).json()
    objection = {
        "case_no": "CASE-1",
        "violation_no": records["violations"][0]["violation_no"],
        "reason": "unclear",
    }
    office.post("/v1/traffic/objections", objection, key="o1").raise_for_status()
    return "CASE-1"


@pytest.fixture
def reviewed(office: Bench) -> str:
    """Zhao's application has to be looked at by a clerk; return the case's number."""
    office.desk.reseed([PEOPLE["zhao-peng"].tables()])
    open_case(office, "CASE-2", "certificates")
    who = contact("zhao-peng")
    asked: dict[str, Any] = {
        "case_no": "CASE-2",
        **{name: who[name] for name in ("kiosk", "id_number", "name")},
        "kind": "no-criminal-record",
        "purpose": "employment",
        "copies": 1,
    }
    assert office.post("/v1/certificates", asked, key="c1").json()["state"] == "review"
    return "CASE-2"


def test_the_same_number_again_is_one_message_and_another_one_is_the_next(
    office: Bench, objected: str
) -> None:
    for _ in range(2):
        answer = give(office, objected, contact("li-wenjing"))
        assert answer.json() == {"case_no": objected, "phone": "138****9927"}
    assert messages(office, objected) == [("objection", "138****9927")]
    give(office, objected, contact("li-wenjing", phone=OTHER_PHONE)).raise_for_status()
    assert messages(office, objected)[1:] == [("objection", "199****9928")]
    history = [step["step"] for step in office.get(f"/v1/cases/{objected}")["history"]]
    assert history[-4:] == ["objected", "sent-on", "contact-given", "contact-given"]
    assert PHONE not in str(office.get(f"/v1/cases/{objected}"))


def test_only_the_kiosk_and_the_person_of_the_case_may_say_where_its_messages_go(
    office: Bench, objected: str
) -> None:
    for changed in ({"kiosk": "330212K02"}, {"id_number": PEOPLE["zhao-peng"].id_card.number}):
        assert error(give(office, objected, contact("li-wenjing", **changed))) == (409, "case-differs")
    assert error(give(office, "CASE-9", contact("li-wenjing"))) == (404, "not-found")
    assert error(give(office, objected, contact("li-wenjing", phone="12800009927"))) == (400, "bad-request")
    assert messages(office, objected) == []


WORDS = {
    "objected": "【自助办理】李**，您对交通违法的异议（办件号CASE-1）已记录并转交复核，"
    "有结果后将短信通知本号码。",
    "reviewed": "【自助办理】赵*，证明打印（办件号CASE-2）有结果后，将短信通知本号码。",
}
"""The message of a review says no more than its slip."""


@pytest.mark.parametrize("case", WORDS)
def test_an_officer_of_the_station_tells_that_there_is_a_result(
    office: Bench, case: str, request: pytest.FixtureRequest
) -> None:
    case_no = str(request.getfixturevalue(case))
    who = contact({"objected": "li-wenjing", "reviewed": "zhao-peng"}[case])
    give(office, case_no, who).raise_for_status()
    (message,) = Desk(office, "accept").get("messages", case_no=case_no)["messages"]
    assert message["words"] == WORDS[case]
    asked = {"case_no": case_no, "last_four": who["id_number"][-4:]}
    assert office.post("/v1/progress", asked).json()["stage"] == "in-review"
    here, elsewhere = Desk(office, "review"), Desk(office, "other")
    assert error(elsewhere.post(f"cases/{case_no}/result")) == (409, "not-your-station")
    assert error(Desk(office, "accept").post(f"cases/{case_no}/result")) == (403, "not-your-role")
    assert (elsewhere.get(f"cases/{case_no}")["may"], here.get(f"cases/{case_no}")["may"]) == (
        [],
        ["tell-result"],
    )
    assert here.post(f"cases/{case_no}/result").json() == {"case_no": case_no, "state": "answered"}
    assert messages(office, case_no)[-1] == ("result", "138****9927")
    assert office.post("/v1/progress", asked).json()["stage"] == "done"
    assert here.get(f"cases/{case_no}")["may"] == []
    # Nothing is left to tell: neither a second time, nor to another number.
    assert error(here.post(f"cases/{case_no}/result")) == (409, "wrong-state")
    assert error(give(office, case_no, who)) == (409, "wrong-state")


def test_what_officers_decide_together_is_not_told_by_one(office: Bench) -> None:
    accepted(office, "CASE-3")
    assert error(Desk(office, "review").post("cases/CASE-3/result")) == (409, "wrong-state")


@pytest.mark.parametrize(
    "number",
    [f"1{second}800009927" for second in range(10)]
    + ["1380000992", "138000099270", "23800009927", "1380000992x", "１3800009927", ""],
)
def test_kiosk_office_and_log_agree_on_what_a_mobile_number_is(number: str) -> None:
    pattern = Contact.model_json_schema()["properties"]["phone"]["pattern"]
    assert is_mobile_number(number) == (re.search(pattern, number) is not None)
    assert is_mobile_number(number) == (looks_like(number) == "phone-number")

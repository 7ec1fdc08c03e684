"""The six functions of the approval system, from a kiosk's application to the result at the kiosk."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest

from simulators.back_office import outstanding
from simulators.back_office.masking import masked_id
from tests.simulators.back_office_bench import LI, START, Bench
from tests.simulators.officers_bench import (
    BUREAU,
    DISTRICT,
    OTHER_STATION,
    STATION,
    Desk,
    accepted,
    apply,
    days,
    open_case,
)

GIVEN = {"state": "given", "form": "electronic", "due": None, "provisional": False}
DWELLING = {"zh-CN": "居住地住址证明", "en": "Proof of where you live"}
ME = {"kiosk": "330212K01", "id_number": LI["id_card"]["number"]}


def _error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def _history(bench: Bench, case_no: str) -> list[str]:
    return [step["step"] for step in bench.get(f"/v1/cases/{case_no}")["history"]]


def _results(bench: Bench, since: int = 0, kiosk: str = "330212K01") -> Any:
    return bench.get(f"/v1/kiosks/{kiosk}/results?since={since}")


def _words(desk: Desk, case_no: str) -> list[str]:
    return [message["kind"] for message in desk.get("messages", case_no=case_no)["messages"]][::-1]


def _progress(bench: Bench) -> Any:
    answer = bench.post("/v1/progress/mine", ME)
    answer.raise_for_status()
    return answer.json()["cases"]


def test_a_case_goes_from_the_kiosk_through_two_officers_back_to_the_kiosk(office: Bench) -> None:
    assert accepted(office, "CA-1") == {
        "case_no": "CA-1",
        "state": "accepted",
        "missing": [],
        "papers": [
            {**GIVEN, "code": "id-card", "title": {"zh-CN": "居民身份证", "en": "ID card"}},
            {**GIVEN, "code": "photo", "title": {"zh-CN": "本人相片", "en": "Photo"}},
            {**GIVEN, "code": "dwelling", "title": DWELLING},
        ],
        "due": "2026-12-11",
        "provisional": False,
    }
    (mine,) = _progress(office)
    assert (mine["stage"], mine["next_step"], mine["due"]) == ("in-review", "wait", "2026-12-11")
    assert mine["holder"]["zh-CN"] == "鄞州分局测试路派出所"

    reviewer, decider = Desk(office, "review"), Desk(office, "decide")
    assert reviewer.get("cases/CA-1")["may"] == ["review", "ask-supplement", "move-file"]
    assert _error(decider.post("cases/CA-1/decision", opinion="grant", reasons="", legal_basis="")) == (
        409,
        "wrong-state",
    )
    reviewer.post("cases/CA-1/review", opinion="grant", reasons="材料齐全").raise_for_status()
    decider.post("cases/CA-1/decision", opinion="grant", reasons="", legal_basis="").raise_for_status()

    assert _history(office, "CA-1") == ["opened", "accepted", "reviewed", "granted"]
    (result,) = _results(office)["results"]
    assert (result["number"], result["case_no"], result["kind"]) == (1, "CA-1", "granted")
    assert _words(decider, "CA-1") == ["accepted", "granted"]
    (mine,) = _progress(office)
    assert (mine["stage"], mine["next_step"], mine["due"]) == ("done", "collect", None)
    assert [opinion["kind"] for opinion in decider.get("cases/CA-1")["opinions"]] == ["review", "decision"]


def test_a_refusal_says_why_on_what_ground_and_where_to_turn(office: Bench) -> None:
    accepted(office, "CA-1")
    reviewer, decider = Desk(office, "review"), Desk(office, "decide")
    assert _error(reviewer.post("cases/CA-1/review", opinion="refuse", reasons=" ")) == (
        409,
        "reasons-missing",
    )
    reviewer.post("cases/CA-1/review", opinion="refuse", reasons="居住未满半年").raise_for_status()
    bare = {"opinion": "refuse", "reasons": "居住未满半年", "legal_basis": ""}
    assert _error(decider.post("cases/CA-1/decision", **bare)) == (409, "reasons-missing")
    decided = decider.post("cases/CA-1/decision", **{**bare, "legal_basis": "居住证暂行条例第二条"}).json()
    assert decided["remedy"] == (
        "如不服本决定，可自收到之日起六十日内向宁波市公安局鄞州分局申请行政复议，"
        "或者六个月内向宁波市鄞州区人民法院提起行政诉讼。"
    )
    assert [result["kind"] for result in _results(office)["results"]] == ["refused"]
    assert _words(decider, "CA-1")[-1] == "refused"
    assert _error(decider.post("cases/CA-1/decision", **bare)) == (409, "wrong-state")


def test_one_officer_never_both_reviews_and_decides(office: Bench) -> None:
    accepted(office, "CA-1")
    both = Desk(office, "both")
    both.post("cases/CA-1/review", opinion="grant", reasons="").raise_for_status()
    assert "decide" not in both.get("cases/CA-1")["may"]
    assert _error(both.post("cases/CA-1/decision", opinion="grant", reasons="", legal_basis="")) == (
        409,
        "same-officer",
    )


def test_what_the_catalogue_decides_higher_up_goes_up_and_its_result_comes_back(office: Bench) -> None:
    accepted(office, "CA-1", "id-card-renewal", form="original")
    reviewer, decider, district = Desk(office, "review"), Desk(office, "decide"), Desk(office, "district")
    reviewer.post("cases/CA-1/review", opinion="grant", reasons="").raise_for_status()
    yes = {"opinion": "grant", "reasons": "", "legal_basis": ""}
    assert _error(decider.post("cases/CA-1/decision", **yes)) == (409, "level-too-low")
    assert _error(district.post("cases/CA-1/decision", **yes)) == (409, "not-your-station")

    sent = decider.post("cases/CA-1/moves", what="both", to=DISTRICT, reason="报分局审批").json()
    assert sent == {"file_at": DISTRICT, "original_at": STATION, "original_to": DISTRICT}
    assert _error(decider.post("cases/CA-1/original/received")) == (409, "no-original")
    assert district.get("cases/CA-1")["may"] == ["decide", "ask-supplement", "move-file", "receive-original"]
    arrived = district.post("cases/CA-1/original/received").json()
    assert arrived == {"file_at": DISTRICT, "original_at": DISTRICT, "original_to": ""}
    district.post("cases/CA-1/decision", **yes).raise_for_status()
    assert [result["kind"] for result in _results(office)["results"]] == ["granted"]
    back = district.post("cases/CA-1/moves", what="original", to=STATION, reason="退还原件").json()
    assert back == {"file_at": DISTRICT, "original_at": DISTRICT, "original_to": STATION}
    moves = district.get("cases/CA-1")["moves"]
    assert [(move["what"], move["direction"]) for move in moves] == [
        ("file", "up"), ("original", "up"), ("original-received", "up"), ("original", "down"),
    ]  # fmt: skip


def test_a_case_goes_sideways_and_only_its_holder_works_on_it(office: Bench) -> None:
    accepted(office, "CA-1")
    here, there = Desk(office, "review"), Desk(office, "other")
    assert _error(there.post("cases/CA-1/review", opinion="grant", reasons="")) == (409, "not-your-station")
    assert _error(here.post("cases/CA-1/moves", what="file", to=STATION, reason="x")) == (
        409,
        "nowhere-to-go",
    )
    assert _error(here.post("cases/CA-1/moves", what="both", to=OTHER_STATION, reason="x")) == (
        409,
        "no-original",
    )
    assert here.get("cases/CA-1")["whereabouts"]["file_at"] == STATION, "what was refused moved nothing"
    assert _error(here.post("cases/CA-1/moves", what="file", to="330299", reason="x")) == (404, "not-found")
    here.post("cases/CA-1/moves", what="file", to=OTHER_STATION, reason="居住地在邻所").raise_for_status()
    assert there.get("cases/CA-1")["moves"][0]["direction"] == "sideways"
    there.post("cases/CA-1/review", opinion="grant", reasons="").raise_for_status()
    assert _error(here.post("cases/CA-1/review", opinion="grant", reasons="")) == (409, "wrong-state")


def test_without_a_core_paper_nothing_is_accepted_and_all_that_is_missing_is_told_at_once(
    office: Bench,
) -> None:
    open_case(office, "CA-1")
    told = apply(office, "CA-1", "dwelling")
    assert (told["state"], [m["code"] for m in told["missing"]]) == ("not-accepted", ["id-card", "photo"])
    assert office.get("/v1/cases/CA-1")["state"] == "opened"
    assert apply(office, "CA-1", "id-card", "photo")["state"] == "waiting-documents"
    unasked = {"materials": [{"code": "passport", "form": "electronic"}]}
    open_case(office, "CA-2")
    assert _error(office.post("/v1/cases/CA-2/application", unasked, key="k")) == (409, "not-asked-for")


def test_a_paper_outstanding_is_reminded_of_and_brought_and_the_period_begins(office: Bench) -> None:
    open_case(office, "CA-1")
    taken = apply(office, "CA-1", "id-card", "photo")
    (missing,) = (paper for paper in taken["papers"] if paper["state"] == "outstanding")
    assert (taken["due"], missing["code"], missing["due"]) == (None, "dwelling", "2026-12-04")
    (mine,) = _progress(office)
    assert (mine["stage"], mine["next_step"]) == ("waiting-documents", "bring-documents")
    assert [paper["code"] for paper in mine["outstanding"]] == ["dwelling"]

    desk = Desk(office, "accept")
    days(office, 9)
    outstanding.look_after_all(office.desk.office)
    assert _words(Desk(office, "accept"), "CA-1") == ["accepted-outstanding"]
    days(office, 1)  # 2 December: two working days before the last one
    for _ in range(2):
        outstanding.look_after_all(office.desk.office)
    desk = Desk(office, "accept")
    assert _words(desk, "CA-1") == ["accepted-outstanding", "reminder"]

    brought = {"materials": [{"code": "dwelling", "form": "original"}]}
    answer = office.post("/v1/cases/CA-1/supplements", brought, key="s1").json()
    assert (answer["state"], answer["due"]) == ("accepted", "2026-12-23"), "15 working days from now"
    assert _error(office.post("/v1/cases/CA-1/supplements", brought, key="s2")) == (409, "wrong-state")
    assert desk.get("cases/CA-1")["whereabouts"]["original_at"] == STATION
    assert _words(desk, "CA-1")[-1] == "complete"


def test_a_paper_that_does_not_come_returns_the_case(office: Bench) -> None:
    open_case(office, "CA-1")
    apply(office, "CA-1", "id-card", "photo")
    days(office, 12)  # 4 December, the last day
    outstanding.look_after_all(office.desk.office)
    assert office.get("/v1/cases/CA-1")["state"] == "waiting-documents"
    days(office, 1)
    for _ in range(2):
        outstanding.look_after_all(office.desk.office)
    assert _history(office, "CA-1")[-1] == "returned"
    assert [result["kind"] for result in _results(office)["results"]] == ["returned"]
    (mine,) = _progress(office)
    assert (mine["stage"], mine["next_step"]) == ("returned", "apply-again")
    assert _words(Desk(office, "accept"), "CA-1")[-1] == "returned"


def test_the_watch_sees_deadlines_without_anybody_asking(office: Bench) -> None:
    open_case(office, "CA-1")
    apply(office, "CA-1", "id-card", "photo")
    days(office, 13)
    end = time.monotonic() + 20
    while office.get("/v1/cases/CA-1")["state"] != "returned":
        assert time.monotonic() < end, "nobody looked"
        time.sleep(0.05)


def test_an_officer_asks_for_a_paper_and_the_period_stands_still_meanwhile(office: Bench) -> None:
    accepted(office, "CA-1")
    assert office.get("/v1/cases/CA-1")["state"] == "accepted"
    days(office, 5)  # Friday 27 November: five of fifteen working days are gone
    desk = Desk(office, "accept")
    asked = desk.post("cases/CA-1/supplement-requests", code="lease", title="租赁合同", days=10).json()
    assert [paper["due"] for paper in asked["papers"] if paper["code"] == "lease"] == ["2026-12-11"]
    assert [result["kind"] for result in _results(office)["results"]] == ["supplement-wanted"]
    again = desk.post("cases/CA-1/supplement-requests", code="lease", title="租赁合同", days=10)
    assert _error(again) == (409, "wrong-state")
    assert _error(Desk(office, "review").post("cases/CA-1/review", opinion="grant", reasons="")) == (
        409,
        "wrong-state",
    )
    days(office, 10)  # Monday 7 December
    brought = {"materials": [{"code": "lease", "form": "electronic"}]}
    answer = office.post("/v1/cases/CA-1/supplements", brought, key="s1").json()
    assert answer["due"] == "2026-12-21", "ten working days were left"


def test_a_deadline_in_a_year_without_calendar_is_provisional(office: Bench) -> None:
    days(office, 30)
    taken = accepted(office, "CA-1")
    assert (taken["due"], taken["provisional"]) == ("2027-01-12", True)
    (mine,) = _progress(office)
    assert mine["provisional"] is True


def test_what_is_decided_at_once_needs_no_officer(office: Bench) -> None:
    taken = accepted(office, "CA-1", "pick-up")
    assert taken["state"] == "granted"
    opinion = Desk(office, "accept").get("cases/CA-1")["opinions"][0]
    assert (opinion["officer"], opinion["opinion"]) == ("automatic", "grant")


def test_results_reach_the_kiosk_that_took_the_case_in_page_by_page_and_are_acknowledged(
    office: Bench,
) -> None:
    for number in range(3):
        accepted(office, f"CA-{number}", "pick-up")
    open_case(office, "DA-1", "pick-up", kiosk="330212K02")
    apply(office, "DA-1", "receipt")
    page = _results(office)
    assert [result["number"] for result in page["results"]] == [1, 2, 3]
    assert (page["next"], page["more"]) == (3, False)
    assert _results(office, since=page["next"]) == {"results": [], "next": 3, "more": False}
    assert [r["case_no"] for r in _results(office, kiosk="330212K02")["results"]] == ["DA-1"]
    path = "/v1/kiosks/330212K01/results/acknowledge"
    assert office.post(path, {"up_to": 2}, key="a1").json() == {"open": 1}
    assert office.post(path, {"up_to": 3}, key="a2").json() == {"open": 0}


def test_progress_by_number_needs_a_proof_and_five_wrong_ones_close_it(office: Bench) -> None:
    accepted(office, "CA-1")
    right = {"case_no": "CA-1", "last_four": LI["id_card"]["number"][-4:]}
    assert office.post("/v1/progress", right).json()["stage"] == "in-review"
    unknown = office.post("/v1/progress", {**right, "case_no": "CA-9"})
    for _ in range(5):
        wrong = office.post("/v1/progress", {**right, "last_four": "000X"})
        assert _error(wrong) == _error(unknown) == (404, "not-found")
    assert _error(office.post("/v1/progress", right)) == (409, "too-many-tries")
    days(office, 1)
    assert office.post("/v1/progress", right).json()["stage"] == "in-review"


def test_progress_of_a_person_has_the_cases_of_their_permit_and_nobody_elses(office: Bench) -> None:
    office.open_case("PA-1").raise_for_status()
    accepted(office, "CA-1")
    assert {case["case_no"] for case in _progress(office)} == {"PA-1", "CA-1"}
    other = office.post("/v1/progress/mine", {**ME, "id_number": "110105194912310021"})
    assert other.json() == {"cases": []}


def test_messages_are_masked_and_there_are_none_without_a_phone(office: Bench) -> None:
    accepted(office, "CA-1")
    office.open_case("PA-1").raise_for_status()
    desk = Desk(office, "accept")
    (message,) = desk.get("messages")["messages"]
    assert message["phone"] == "138****0001"
    assert (
        message["words"] == "【自助办理】李**，您申请的居住证申领（办件号CA-1）已受理，预计12月11日前办结。"
    )
    assert LI["id_card"]["name"] not in message["words"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [("330212198104129928", "330***********9928"), ("1234567", "*******"), ("", ""), (None, "")],
)
def test_of_a_number_little_is_shown(number: str | None, shown: str) -> None:
    assert masked_id(number) == shown


def test_the_list_of_cases_is_filtered_paged_and_masked(office: Bench) -> None:
    for number in range(52):
        open_case(office, f"CA-{number:02d}")
        office.wait(1)
    apply(office, "CA-51", "id-card", "photo", "dwelling")
    desk = Desk(office, "accept")
    first = desk.get("cases")
    assert len(first["cases"]) == 50
    rest = desk.get("cases", before=first["next"])
    assert ([case["case_no"] for case in rest["cases"]], rest["next"]) == (["CA-01", "CA-00"], "")
    (row,) = desk.get("cases", state="accepted")["cases"]
    assert (row["name"], row["id_number"]) == ("李**", "330***********9928")
    assert row["overdue"] is False
    assert [case["case_no"] for case in desk.get("cases", at=STATION)["cases"]] == ["CA-51"]
    assert desk.get("cases", overdue="true")["cases"] == []
    days(office, 40)
    assert [case["case_no"] for case in Desk(office, "accept").get("cases", overdue="true")["cases"]] == [
        "CA-51"
    ]


def test_a_case_of_an_unknown_item_is_not_opened(office: Bench) -> None:
    case = {"case_no": "CA-1", "kiosk": "K", "service": "fortune-telling", "opened_at": START.isoformat()}
    assert _error(office.post("/v1/cases", case, key="k")) == (409, "not-offered")


def test_the_catalogue_is_dated(office: Bench) -> None:
    today = office.get("/v1/items")
    assert {item["service"] for item in today["items"]} >= {"endorsement", "residence-permit"}
    then = office.get("/v1/items?on=2010-06-01")
    assert [item["service"] for item in then["items"]] == ["household-move"]
    assert (
        office.session.get(f"{office.server.url}/v1/items/endorsement?on=2010-06-01", timeout=5).status_code
        == 404
    )
    assert all(item["source"] for item in today["items"])
    stations = {station["code"]: station for station in office.get("/v1/stations")["stations"]}
    assert stations[STATION]["parent"] == DISTRICT
    assert stations[DISTRICT]["parent"] == BUREAU
    assert datetime.fromisoformat(office.get("/v1/health")["now"]).utcoffset() is not None

"""The page behind a slip's code: nothing without the proof, and then what the kiosk would say."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette

from kiosk.progress_office import NextStep, Stage
from kiosk.texts import Catalogue
from simulators.back_office import receipt_page
from simulators.back_office.receipt_page import _words
from simulators.back_office.server import Served
from simulators.back_office.verification import Sparing
from tests.simulators.back_office_bench import LI, Bench
from tests.simulators.officers_bench import apply, open_case
from tests.simulators.test_back_office_traffic import MEI
from tests.simulators.test_back_office_traffic import Desk as Driver

STRINGS = Catalogue.load(Path(__file__).parents[2] / "config" / "strings")
LAST_FOUR = LI["id_card"]["number"][-4:]


@pytest.fixture
def office(bench_on_file: Bench) -> Bench:
    open_case(bench_on_file, "CASE-1")
    apply(bench_on_file, "CASE-1", "id-card", "photo")
    return bench_on_file


def ask(url: str, last_four: str, case_no: str = "CASE-1") -> requests.Response:
    return requests.post(f"{url}/receipts/{case_no}", data={"last_four": last_four}, timeout=40)


def test_who_has_the_slip_and_the_proof_sees_how_the_case_stands(office: Bench) -> None:
    url = office.server.url
    for address in ("CASE-1", "CASE-1/330212826112200001"):
        page = requests.get(f"{url}/receipts/{address}", timeout=40)
        assert "<form" in page.text
        assert "居住证" not in page.text
    page = ask(url, LAST_FOUR)
    assert page.status_code == 200
    for words in ("等您补交材料", "Bring the missing papers", "居住证申领", "居住地住址证明，2026-12-04 前"):
        assert words in page.text
    for secret in (LI["id_card"]["name"], LI["id_card"]["number"], LAST_FOUR, "13800000001", "<script"):
        assert secret not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_behind_the_code_of_a_decision_is_the_decision_for_its_driver_only(office: Bench) -> None:
    office.desk.reseed([MEI])
    mei = Driver(office, MEI, "CASE-2")
    decision_no = mei.decide(mei.shown("1345")).json()["decision_no"]
    proof, paper = MEI["id_card"]["number"][-4:], f"CASE-2/{decision_no}"
    kept = ask(office.server.url, proof, paper)
    assert (kept.headers["Content-Type"], kept.content[:5]) == ("application/pdf", b"%PDF-")
    assert f'filename="{decision_no}.pdf"' in kept.headers["Content-Disposition"]
    for last_four, address in (("0000", paper), (LAST_FOUR, f"CASE-1/{decision_no}"), (proof, "CASE-2/1")):
        assert ask(office.server.url, last_four, address).headers["Content-Type"].startswith("text/html")


def test_a_wrong_proof_and_a_number_that_is_not_there_are_the_same_until_the_next_day(office: Bench) -> None:
    url = office.server.url
    unknown = ask(url, LAST_FOUR, "CASE-9")
    for wrong in ("0000", "000X", "<b>", "", "9"):
        assert (ask(url, wrong).status_code, ask(url, wrong).text) == (404, unknown.text)
    for _ in range(3):
        ask(url, "0000")
    closed = ask(url, LAST_FOUR)
    assert (closed.status_code, "居住证" in closed.text) == (409, False)
    office.wait(86400)
    assert ask(url, LAST_FOUR).status_code == 200


def test_who_asks_too_often_has_to_wait(office: Bench) -> None:
    guard = Sparing(at_once=2, a_minute=1, now_s=lambda: 0.0)
    with Served(Starlette(routes=receipt_page.routes(office.desk.office, guard))) as server:
        asked = [ask(server.url, LAST_FOUR).status_code for _ in range(3)]
    assert asked == [200, 200, 429]


def test_it_says_what_the_kiosk_says() -> None:
    for name, key, kind in (
        ("stage", "progress.stage", Stage),
        ("next_step", "progress.next-step", NextStep),
    ):
        said = {one.value: f"{key}.{one.value}" for one in kind}
        assert _words()[name] == {
            value: {language: STRINGS.sentence(at, language) for language in ("zh-CN", "en")}
            for value, at in said.items()
        }

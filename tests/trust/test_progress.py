"""Progress and results between the kiosk's client and the bench's back office."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.events import EventLog, read_catalogue
from kiosk.journal.journal import Journal
from kiosk.platform import Platform, Refused, Unreachable
from kiosk.progress_office import NextStep, ProgressOffice, Stage
from kiosk.results_inbox import ResultsInbox
from simulators.back_office.acceptance import Applicant, require_case
from simulators.back_office.earlier_cases import take_in
from simulators.back_office.results import Kind, push
from tests.simulators.back_office_bench import LI, TOKEN, Bench, on_file
from tests.trust.world import KEY, in_loop

KIOSK = "330212K01"
NUMBER = str(LI["id_card"]["number"])
WHO = Applicant(id_number=NUMBER, name=LI["id_card"]["name"])
REVIEWED, WAITING = "HALL-1001", "HALL-1002"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with on_file(tmp_path) as bench:
        take_in(bench.desk.office, REVIEWED, "residence-permit", WHO, ())
        take_in(bench.desk.office, WAITING, "id-card-renewal", WHO, ("household",))
        yield bench


@pytest.fixture
def platform(bench: Bench) -> Iterator[Platform]:
    platform = Platform(bench.server.url, TOKEN, KIOSK, SystemClock(), random.Random(1), deadline_s=1.0)
    yield platform
    platform.close()


@in_loop
async def test_the_holder_sees_stage_next_step_and_what_is_missing(platform: Platform) -> None:
    office = ProgressOffice(platform, KIOSK)
    cases = {case.case_no: case for case in await office.mine(NUMBER)}
    assert set(cases) == {REVIEWED, WAITING}
    assert (cases[REVIEWED].stage, cases[REVIEWED].next_step) == (Stage.IN_REVIEW, NextStep.WAIT)
    assert cases[REVIEWED].due is not None
    assert (cases[WAITING].stage, cases[WAITING].due) == (Stage.WAITING_DOCUMENTS, None)
    (paper,) = cases[WAITING].outstanding
    assert paper.title.args["english"] == "Household register"
    assert paper.due is not None
    assert await office.mine("330212199001019999") == ()


@in_loop
async def test_a_wrong_proof_and_a_wrong_number_get_one_answer_and_five_close_the_case(
    platform: Platform,
) -> None:
    office = ProgressOffice(platform, KIOSK)
    seen = []
    for case_no in ("HALL-0000", *[REVIEWED] * 6):
        with pytest.raises(Refused) as refused:
            await office.by_case(case_no, "0000")
        seen.append((refused.value.status, refused.value.code))
    assert set(seen[:6]) == {(404, "not-found")}
    assert seen[6] == (409, "too-many-tries")
    with pytest.raises(Refused, match="too-many-tries"):
        await office.by_case(REVIEWED, NUMBER[-4:])
    assert (await office.by_case(WAITING, NUMBER[-4:])).case_no == WAITING


@in_loop
async def test_results_are_noted_once_and_acknowledged_also_after_a_restart(
    bench: Bench, platform: Platform, tmp_path: Path
) -> None:
    lines: list[str] = []
    clock = SystemClock()
    events = EventLog(read_catalogue(), lines.append, wall=clock.wall, strict=True)
    office = ProgressOffice(platform, KIOSK)
    async with await Journal.open(tmp_path / "journal.db", KEY, clock) as journal:
        inbox = ResultsInbox(office, journal, events, clock)
        assert await inbox.collect() == 0
        _push(bench, "granted", REVIEWED)
        _push(bench, "supplement-wanted", WAITING)
        assert await inbox.collect() == 2
        assert _waiting(bench) == 0
        assert await inbox.collect() == 0
        _push(bench, "returned", WAITING)
        assert await ResultsInbox(office, journal, events, clock).collect() == 1
        assert _waiting(bench) == 0
    logged = [json.loads(line) for line in lines]
    assert [(one["case"], one["reason"]) for one in logged] == [
        (REVIEWED, "granted"),
        (WAITING, "supplement-wanted"),
        (WAITING, "returned"),
    ]


class Forgetful(ProgressOffice):
    """An office whose first acknowledgement does not get through."""

    lost = False

    async def acknowledge(self, up_to: int) -> None:
        if not self.lost:
            self.lost = True
            raise Unreachable("no-connection")
        await super().acknowledge(up_to)


@in_loop
async def test_a_result_whose_acknowledgement_was_lost_is_acknowledged_later(
    bench: Bench, platform: Platform, tmp_path: Path
) -> None:
    clock = SystemClock()
    lines: list[str] = []
    events = EventLog(read_catalogue(), lines.append, wall=clock.wall, strict=True)
    async with await Journal.open(tmp_path / "journal.db", KEY, clock) as journal:
        inbox = ResultsInbox(Forgetful(platform, KIOSK), journal, events, clock)
        _push(bench, "granted", REVIEWED)
        with pytest.raises(Unreachable):
            await inbox.collect()
        assert _waiting(bench) == 1
        assert await inbox.collect() == 0
        assert _waiting(bench) == 0
    assert len(lines) == 1


def _push(bench: Bench, kind: Kind, case_no: str) -> None:
    office = bench.desk.office
    with office.store.begin() as db:
        push(db, office, require_case(db, case_no), kind)


def _waiting(bench: Bench) -> int:
    """Return how many results the kiosk has not acknowledged, as the back office counts them."""
    answer = bench.session.post(
        f"{bench.server.url}/v1/kiosks/{KIOSK}/results/acknowledge",
        json={"up_to": 0},
        headers={"Idempotency-Key": f"count-{random.random()}"},
        timeout=5,
    )
    return int(answer.json()["open"])

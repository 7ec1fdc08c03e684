"""The client against the bench's whole back office: one paid case from its opening to its outcome."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.journal.records import Letter, PostedLetter
from kiosk.platform import OrderState, Platform, Refused, Wish
from tests.simulators.back_office_bench import LI, START, TOKEN, Bench, on_file

CASE = "330212K01-20261122-0001-X"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with on_file(tmp_path) as bench:
        yield bench


def test_a_paid_case_from_opening_to_outcome(bench: Bench) -> None:
    asyncio.run(_whole_case(bench))


async def _whole_case(bench: Bench) -> None:
    platform = Platform(bench.server.url, TOKEN, "330212K01", SystemClock(), random.Random(1))
    assert (await platform.health()).ready
    assert await platform.case(CASE) is None
    await platform.open_case(CASE, "endorsement", opened_at=START, permit_number="CZ9900001")
    check = await platform.check_permit(
        CASE,
        id_number=LI["id_card"]["number"],
        name=LI["id_card"]["name"],
        permit_number="CZ9900001",
        permit_expires=date(2032, 5, 1),
    )
    assert (check.permit_status, check.held_by_applicant, check.refusal) == ("valid", True, None)
    wishes = [Wish("HKG", "G", "P3M", 1)]
    bill = await platform.quote(CASE, wishes)
    assert bill.total_fen == sum(bill.fees_fen) == 1500
    assert await platform.order("330212K01T1") is None
    with pytest.raises(Refused):
        await platform.endorse(bill, "330212K01T1", permit_number="CZ9900001", wishes=wishes)
    paid = await platform.register_terminal_payment("330212K01T1", bill, host_reference="H1", method="card")
    assert paid is OrderState.PAID
    approval = await platform.endorse(bill, "330212K01T1", permit_number="CZ9900001", wishes=wishes)
    assert await platform.approval(approval.approval_no) == approval
    case = await platform.case(CASE)
    assert case is not None
    assert case.approval_no == approval.approval_no
    assert await platform.report_outcome(approval.approval_no, issued=False, chip=False, strip=False)
    refund = await platform.refund("330212K01T1", "330212K01T1R1", 1500, "not-delivered")
    assert (refund.state, refund.refunded_fen) == ("refunded", 1500)
    order = await platform.order("330212K01T1")
    assert order is not None
    assert (order.state, order.refunded_fen) == (OrderState.REFUNDED, 1500)
    letter = PostedLetter(1, "j-1", "2026-11-22T02:00:00.000Z", Letter("escalation", {"reason": "x"}, CASE))
    assert await platform.send_letters([letter]) == {"j-1"}
    platform.close()

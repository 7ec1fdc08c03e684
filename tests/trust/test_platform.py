"""The back office client against a small real server: lost replies, refusals, silence, nonsense."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kiosk.certificate_office import CertificateOffice
from kiosk.clock import SystemClock
from kiosk.journal.records import Letter, PostedLetter
from kiosk.platform import Bill, OrderState, Platform, Refused, Unreachable, Wish
from tests.trust.world import in_loop

Answer = tuple[int, Any] | str
WISH = Wish("HKG", "G", "P3M", 1)
BILL = Bill("C1", "B1", (1500,), 1500, datetime(2026, 3, 2, tzinfo=UTC))


class Office:
    """A server that answers as told, and keeps what it was asked.

    An answer is (status, JSON), or a misbehaviour: "lost" (accepted, reply lost), "garbage", "silent",
    "drip" (a byte at a time), "huge".
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, str, str, Any]] = []
        self.release = threading.Event()
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def _serve(self) -> None:
                assert self.headers["Authorization"] == "Bearer secret"
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                key = self.headers.get("Idempotency-Key", "")
                office.asked.append((self.command, self.path, key, json.loads(body) if body else None))
                answer = office.answers[0] if len(office.answers) == 1 else office.answers.pop(0)
                if answer == "lost":
                    self.close_connection = True
                    return
                if answer == "silent":
                    office.release.wait(10)
                    return
                if answer == "drip":
                    self._drip()
                    return
                status, content = answer if isinstance(answer, tuple) else (200, None)
                data = json.dumps(content).encode() if answer not in ("garbage", "huge") else b"<html>"
                if answer == "huge":
                    data = b" " * (2 << 20)
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _drip(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                while not office.release.wait(0.05):
                    self.wfile.write(b" ")
                    self.wfile.flush()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    # A drip is cut in the middle of a write: the server's own complaint about that is not of interest.
    monkeypatch.setattr(ThreadingHTTPServer, "handle_error", lambda *_: None)
    office = Office()
    yield office
    office.close()


def client(office: Office, *, timeout_s: float = 2.0, deadline_s: float = 4.0) -> Platform:
    return Platform(
        office.url,
        "secret",
        "330212K01",
        SystemClock(),
        random.Random(3),
        timeout_s=timeout_s,
        deadline_s=deadline_s,
        retry_s=0.01,
    )


@in_loop
async def test_a_lost_reply_is_asked_for_again_with_the_same_key(office: Office) -> None:
    office.answers = ["lost", (200, {"state": "refunded", "refunded_fen": 1500})]
    refund = await client(office).refund("O1", "O1R1", 1500, "not-delivered")
    assert (refund.state, refund.refunded_fen) == ("refunded", 1500)
    first, second = office.asked
    assert (
        first
        == second
        == (
            "POST",
            "/v1/payments/O1/refunds",
            "O1R1",
            {"refund_no": "O1R1", "amount_fen": 1500, "reason": "not-delivered"},
        )
    )


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
@in_loop
async def test_a_server_in_trouble_is_asked_again(office: Office, status: int) -> None:
    office.answers = [(status, {"error": "down", "message": {}}), (200, {"state": "paid"})]
    paid = await client(office).register_terminal_payment("O1", BILL, host_reference="H", method="card")
    assert paid is OrderState.PAID
    assert len({key for _, _, key, _ in office.asked}) == 1


@pytest.mark.parametrize(("status", "code"), [(400, "bad"), (401, "token"), (409, "not-paid"), (422, "key")])
@in_loop
async def test_a_refusal_is_not_asked_again(office: Office, status: int, code: str) -> None:
    office.answers = [(status, {"error": code, "message": {}})]
    with pytest.raises(Refused) as refused:
        await client(office).endorse(BILL, "O1", permit_number="C12345678", wishes=[WISH])
    assert (refused.value.code, refused.value.status) == (code, status)
    assert len(office.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
@in_loop
async def test_a_refusal_at_the_door_says_nothing_of_a_try_whose_reply_was_lost(
    office: Office, status: int
) -> None:
    """The token ran out between two tries: the first may have been done."""
    office.answers = ["lost", (status, {"error": "unauthorised", "message": {}})]
    with pytest.raises(Unreachable) as unsure:
        await client(office).endorse(BILL, "O1", permit_number="C12345678", wishes=[WISH])
    assert unsure.value.code == "unauthorised"
    assert len(office.asked) == 2


@in_loop
async def test_a_desk_that_refuses_a_try_whose_reply_was_lost_knows_what_it_did(office: Office) -> None:
    office.answers = ["lost", (409, {"error": "not-paid", "message": {}})]
    with pytest.raises(Refused):
        await client(office).endorse(BILL, "O1", permit_number="C12345678", wishes=[WISH])


@pytest.mark.parametrize("status", [400, 403, 404, 413])
@in_loop
async def test_a_no_without_the_offices_word_is_from_something_between(office: Office, status: int) -> None:
    office.answers = [(status, ["nginx"]), (200, {"state": "paid"})]
    paid = await client(office).register_terminal_payment("O1", BILL, host_reference="H", method="card")
    assert paid is OrderState.PAID


@pytest.mark.parametrize("answer", ["garbage", "huge", (200, {"state": "eaten"}), (200, []), (302, {})])
@in_loop
async def test_nonsense_says_nothing(office: Office, answer: Answer) -> None:
    office.answers = [answer]
    with pytest.raises(Unreachable):
        await client(office, deadline_s=0.2).close_order("O1")


@pytest.mark.parametrize("answer", ["silent", "drip"])
@in_loop
async def test_silence_ends_at_the_deadline(office: Office, answer: Answer) -> None:
    office.answers = [answer]
    with pytest.raises(Unreachable) as caught:
        await asyncio.wait_for(client(office, timeout_s=0.2, deadline_s=0.3).order("O1"), 5)
    assert caught.value.code == "timeout"


@in_loop
async def test_nobody_there(office: Office) -> None:
    platform = client(office, deadline_s=0.1)
    office.close()
    with pytest.raises(Unreachable):
        await platform.health()


@in_loop
async def test_what_does_not_exist_is_none(office: Office) -> None:
    office.answers = [(404, {"error": "not-found", "message": {}})]
    assert await client(office).order("O/1") is None
    assert await client(office).case("C1") is None
    assert office.asked[0][1] == "/v1/payments/O%2F1"


@in_loop
async def test_a_slow_answer_does_not_hold_the_loop(office: Office) -> None:
    office.answers = ["silent"]
    asking = asyncio.create_task(client(office, timeout_s=0.3, deadline_s=0.3).order("O1"))
    turns = 0
    while not asking.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100
    with pytest.raises(Unreachable):
        await asking


@in_loop
async def test_the_case_tells_its_approval(office: Office) -> None:
    step = {"at": "2026-03-02T01:00:00Z", "step": "approved", "detail": "A77"}
    office.answers = [
        (200, {"case_no": "C1", "state": "approved", "service": "endorsement", "history": [step]})
    ]
    case = await client(office).case("C1")
    assert case is not None
    assert case.approval_no == "A77"


@in_loop
async def test_typed_answers(office: Office) -> None:
    platform = client(office)
    office.answers = [
        (
            200,
            {
                "permit_status": "valid",
                "held_by_applicant": True,
                "refusal": None,
                "first_time": False,
                "household": "330212",
                "individual_travel": True,
                "last_issued": "2025-01-02",
                "endorsements": [
                    {"destination": "HKG", "type": "G", "valid_until": "2026-06-01", "entries_left": 1}
                ],
                "strip_rewrites": 3,
            },
        )
    ]
    check = await platform.check_permit(
        "C1", id_number="1", name="李", permit_number="C12345678", permit_expires=date(2030, 1, 1)
    )
    assert (check.last_issued, check.endorsements[0].valid_until) == (date(2025, 1, 2), date(2026, 6, 1))
    office.answers = [
        (
            200,
            {
                "bill_no": "B1",
                "items": [
                    {"destination": "HKG", "type": "G", "validity": "P3M", "entries": 1, "fee_fen": 1500}
                ],
                "total_fen": 1500,
                "valid_until": "2026-03-02T02:00:00Z",
            },
        )
    ]
    bill = await platform.quote("C1", [WISH])
    assert (bill.fees_fen, bill.total_fen, bill.valid_until.hour) == ((1500,), 1500, 2)
    office.answers = [
        (
            201,
            {
                "approval_no": "A1",
                "state": "approved",
                "endorsements": [
                    {
                        "number": "E1",
                        "destination": "HKG",
                        "type": "G",
                        "valid_from": "2026-03-02",
                        "valid_until": "2026-06-01",
                        "entries": 1,
                        "stay_days": 7,
                    }
                ],
                "chip_record": "AAEC",
                "strip_code": "S1",
            },
        )
    ]
    approval = await platform.endorse(BILL, "O1", permit_number="C12345678", wishes=[WISH])
    assert (approval.chip_record, approval.endorsements[0].stay_days) == (b"\x00\x01\x02", 7)
    office.answers = [(200, {"accepted": ["j-1"]})]
    letter = PostedLetter(1, "j-1", "2026-03-02T01:00:00.000Z", Letter("rating", {"level": 5}, "C1"))
    assert await platform.send_letters([letter]) == {"j-1"}
    assert office.asked[-1][3] == {
        "events": [
            {
                "id": "j-1",
                "at": "2026-03-02T01:00:00.000Z",
                "kind": "rating",
                "case_no": "C1",
                "body": {"level": 5},
            }
        ]
    }


@in_loop
async def test_the_answer_about_another_order_says_nothing_of_this_one(office: Office) -> None:
    paid = {"order_no": "O2", "state": "paid", "amount_fen": 1500, "refunded_fen": 0, "method": "wechat"}
    office.answers = [(200, paid), (200, {**paid, "order_no": "O1", "state": "waiting"})]
    order = await client(office).order("O1")
    assert order is not None
    assert order.state is OrderState.WAITING


@pytest.mark.parametrize("serials", [(), ("A",), ("A", "B", "C"), ("A", "A")])
@in_loop
async def test_as_many_certificates_as_were_asked_for_or_none_that_can_be_trusted(
    office: Office, serials: tuple[str, ...]
) -> None:
    made = [{"serial": serial} for serial in serials]
    # An answer that cannot be trusted is asked for again; the second one ends it here.
    office.answers = [(200, {"state": "issued", "certificates": made}), (409, {"error": "enough"})]
    with pytest.raises(Refused, match="enough"):
        await CertificateOffice(client(office), "330212K01").apply(
            "C1", kind="household", purpose="bank", copies=2, id_number="1", name="n"
        )


ACTS: list[Callable[[Platform], Any]] = [
    lambda p: p.open_case("C1", "endorsement", opened_at=datetime(2026, 3, 2, tzinfo=UTC)),
    lambda p: p.quote("C1", [WISH]),
    lambda p: p.open_order("O1", BILL, channel="wechat", lifetime_s=60),
    lambda p: p.close_order("O1"),
    lambda p: p.refund("O1", "O1R1", 1500, "x"),
    lambda p: p.register_terminal_payment("O1", BILL, host_reference="H", method="card"),
    lambda p: p.endorse(BILL, "O1", permit_number="C12345678", wishes=[]),
    lambda p: p.report_outcome("A1", issued=True, chip=True, strip=True),
    lambda p: p.check_permit(
        "C1", id_number="1", name="n", permit_number="C12345678", permit_expires=date(2030, 1, 1)
    ),
]


@pytest.mark.parametrize("act", ACTS, ids=range(len(ACTS)))
@in_loop
async def test_every_post_carries_the_same_key_when_its_reply_was_lost(
    office: Office, act: Callable[[Platform], Any]
) -> None:
    office.answers = ["lost", "lost", (409, {"error": "enough", "message": {}})]
    with pytest.raises(Refused):
        await act(client(office))
    assert len(office.asked) == 3
    assert len({(path, key, json.dumps(body)) for _, path, key, body in office.asked}) == 1
    assert office.asked[0][2]

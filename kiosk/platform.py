"""The client of the back office: each endpoint a coroutine with typed values; money in fen.

Every POST carries an ``Idempotency-Key``, so that asking again after a lost reply is harmless.
Each method raises ``Unreachable`` (nothing is known: it may have been done) after the call's total
deadline, or ``Refused`` (4xx, with the server's code), which asking again would not change.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

from kiosk.clock import Clock, mono_s
from kiosk.http import Http, PlatformError, Refused, Request, Unreachable
from kiosk.journal.fields import canonical
from kiosk.journal.records import PostedLetter
from kiosk.rules import Wish

__all__ = ["Platform", "PlatformError", "Refused", "Unreachable", "Wish"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HeldEndorsement:
    """An endorsement that the holder has: destination HKG or MAC, entries 0 = multiple."""

    destination: str
    type: str
    valid_until: date
    entries_left: int


@dataclass(frozen=True, slots=True)
class PermitCheck:
    """What the register says of a permit and its holder. ``refusal`` never says why."""

    permit_status: str
    held_by_applicant: bool
    refusal: str | None
    first_time: bool
    household: str
    individual_travel: bool
    last_issued: date | None
    endorsements: tuple[HeldEndorsement, ...]
    strip_rewrites: int


@dataclass(frozen=True, slots=True)
class Bill:
    """A quote that can be paid until ``valid_until``; ``fees_fen`` one for each wish, in order."""

    case_no: str
    bill_no: str
    fees_fen: tuple[int, ...]
    total_fen: int
    valid_until: datetime


class OrderState(StrEnum):
    """What the back office says of an order."""

    WAITING = "waiting"
    PAID = "paid"
    CLOSED = "closed"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the back office works, and by how many seconds our clock is ahead of its."""

    ready: bool
    ahead_s: float


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """An order to be paid by scanning ``code`` before ``expires_at``."""

    order_no: str
    state: OrderState
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands."""

    order_no: str
    state: OrderState
    amount_fen: int
    refunded_fen: int
    method: str


@dataclass(frozen=True, slots=True)
class Refund:
    """``state`` is ``refunded`` or ``processing``."""

    state: str
    refunded_fen: int


@dataclass(frozen=True, slots=True)
class IssuedEndorsement:
    """One endorsement of an approval."""

    number: str
    destination: str
    type: str
    valid_from: date
    valid_until: date
    entries: int
    stay_days: int


@dataclass(frozen=True, slots=True)
class Approval:
    """An approved case: what to print on the strip, what to write into the chip."""

    approval_no: str
    endorsements: tuple[IssuedEndorsement, ...]
    chip_record: bytes
    strip_code: str

    @property
    def chip_digest(self) -> str:
        """SHA-256 of the chip's record in hex: the journal's evidence of what the chip holds."""
        return hashlib.sha256(self.chip_record).hexdigest()


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the back office knows it; ``approval_no`` is "" while there is none."""

    case_no: str
    state: str
    service: str
    approval_no: str
    history: tuple[Mapping[str, Any], ...]


class Platform:
    """See the module. ``timeout_s`` bounds one exchange, ``deadline_s`` a call with its retries."""

    def __init__(
        self,
        url: str,
        token: str,
        kiosk: str,
        clock: Clock,
        chance: random.Random,
        *,
        timeout_s: float = 5.0,
        deadline_s: float = 15.0,
        retry_s: float = 0.3,
        workers: int = 4,
    ) -> None:
        self._http = Http(url, token, connect_s=min(3.0, timeout_s), read_s=timeout_s)
        self._kiosk, self._clock, self._chance = kiosk, clock, chance
        self._timeout_s, self._deadline_s, self._retry_s = timeout_s, deadline_s, retry_s
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="platform")

    def close(self) -> None:
        """Let the worker threads go; an exchange under way ends by its own timeout."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    # --- the endpoints ----------------------------------------------------------------------------

    async def health(self) -> Health:
        """Ask the back office how it is and what time it has; one exchange, no retry.

        Its time is taken for that of the middle of the exchange.
        """
        asked = self._clock.wall()

        def read(value: Any) -> Health:
            middle = asked + (self._clock.wall() - asked) / 2
            ahead = middle - datetime.fromisoformat(value["now"])
            return Health(bool(value["ready"]), ahead.total_seconds())

        return await self.get("/v1/health", read, deadline_s=0)

    async def check_permit(
        self, case_no: str, *, id_number: str, name: str, permit_number: str, permit_expires: date
    ) -> PermitCheck:
        """Ask the register about a permit and its holder."""
        body = {
            "kiosk": self._kiosk,
            "id_number": id_number,
            "name": name,
            "permit_number": permit_number,
            "permit_expires": permit_expires.isoformat(),
        }
        return await self.post("/v1/permits/check", body, f"{case_no}:check:{_digest(body)}", _permit_check)

    async def open_case(
        self, case_no: str, service: str, *, opened_at: datetime, permit_number: str = ""
    ) -> str:
        """Open a case; return its state."""
        body: dict[str, Any] = {
            "case_no": case_no,
            "kiosk": self._kiosk,
            "service": service,
            "opened_at": opened_at.isoformat(),
        }
        if permit_number:
            body["permit_number"] = permit_number
        return await self.post("/v1/cases", body, f"{case_no}:open", lambda value: str(value["state"]))

    async def quote(self, case_no: str, wishes: Sequence[Wish]) -> Bill:
        """Ask what ``wishes`` cost."""
        body = {"case_no": case_no, "items": [asdict(wish) for wish in wishes]}
        return await self.post(
            "/v1/quotes", body, f"{case_no}:quote:{_digest(body)}", lambda value: bill_of(case_no, value)
        )

    async def open_order(self, order_no: str, bill: Bill, *, channel: str, lifetime_s: int) -> CodeOrder:
        """Make an order that is paid by scanning a code: channel ``wechat`` or ``alipay``."""
        body = {
            "order_no": order_no,
            "case_no": bill.case_no,
            "bill_no": bill.bill_no,
            "amount_fen": bill.total_fen,
            "channel": channel,
            "lifetime_s": lifetime_s,
        }
        return await self.post("/v1/payments", body, f"{order_no}:open", _code_order)

    async def order(self, order_no: str) -> Order | None:
        """Return an order as it stands, None when there is none (yet)."""
        try:
            return await self.get(f"/v1/payments/{_part(order_no)}", _order)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def close_order(self, order_no: str, attempt: int = 1) -> OrderState:
        """Ask that an order be closed; return its state.

        A new ``attempt`` asks anew; the same one again gets the answer that was given before.
        """
        return await self.post(
            f"/v1/payments/{_part(order_no)}/close",
            {},
            f"{order_no}:close:{attempt}",
            lambda value: OrderState(value["state"]),
        )

    async def refund(self, order_no: str, refund_no: str, amount_fen: int, reason: str) -> Refund:
        """Give back ``amount_fen`` of an order; ``refund_no`` makes repeats harmless."""
        body = {"refund_no": refund_no, "amount_fen": amount_fen, "reason": reason}
        return await self.post(
            f"/v1/payments/{_part(order_no)}/refunds",
            body,
            refund_no,
            lambda value: Refund(str(value["state"]), int(value["refunded_fen"])),
        )

    async def register_terminal_payment(
        self, order_no: str, bill: Bill, *, host_reference: str, method: str
    ) -> OrderState:
        """Tell what the terminal took; the order then counts as paid."""
        body = {
            "order_no": order_no,
            "case_no": bill.case_no,
            "bill_no": bill.bill_no,
            "amount_fen": bill.total_fen,
            "host_reference": host_reference,
            "method": method,
        }
        return await self.post(
            "/v1/payments/terminal", body, f"{order_no}:terminal", lambda value: OrderState(value["state"])
        )

    async def endorse(
        self, bill: Bill, order_no: str, *, permit_number: str, wishes: Sequence[Wish]
    ) -> Approval:
        """Submit a paid case. ``Refused``: ``not-paid``, ``refused``."""
        body = {
            "case_no": bill.case_no,
            "permit_number": permit_number,
            "bill_no": bill.bill_no,
            "order_no": order_no,
            "items": [asdict(wish) for wish in wishes],
        }
        return await self.post("/v1/endorsements", body, f"{bill.case_no}:endorse", _approval)

    async def approval(self, approval_no: str) -> Approval:
        """Return an approval again, for recovery."""
        return await self.get(f"/v1/endorsements/{_part(approval_no)}", _approval)

    async def report_outcome(self, approval_no: str, *, issued: bool, chip: bool, strip: bool) -> str:
        """Tell what became of an approval on the permit; return its state."""
        body = {"outcome": "issued" if issued else "failed", "chip": chip, "strip": strip}
        return await self.post(
            f"/v1/endorsements/{_part(approval_no)}/outcome",
            body,
            f"{approval_no}:outcome:{_digest(body)}",
            lambda value: str(value["state"]),
        )

    async def case(self, case_no: str) -> Case | None:
        """Return a case as the back office knows it, None when it never heard of it."""
        try:
            return await self.get(f"/v1/cases/{_part(case_no)}", _case)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def send_letters(self, letters: Sequence[PostedLetter]) -> frozenset[str]:
        """Deliver letters; return the ids that were accepted. One exchange: the outbox retries."""
        events = []
        for posted in letters:
            event: dict[str, Any] = {"id": posted.id, "at": posted.at, "kind": posted.letter.kind}
            if posted.letter.case_no:
                event["case_no"] = posted.letter.case_no
            events.append({**event, "body": dict(posted.letter.body)})
        body = {"events": events}
        return await self.post(
            "/v1/events",
            body,
            f"events:{_digest(body)}",
            lambda value: frozenset(str(name) for name in value["accepted"]),
            deadline_s=0,
        )

    # --- asking -----------------------------------------------------------------------------------

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        key: str,
        read: Callable[[Any], T],
        *,
        deadline_s: float | None = None,
    ) -> T:
        """POST ``body`` under the idempotency key ``key``; ``read`` makes the value of the answer."""
        return await self._call(Request("POST", path, body, key), read, deadline_s=deadline_s)

    async def put(
        self, path: str, body: Mapping[str, Any], read: Callable[[Any], T], *, deadline_s: float | None = None
    ) -> T:
        """PUT ``body``: the same again is harmless by itself; ``read`` makes the value of the answer."""
        return await self._call(Request("PUT", path, body), read, deadline_s=deadline_s)

    async def get(self, path: str, read: Callable[[Any], T], *, deadline_s: float | None = None) -> T:
        """GET ``path``; ``read`` makes the value of the answer."""
        return await self._call(Request("GET", path), read, deadline_s=deadline_s)

    async def _call(
        self, request: Request, read: Callable[[Any], T], *, deadline_s: float | None = None
    ) -> T:
        """Ask until there is an answer, at least once, with full jitter between, until the deadline."""
        end = mono_s(self._clock) + (self._deadline_s if deadline_s is None else deadline_s)
        pause_s = self._retry_s
        while True:
            try:
                return _reading(read, await self._exchange(request, end))
            except Unreachable:
                wait_s = self._chance.uniform(0, pause_s)
                if mono_s(self._clock) + wait_s >= end:
                    raise
            await self._clock.sleep(wait_s)
            pause_s = min(pause_s * 2, 5.0)

    async def _exchange(self, request: Request, end: float) -> Any:
        left_s = end - mono_s(self._clock)
        # A call without retries has no time of its own to spend: it has that of one exchange.
        left_s = min(self._timeout_s, left_s) if left_s > 0 else self._timeout_s
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._http.exchange, request, left_s)
        try:
            # The socket's own timeouts end the thread soon after; this one bounds what the caller waits.
            # Not wait_for: it can swallow a cancelling that comes in the moment of the answer.
            async with asyncio.timeout(left_s + 0.5):
                return await asyncio.shield(future)
        except TimeoutError:
            future.add_done_callback(_forget)
            raise Unreachable("timeout", "deadline") from None


def question_key() -> str:
    """Return the key of a question that is posted: it says nothing of what is asked, and each has its own."""
    return secrets.token_hex(8)


def _forget(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _reading(read: Callable[[Any], T], value: Any) -> T:
    try:
        return read(value)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise Unreachable("bad-reply", type(error).__name__) from error


def _part(name: str) -> str:
    return quote(name, safe="")


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()[:24]


def _date(value: str) -> date:
    return date.fromisoformat(value[:10])


def _permit_check(value: Any) -> PermitCheck:
    return PermitCheck(
        permit_status=str(value["permit_status"]),
        held_by_applicant=bool(value["held_by_applicant"]),
        refusal=value["refusal"],
        first_time=bool(value["first_time"]),
        household=str(value["household"]),
        individual_travel=bool(value["individual_travel"]),
        last_issued=_date(value["last_issued"]) if value["last_issued"] else None,
        endorsements=tuple(
            HeldEndorsement(
                held["destination"], held["type"], _date(held["valid_until"]), int(held["entries_left"])
            )
            for held in value["endorsements"]
        ),
        strip_rewrites=int(value["strip_rewrites"]),
    )


def bill_of(case_no: str, value: Any) -> Bill:
    """Return the bill in an answer: the same shape from every desk."""
    return Bill(
        case_no,
        str(value["bill_no"]),
        tuple(int(item["fee_fen"]) for item in value["items"]),
        int(value["total_fen"]),
        datetime.fromisoformat(value["valid_until"]),
    )


def _code_order(value: Any) -> CodeOrder:
    return CodeOrder(
        str(value["order_no"]),
        OrderState(value["state"]),
        str(value["code"]),
        datetime.fromisoformat(value["expires_at"]),
    )


def _order(value: Any) -> Order:
    return Order(
        str(value["order_no"]),
        OrderState(value["state"]),
        int(value["amount_fen"]),
        int(value["refunded_fen"]),
        str(value["method"] or ""),
    )


def _approval(value: Any) -> Approval:
    return Approval(
        str(value["approval_no"]),
        tuple(
            IssuedEndorsement(
                str(issued["number"]),
                str(issued["destination"]),
                str(issued["type"]),
                _date(issued["valid_from"]),
                _date(issued["valid_until"]),
                int(issued["entries"]),
                int(issued["stay_days"]),
            )
            for issued in value["endorsements"]
        ),
        base64.b64decode(value["chip_record"], validate=True),
        str(value["strip_code"]),
    )


def _case(value: Any) -> Case:
    history = tuple(value["history"])
    # A step of the history is {at, step, detail}; the step "approved" has the approval's number first.
    approved = [str(entry["detail"]).split()[0] for entry in history if entry["step"] == "approved"]
    return Case(
        str(value["case_no"]),
        str(value["state"]),
        str(value["service"]),
        approved[-1] if approved else "",
        history,
    )

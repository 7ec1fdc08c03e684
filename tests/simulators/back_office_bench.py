"""The back office and the payment hosts, served on loopback, with a clock that can be moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from simulators.back_office.app import Desk, create_app
from simulators.back_office.server import Served
from simulators.faults import Faults
from simulators.payment_hosts.hosts import PaymentHosts

TOKEN = "bench-token"
START = datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LI: dict[str, Any] = {
    "name": "li-wenjing",
    "id_card": {"number": "330212198104129928", "name": "李文静"},
    "permit": {"number": "CZ9900001", "expires": date(2032, 5, 1)},
    "register": {
        "household": "330212",
        "last_issued": date(2025, 11, 1),
        "strip_rewrites": 3,
        "endorsements": [
            {"destination": "HKG", "type": "G", "valid_until": date(2026, 1, 2), "entries_left": 0}
        ],
    },
}
HONG_KONG: dict[str, Any] = {"destination": "HKG", "type": "G", "validity": "P3M", "entries": 1}


class SharedHosts:
    """Payment hosts for all tests of a session, since their keys take long to make."""

    def __init__(self) -> None:
        self.now = START
        self.hosts = PaymentHosts(clock=lambda: self.now)
        self.server = Served(self.hosts.app)

    def close(self) -> None:
        self.server.stop()


class Bench:
    """What the tests of the back office talk to; ``wait`` moves its clock and the hosts'."""

    def __init__(self, database: str, shared: SharedHosts) -> None:
        self.database = database
        self._shared = shared
        self._shared.now = START
        self.hosts = shared.hosts
        self.hosts.reset()
        self.faults = Faults()
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"
        self._open()

    def _open(self) -> None:
        self.app = create_app(
            database=self.database,
            token=TOKEN,
            people=[LI],
            faults=self.faults,
            merchant=self.hosts.merchant(self._shared.server.url),
            clock=lambda: self.now,
        )
        self.server = Served(self.app)
        self.desk: Desk = self.app.state.desk

    def close(self) -> None:
        self.session.close()
        self.server.stop()
        self.desk.close()

    def restart(self) -> None:
        """Stop the back office and start it again on the same database."""
        self.server.stop()
        self.desk.close()
        self._open()

    @property
    def now(self) -> datetime:
        return self._shared.now

    def wait(self, seconds: float) -> None:
        """Let time pass for the back office and the hosts."""
        self._shared.now += timedelta(seconds=seconds)

    def get(self, path: str) -> Any:
        response = self.session.get(self.server.url + path, timeout=10)
        response.raise_for_status()
        return response.json()

    def post(self, path: str, body: Any = None, key: str | None = None) -> requests.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.session.post(self.server.url + path, json=body, headers=headers, timeout=10)

    def check(self, person: Mapping[str, Any]) -> Any:
        question = {
            "kiosk": "330212K01",
            "id_number": person["id_card"]["number"],
            "name": person["id_card"]["name"],
            "permit_number": person["permit"]["number"],
            "permit_expires": person["permit"]["expires"].isoformat(),
        }
        response = self.post("/v1/permits/check", question)
        response.raise_for_status()
        return response.json()

    def open_case(self, case_no: str) -> requests.Response:
        case = {
            "case_no": case_no,
            "kiosk": "330212K01",
            "service": "endorsement",
            "opened_at": "2026-11-22T10:00:00+08:00",
            "permit_number": LI["permit"]["number"],
        }
        return self.post("/v1/cases", case, key=f"open-{case_no}")

    def quote(self, case_no: str, items: list[dict[str, Any]]) -> Any:
        """Open the case and return its bill with the wishes that it is for under ``wishes``."""
        self.open_case(case_no).raise_for_status()
        response = self.post("/v1/quotes", {"case_no": case_no, "items": items}, key=f"quote-{case_no}")
        response.raise_for_status()
        return {**response.json(), "wishes": items}

    def payment(self, case_no: str, bill: Any, order_no: str, channel: str, lifetime_s: int = 60) -> Any:
        return {
            "order_no": order_no,
            "case_no": case_no,
            "bill_no": bill["bill_no"],
            "amount_fen": bill["total_fen"],
            "channel": channel,
            "lifetime_s": lifetime_s,
        }

    def ask_payment(self, case_no: str, bill: Any, order_no: str, channel: str, lifetime_s: int = 60) -> Any:
        asked = self.payment(case_no, bill, order_no, channel, lifetime_s)
        response = self.post("/v1/payments", asked, key=f"pay-{order_no}")
        response.raise_for_status()
        return response.json()

    def pay_at_terminal(self, case_no: str, bill: Any, order_no: str) -> Any:
        taken = {
            "order_no": order_no,
            "case_no": case_no,
            "bill_no": bill["bill_no"],
            "amount_fen": bill["total_fen"],
            "host_reference": "REF1",
            "method": "card",
        }
        response = self.post("/v1/payments/terminal", taken, key=f"terminal-{order_no}")
        response.raise_for_status()
        return response.json()

    def issue(self, case_no: str, bill: Any, order_no: str, key: str = "issue") -> requests.Response:
        asked = {
            "case_no": case_no,
            "permit_number": LI["permit"]["number"],
            "bill_no": bill["bill_no"],
            "order_no": order_no,
            "items": bill["wishes"],
        }
        return self.post("/v1/endorsements", asked, key=key)


@contextmanager
def on_file(folder: Path, shared: SharedHosts | None = None) -> Iterator[Bench]:
    """Serve a back office with its database in ``folder``, and with hosts of its own without ``shared``."""
    hosts = shared or SharedHosts()
    bench = Bench(f"sqlite:///{folder / 'back_office.db'}", hosts)
    try:
        yield bench
    finally:
        bench.close()
        if shared is None:
            hosts.close()

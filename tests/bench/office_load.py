"""Kiosks by the dozen, as cheap as can be: whole cases over bare HTTP, each request's time taken.

A process of its own (``python -m tests.bench.office_load URL TOKEN SECONDS CONNECTIONS``), so that what the
client computes is not the server's. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

NAME = "测试人"
EXPIRES = "2050-01-01"
CUSTOMERS = 64
WISH = {"destination": "HKG", "type": "G", "validity": "P3M", "entries": 1}

Asked = tuple[str, str, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who comes to a kiosk; the same in the registers, where the load is prepared."""

    number: int

    @property
    def id_number(self) -> str:
        return f"3302121981041{self.number:04d}X"

    @property
    def permit_number(self) -> str:
        return f"CZ{self.number:07d}"

    @property
    def tables(self) -> dict[str, Any]:
        """The registers' entries, as a persona has them."""
        return {
            "id_card": {"number": self.id_number, "name": NAME},
            "permit": {"number": self.permit_number, "expires": EXPIRES},
            "register": {},
        }


class Kiosk:
    """One connection on which cases are done one after another."""

    def __init__(self, url: str, token: str, name: str, customer: Customer) -> None:
        self._host, self._port = str(urlsplit(url).hostname), int(urlsplit(url).port or 80)
        self._token, self._name, self._customer = token, name, customer
        self._sent = 0
        self.times_s: list[float] = []

    async def work_until(self, end: float) -> None:
        """Do case after case until the time (``time.perf_counter``)."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            number = 0
            while time.perf_counter() < end:
                number += 1
                await self._case(reader, writer, f"{self._name}-{number:06d}")
        finally:
            writer.close()

    async def _case(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, case_no: str) -> None:
        script = _visit(self._name, self._customer, case_no)
        answer: Any = None
        while True:
            try:
                asked = script.send(answer)
            except StopIteration:
                return
            begun = time.perf_counter()
            answer = await self._exchange(reader, writer, *asked)
            self.times_s.append(time.perf_counter() - begun)

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        method: str,
        path: str,
        body: dict[str, Any] | None,
    ) -> Any:
        self._sent += 1
        said = b"" if body is None else json.dumps(body).encode()
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: office\r\nAuthorization: Bearer {self._token}\r\n"
            f"Idempotency-Key: {self._name}-{self._sent}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(said)}\r\n\r\n".encode()
            + said
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        text = await reader.readexactly(length)
        if head[9:10] != b"2":
            raise RuntimeError(f"{method} {path}: {head[9:12]!r} {text!r}")
        return json.loads(text)


def _visit(kiosk: str, customer: Customer, case_no: str) -> Any:
    """What a kiosk asks in one visit: six acts, five questions."""
    order_no = case_no.replace("-", "")
    now = datetime.now(UTC).isoformat()
    yield "GET", "/v1/health", None
    question = {
        "kiosk": kiosk,
        "id_number": customer.id_number,
        "name": NAME,
        "permit_number": customer.permit_number,
        "permit_expires": EXPIRES,
    }
    yield "POST", "/v1/permits/check", question
    opened = {
        "case_no": case_no,
        "kiosk": kiosk,
        "service": "endorsement",
        "opened_at": now,
        "permit_number": customer.permit_number,
    }
    yield "POST", "/v1/cases", opened
    bill = yield "POST", "/v1/quotes", {"case_no": case_no, "items": [WISH]}
    paying = {
        "order_no": order_no,
        "case_no": case_no,
        "bill_no": bill["bill_no"],
        "amount_fen": bill["total_fen"],
    }
    yield "POST", "/v1/payments/terminal", {**paying, "host_reference": "R1", "method": "card"}
    yield "GET", f"/v1/payments/{order_no}", None
    asked = {
        "case_no": case_no,
        "permit_number": customer.permit_number,
        "bill_no": bill["bill_no"],
        "order_no": order_no,
        "items": [WISH],
    }
    approval = yield "POST", "/v1/endorsements", asked
    approval_no = approval["approval_no"]
    done = {"outcome": "issued", "chip": True, "strip": True}
    yield "POST", f"/v1/endorsements/{approval_no}/outcome", done
    yield "GET", f"/v1/endorsements/{approval_no}", None
    event = {"id": f"e-{case_no}", "at": now, "kind": "rating", "case_no": case_no, "body": {"stars": 5}}
    yield "POST", "/v1/events", {"events": [event]}
    yield "GET", f"/v1/cases/{case_no}", None


async def _load(url: str, token: str, seconds: float, connections: int) -> dict[str, float]:
    run = f"{os.getpid():X}"
    kiosks = [
        Kiosk(url, token, f"K{run}{number:02d}", Customer(number % CUSTOMERS))
        for number in range(connections)
    ]
    begun = time.perf_counter()
    await asyncio.gather(*(kiosk.work_until(begun + seconds) for kiosk in kiosks))
    took = time.perf_counter() - begun
    times_ms = [second * 1000 for kiosk in kiosks for second in kiosk.times_s]
    cuts = statistics.quantiles(times_ms, n=100)
    return {"requests": len(times_ms), "seconds": took, "p50_ms": cuts[49], "p99_ms": cuts[98]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_load(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))))

"""Every request that the kiosk's clients can make, against the back office's OpenAPI document.

A request has to be one that the document describes, body and key included; and an answer made of nothing
but what the document promises has to be one that the client can read.
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import io
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import jsonschema_rs
import pytest
from PIL import Image

from kiosk import reconciliation
from kiosk.certificate_office import CertificateOffice, Standing
from kiosk.clock import SystemClock
from kiosk.collection_office import CollectionOffice
from kiosk.collection_office import Standing as Taken
from kiosk.contact_office import ContactOffice
from kiosk.http import Http, Request
from kiosk.journal.records import Letter, PostedLetter
from kiosk.notice_office import Needed, NoticeOffice, Paper
from kiosk.notice_office import Standing as PaperStanding
from kiosk.platform import Bill, Platform, Wish
from kiosk.signature import Signature
from kiosk.texts import verbatim
from kiosk.traffic import Violation, Words
from kiosk.traffic_office import TrafficOffice
from simulators.back_office.openapi import document
from simulators.back_office.operations import OPERATIONS
from tests.trust.world import in_loop

DOCUMENT = document(OPERATIONS)
KIOSK, CASE, ORDER, VIOLATION = "330212K01", "330212K01-2611220001", "ORDER0001", "3302126000000001"
WISH = Wish("HKG", "G", "P3M", 1)
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
BILL = Bill(CASE, "B1", (1500,), 1500, NOW)
DAY = date(2026, 11, 20)
SERIAL = "330212-20261122-0001"
WORDS = Words("甲", "a")
TRAFFIC_ACT = Violation(
    number=VIOLATION,
    plate="浙B12345",
    plate_kind="02",
    owned=True,
    at=NOW,
    place=WORDS,
    act_code="10395",
    act=WORDS,
    basis=WORDS,
    fine_fen=20000,
    points=3,
    authority=WORDS,
)
LETTER = PostedLetter(1, "j-1", "2026-11-22T01:00:00.000Z", Letter("rating", {"level": 5}, CASE))


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


PNG = _png()

CALLS: dict[str, Callable[[Platform], Any]] = {
    "Platform.health": lambda p: p.health(),
    "Platform.check_permit": lambda p: p.check_permit(
        CASE, id_number="330212198104129928", name="李文静", permit_number="CZ9900001", permit_expires=DAY
    ),
    "Platform.open_case": lambda p: p.open_case(
        CASE, "endorsement", opened_at=NOW, permit_number="CZ9900001"
    ),
    "Platform.quote": lambda p: p.quote(CASE, [WISH]),
    "Platform.open_order": lambda p: p.open_order(ORDER, BILL, channel="wechat", lifetime_s=60),
    "Platform.order": lambda p: p.order(ORDER),
    "Platform.close_order": lambda p: p.close_order(ORDER),
    "Platform.refund": lambda p: p.refund(ORDER, f"{ORDER}R1", 1500, "签注失败"),
    "Platform.register_terminal_payment": lambda p: p.register_terminal_payment(
        ORDER, BILL, host_reference="R1", method="card"
    ),
    "Platform.endorse": lambda p: p.endorse(BILL, ORDER, permit_number="CZ9900001", wishes=[WISH]),
    "Platform.approval": lambda p: p.approval("A26112200000001"),
    "Platform.report_outcome": lambda p: p.report_outcome("A1", issued=True, chip=True, strip=True),
    "Platform.case": lambda p: p.case(CASE),
    "Platform.send_letters": lambda p: p.send_letters([LETTER]),
    "TrafficOffice.records": lambda p: TrafficOffice(p, KIOSK).records(CASE, id_number="1", name="李"),
    "TrafficOffice.evidence": lambda p: TrafficOffice(p, KIOSK).evidence(CASE, VIOLATION),
    "TrafficOffice.decide": lambda p: TrafficOffice(p, KIOSK).decide(
        CASE, TRAFFIC_ACT, proof="face", signature=Signature(900, 400, [[(1, 2, 0), (9, 4, 20)]])
    ),
    "TrafficOffice.document": lambda p: TrafficOffice(p, KIOSK).document(CASE, "330212261122000001"),
    "TrafficOffice.object": lambda p: TrafficOffice(p, KIOSK).object(CASE, VIOLATION, "not-driver"),
    "TrafficOffice.bill": lambda p: TrafficOffice(p, KIOSK).bill(CASE, ["3302126000000001"]),
    "TrafficOffice.settle": lambda p: TrafficOffice(p, KIOSK).settle(BILL, ORDER),
    "TrafficOffice.handled": lambda p: TrafficOffice(p, KIOSK).handled(CASE),
    "CertificateOffice.apply": lambda p: CertificateOffice(p, KIOSK).apply(
        CASE, kind="no-criminal-record", purpose="employment", copies=1, id_number="1", name="李"
    ),
    "CertificateOffice.document": lambda p: CertificateOffice(p, KIOSK).document(SERIAL),
    "CertificateOffice.tell": lambda p: CertificateOffice(p, KIOSK).tell(SERIAL, Standing.PRINTED),
    "CertificateOffice.of_case": lambda p: CertificateOffice(p, KIOSK).of_case(CASE),
    "CollectionOffice.search": lambda p: CollectionOffice(p, KIOSK).search(
        id_number="330212198104129928", name="李文静", receipt="SL2026110001"
    ),
    "CollectionOffice.store": lambda p: CollectionOffice(p, KIOSK).store(),
    "CollectionOffice.tell": lambda p: CollectionOffice(p, KIOSK).tell("SL1", CASE, Taken.ISSUED),
    "CollectionOffice.standing": lambda p: CollectionOffice(p, KIOSK).standing("SL1"),
    "ContactOffice.give": lambda p: ContactOffice(p, KIOSK).give(
        CASE, id_number="330212198104129928", name="李文静", phone="13800000001"
    ),
    "NoticeOffice.needed": lambda p: NoticeOffice(p, KIOSK).needed(
        "residence-permit", id_number="330212198104129928", name="李文静"
    ),
    "NoticeOffice.file": lambda p: NoticeOffice(p, KIOSK).file(
        CASE,
        Needed("residence-permit", (Paper("photo", verbatim("相片"), PaperStanding.HELD, 0),), 7, "basis"),
        id_number="330212198104129928",
        name="李文静",
        language="en",
        signature=Signature(1000, 500, [[(1, 2, 0), (3, 4, 10)]]),
    ),
    "NoticeOffice.document": lambda p: NoticeOffice(p, KIOSK).document(CASE),
    "NoticeOffice.of_case": lambda p: NoticeOffice(p, KIOSK).of_case(CASE),
    "reconciliation.ask": lambda p: reconciliation.ask(p, KIOSK, DAY),
}
"""Each thing that can be asked, asked once."""

TOOLS = {"Platform.post", "Platform.put", "Platform.get"}
"""What the others ask by."""


OFFICES = (Platform, TrafficOffice, CertificateOffice, CollectionOffice, ContactOffice, NoticeOffice)


class Wire:
    """Stands in for the exchange: keeps the request, answers with what the document promises."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def exchange(self, request: Request, left_s: float) -> Any:
        self.asked.append(request)
        operation = described(request)
        return example(next(body for status, body in _answers(operation) if status.startswith("2")))


def described(request: Request) -> dict[str, Any]:
    """Return the document's operation for a request, having checked the address, body and key."""
    for path, methods in DOCUMENT["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        match = re.fullmatch(re.sub(r"{\w+}", "([^/]+)", path), request.path)
        if match is None or request.method.lower() not in methods:
            continue
        operation: dict[str, Any] = methods[request.method.lower()]
        parameters = {(p["in"], p["name"]): p for p in operation["parameters"]}
        for name, value in zip(names, match.groups(), strict=True):
            _validate(parameters["path", name]["schema"], value)
        if ("header", "Idempotency-Key") in parameters:
            _validate(parameters["header", "Idempotency-Key"]["schema"], request.key)
        body = operation.get("requestBody")
        if body is not None:
            _validate(body["content"]["application/json"]["schema"], request.body)
        else:
            assert not request.body, f"{request.path} takes no body"
        return operation
    raise AssertionError(f"the document has no {request.method} {request.path}")


def _validate(schema: dict[str, Any], value: Any) -> None:
    rooted = {**schema, "components": DOCUMENT["components"]}
    checker = jsonschema_rs.validator_for(rooted, validate_formats=True)
    problems = [f"{problem.instance_path}: {problem.message}" for problem in checker.iter_errors(value)]
    assert problems == []


def _answers(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, answer in operation["responses"].items():
        yield status, answer["content"]["application/json"]["schema"]


def example(schema: dict[str, Any], name: str = "") -> Any:
    """Return a value that fits a schema; what the schema cannot say is picked by the field's name."""
    if "$ref" in schema:
        return example(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], name)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return example(schema["anyOf"][0], name)
    kind = schema["type"]
    if kind == "object":
        fields = schema.get("properties", {})
        return {field: example(inner, field) for field, inner in fields.items()}
    if kind == "array":
        if "prefixItems" in schema:
            return [example(inner, name) for inner in schema["prefixItems"]]
        return [example(schema["items"], name)]
    if kind == "string":
        made = {"date-time": NOW.isoformat(), "date": DAY.isoformat()}.get(schema.get("format", ""))
        if schema.get("contentEncoding") == "base64":
            made = base64.b64encode(PNG).decode()
        named = {"digest": hashlib.sha256(PNG).hexdigest(), "order_no": ORDER}
        return made or named.get(name, "x")
    return {"integer": schema.get("minimum", 1), "number": 0.5, "boolean": True, "null": None}[kind]


def _asking() -> set[str]:
    return {
        f"{kind.__name__}.{name}"
        for kind in OFFICES
        for name, _ in inspect.getmembers(kind, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }


def test_nothing_can_be_asked_that_is_not_here() -> None:
    assert _asking() - TOOLS == {name for name in CALLS if not name.startswith("reconciliation")}


@pytest.mark.parametrize("name", CALLS)
@in_loop
async def test_what_is_asked_and_what_is_read_stand_in_the_document(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    wire = Wire()
    monkeypatch.setattr(Http, "exchange", lambda self, request, left_s: wire.exchange(request, left_s))
    platform = Platform("http://office.invalid", "secret", KIOSK, SystemClock(), random.Random(1))
    try:
        await CALLS[name](platform)
    finally:
        platform.close()
    assert len(wire.asked) == 1

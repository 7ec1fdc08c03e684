"""Certificates at the back office: who gets one, whose it is, what voids it, and what the public may know."""

from __future__ import annotations

import io
import random
import re
import threading
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import pypdfium2
import pytest
import requests
from asn1crypto import pem
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from simulators.back_office import certificate_file, certificates
from simulators.back_office.papers import Papers
from simulators.back_office.seals import PadesSeal, SealMissing, Sm2Seal
from simulators.back_office.verification import Sparing
from simulators.faults import Order
from simulators.people import load_personas
from tests.simulators.back_office_bench import Bench

PEOPLE = load_personas()
LOCK = threading.Lock()
NEUTRAL = {"state": "review", "certificates": []}


@dataclass
class Office:
    """The back office with the bench's people in its registers, as a kiosk asks it."""

    bench: Bench
    numbers: Iterator[int]

    def apply(
        self, persona: str, kind: str = "no-criminal-record", purpose: str = "employment", copies: int = 1
    ) -> tuple[str, requests.Response]:
        """Open a case and ask for certificates; returns the case's number and the answer."""
        case_no = f"CASE-{next(self.numbers):04d}"
        opened = {
            "case_no": case_no,
            "kiosk": "330212K01",
            "service": "certificates",
            "opened_at": "2026-11-22T10:00:00+08:00",
        }
        self.bench.post("/v1/cases", opened, key=f"open-{case_no}").raise_for_status()
        return case_no, self.ask(case_no, persona, kind, purpose, copies)

    def ask(
        self,
        case_no: str,
        persona: str,
        kind: str = "no-criminal-record",
        purpose: str = "employment",
        copies: int = 1,
        key: str = "",
    ) -> requests.Response:
        card = PEOPLE[persona].id_card
        asked = {
            "case_no": case_no,
            "kiosk": "330212K01",
            "kind": kind,
            "purpose": purpose,
            "copies": copies,
            "id_number": card.number,
            "name": card.name,
        }
        return self.bench.post("/v1/certificates", asked, key=key or f"{case_no}:certificate")

    def serial(self, persona: str, **more: Any) -> str:
        """Have one certificate made; returns its number."""
        _, answer = self.apply(persona, **more)
        answer.raise_for_status()
        return str(answer.json()["certificates"][0]["serial"])

    def pdf(self, serial: str) -> bytes:
        return b64decode(self.bench.get(f"/v1/certificates/{serial}/document")["pdf"])

    def told(self, serial: str, outcome: str, reason: str = "", key: str = "") -> requests.Response:
        body = {"outcome": outcome, "reason": reason}
        return self.bench.post(
            f"/v1/certificates/{serial}/outcome", body, key=key or f"{serial}:outcome:{outcome}"
        )

    def code(self, serial: str) -> str:
        with self.bench.desk.office.store.begin() as db:
            known = certificate_file.look_up(db, self.bench.desk.office, serial)
        assert known is not None
        return known.code

    def public(self, code: str) -> Any:
        return requests.get(
            f"{self.bench.server.url}/verify/{code}", headers={"Accept": "application/json"}, timeout=5
        ).json()


def office_of(bench: Bench) -> Office:
    """Return the office after everybody has been entered in its register."""
    bench.desk.reseed([person.tables() for person in PEOPLE.values()])
    return Office(bench, count(1))


@pytest.fixture
def office(bench_on_file: Bench) -> Office:
    return office_of(bench_on_file)


@pytest.fixture
def on_either(bench: Bench) -> Office:
    """The same on each database in turn."""
    return office_of(bench)


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def test_a_certificate_carries_the_person_its_number_and_its_code(on_either: Office) -> None:
    case_no, answer = on_either.apply("yan-rare", copies=2)
    made = answer.json()
    assert (answer.status_code, made["state"], len(made["certificates"])) == (201, "issued", 2)
    card = PEOPLE["yan-rare"].id_card
    for certificate in made["certificates"]:
        said = words(on_either.pdf(certificate["serial"]))
        for word in ("无犯罪记录证明", card.name, card.number, certificate["serial"], case_no, "求职就业"):
            assert word in said
        assert re.search(r"\b([2-9A-HJ-NP-Z]{4} ){3}[2-9A-HJ-NP-Z]{4}\b", said)
    first, second = (certificate["serial"] for certificate in made["certificates"])
    assert first != second
    assert certificates.check_character(first[:-2]) == first[-1]


def test_what_stands_on_the_other_kinds(office: Office) -> None:
    card = PEOPLE["li-wenjing"].id_card
    household = words(office.pdf(office.serial("li-wenjing", kind="household", purpose="school")))
    assert all(word in household for word in ("户籍信息证明", card.number, card.address, "汉族", "户主"))
    insurance = words(office.pdf(office.serial("li-wenjing", kind="social-insurance", purpose="housing")))
    assert "养老保险 2004-08 2026-10 267 8200" in insurance
    assert card.number not in insurance
    assert f"{card.number[:6]}********{card.number[-4:]}" in insurance


def test_a_hit_and_a_pending_review_and_a_stranger_look_alike(office: Office) -> None:
    answers = [office.apply(persona)[1] for persona in ("ma-chip", "zhao-peng", "chan-kaming")]
    assert [answer.json() for answer in answers] == [NEUTRAL] * 3
    assert len({answer.status_code for answer in answers}) == 1
    history = [office.bench.get(f"/v1/cases/CASE-{n:04d}")["history"] for n in (1, 2, 3)]
    assert len({str([(step["step"], step["detail"]) for step in steps]) for steps in history}) == 1


def test_a_register_without_the_person_says_so(office: Office) -> None:
    for persona, kind, purpose in (("xu-lan", "household", "bank"), ("lin-swap", "social-insurance", "loan")):
        _, answer = office.apply(persona, kind=kind, purpose=purpose)
        assert answer.json() == {"state": "no-data", "certificates": []}


@pytest.mark.parametrize(
    "more", [{"kind": "nobility"}, {"purpose": "curiosity"}, {"copies": 4}, {"kind": "household"}]
)
def test_what_is_not_offered_is_refused(office: Office, more: dict[str, Any]) -> None:
    _, answer = office.apply("li-wenjing", **more)
    assert (answer.status_code, answer.json()["error"]) == (409, "not-offered")


def test_one_case_has_one_answer_however_often_it_is_asked(office: Office) -> None:
    case_no, first = office.apply("li-wenjing", copies=2)
    again = office.ask(case_no, "li-wenjing", copies=2, key="another-key")
    assert again.json() == first.json()
    other = office.ask(case_no, "he-yun", copies=2, key="a-third-key")
    assert (other.status_code, other.json()["error"]) == (409, "case-differs")
    nobody = office.ask("CASE-9999", "li-wenjing")
    assert (nobody.status_code, nobody.json()["error"]) == (404, "not-found")


def test_the_same_case_asked_for_at_the_same_moment_is_made_once(on_either: Office) -> None:
    case_no, _ = on_either.apply("ma-chip")
    fresh = f"{case_no}-B"
    opened = {
        "case_no": fresh, "kiosk": "330212K01", "service": "certificates",
        "opened_at": "2026-11-22T10:00:00+08:00",
    }  # fmt: skip
    on_either.bench.post("/v1/cases", opened, key="open-fresh").raise_for_status()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: on_either.ask(fresh, "li-wenjing", key=f"k{n}"), range(4)))
    assert len({answer.text for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {201}


def test_the_signature_holds_and_any_change_breaks_it(office: Office) -> None:
    pdf = office.pdf(office.serial("li-wenjing"))
    anchor = Certificate.load(pem.unarmor(office.bench.desk.office.papers.seal.anchor)[2])

    def status(document: bytes) -> Any:
        signature = PdfFileReader(io.BytesIO(document)).embedded_signatures[0]
        context = ValidationContext(trust_roots=[anchor], allow_fetching=False)
        return validate_pdf_signature(signature, context)

    assert status(pdf).bottom_line
    assert status(pdf).coverage.name == "ENTIRE_FILE"
    place = pdf.index(b"/Type /Page") + 7
    assert not status(pdf[:place] + b"p" + pdf[place + 1 :]).intact


def test_without_a_seal_nothing_is_issued(office: Office) -> None:
    with pytest.raises(SealMissing):
        Sm2Seal().sign(b"%PDF")
    office.bench.desk.office.papers = Papers(Sm2Seal())
    case_no, answer = office.apply("li-wenjing")
    assert (answer.status_code, answer.json()["error"]) == (503, "seal-missing")
    office.bench.desk.office.papers = Papers(PadesSeal("test"))
    assert office.ask(case_no, "li-wenjing").json()["state"] == "issued"


def test_the_public_learns_of_a_printed_certificate_and_of_no_other(office: Office) -> None:
    serial = office.serial("li-wenjing")
    code = office.code(serial)
    assert office.public(code)["match"] is False, "nobody has told yet that it was printed"
    assert office.told(serial, "printed").json()["state"] == "printed"
    told = office.public(code)
    assert told == {
        "match": True, "kind": "无犯罪记录证明", "name": "李**",
        "issued": "2026-11-22", "valid_until": "2027-02-20",
    }  # fmt: skip
    assert office.public(f"{code[:4]} {code[4:8].lower()}-{code[8:]}") == told
    office.bench.wait(91 * 86400)
    assert office.public(code)["match"] is False, "it has expired"


def test_a_void_certificate_is_no_certificate(office: Office) -> None:
    serial = office.serial("li-wenjing")
    code = office.code(serial)
    assert office.told(serial, "void", "paperJammed").json()["state"] == "void"
    assert office.public(code) == office.public("2" * 16)
    answer = office.bench.session.get(
        f"{office.bench.server.url}/v1/certificates/{serial}/document", timeout=5
    )
    assert (answer.status_code, answer.json()["error"]) == (409, "void")
    assert office.told(serial, "void", key="again").status_code == 200
    assert office.told(serial, "printed").json()["error"] == "outcome-differs"


def test_an_outcome_that_came_late_counts_too(on_either: Office) -> None:
    printed, void = on_either.serial("li-wenjing"), on_either.serial("li-wenjing")
    events = [
        {
            "id": f"e-{serial}", "at": "2026-11-22T10:05:00+08:00", "kind": "certificate-outcome",
            "body": {"serial": serial, "status": status, "reason": ""},
        }
        for serial, status in ((printed, "printed"), (void, "void"))
    ]  # fmt: skip
    assert on_either.bench.post("/v1/events", {"events": events}, key="late").status_code == 200
    states = [on_either.bench.get(f"/v1/certificates/{serial}")["state"] for serial in (printed, void)]
    assert states == ["printed", "void"]


def test_the_fault_that_mixes_people_up_does_so(office: Office) -> None:
    """What happened in Japan in 2023: the kiosk has to find it."""
    office.bench.faults.arm(Order("back_office", certificates.MIXES_UP))
    said = words(office.pdf(office.serial("li-wenjing")))
    assert PEOPLE["li-wenjing"].id_card.name not in said
    assert "无犯罪记录证明" in said


def test_many_people_at_once_each_get_their_own(on_either: Office) -> None:
    """Concurrent requests never mix subjects: each document names its own person and nobody else."""
    wanted = [("no-criminal-record", "employment"), ("household", "bank")]
    insured = ["li-wenjing", "yan-rare"]
    names = ["li-wenjing", "yan-rare", "he-yun", "chen-haoran", "huang-dehua", "lin-swap"]
    chance = random.Random(7)
    asked = [(chance.choice(names), *chance.choice(wanted)) for _ in range(24)]
    asked += [(chance.choice(insured), "social-insurance", "loan") for _ in range(6)]

    def served(request: tuple[str, str, str]) -> tuple[str, str, str]:
        persona, kind, purpose = request
        serial = on_either.serial(persona, kind=kind, purpose=purpose)
        return persona, serial, words_safely(on_either.pdf(serial))

    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(served, asked))
    assert len({serial for _, serial, _ in results}) == len(asked)
    for persona, serial, said in results:
        assert serial in said
        mine = PEOPLE[persona].id_card
        assert mine.name in said.split()
        others = [other.id_card for name, other in PEOPLE.items() if name != persona]
        assert not [card.name for card in others if card.name in said.split()]
        assert not [card.number for card in others if card.number in said]


def words_safely(pdf: bytes) -> str:
    """PDFium may be used by one thread at a time."""
    with LOCK:
        return words(pdf)


def test_who_asks_too_often_has_to_wait() -> None:
    now = 0.0
    sparing = Sparing(at_once=3, a_minute=6, now_s=lambda: now)
    assert [sparing.allows("a") for _ in range(4)] == [True, True, True, False]
    assert sparing.allows("b")
    now = 9.0
    assert not sparing.allows("a")
    now = 15.0
    assert [sparing.allows("a") for _ in range(2)] == [True, False]


def test_codes_cannot_be_tried_out(office: Office) -> None:
    answers = [
        requests.get(f"{office.bench.server.url}/verify/{'2' * 15}{c}", timeout=5)
        for c in "23456789ABCDEFGHJKLMNPQ"
    ]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "60"


def test_an_officer_finds_a_certificate_by_number_code_and_case(office: Office) -> None:
    case_no, answer = office.apply("li-wenjing", copies=2)
    serials = [certificate["serial"] for certificate in answer.json()["certificates"]]
    back_office = office.bench.desk.office
    with back_office.store.begin() as db:
        found = certificate_file.of_case(db, back_office, case_no)
        assert [known.serial for known in found] == serials
        assert certificate_file.look_up(db, back_office, found[0].code.lower()) == found[0]
        assert certificate_file.look_up(db, back_office, "330212-20000101-000001-0") is None
    assert (found[0].title, found[0].name, found[0].purpose) == ("无犯罪记录证明", "李文静", "求职就业")

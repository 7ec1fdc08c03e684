"""A paper is printed only when its seal holds and it is the paper of the person who stands there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from kiosk.paper_check import Expected, PaperCheck, PaperDiffers
from simulators.back_office.papers import Papers
from simulators.back_office.seals import PadesSeal

SERIAL = "330212-20261122-000001-K"
LI = Expected("无犯罪记录证明", SERIAL, "李文静", "330212198104129925")
ADDRESS = "https://verify.example/verify/2222"
DATA: dict[str, Any] = {
    "serial": SERIAL,
    "code": "2" * 16,
    "spoken_code": "2222 2222 2222 2222",
    "authority": "测试",
    "name": LI.name,
    "number": LI.number,
    "sex": "女",
    "nation": "汉族",
    "birth": "1981-04-12",
    "purpose": "求职就业",
    "issued": "2026-11-22",
    "valid_days": 90,
    "valid_until": "2027-02-20",
    "kiosk": "330212K01",
    "case_no": "330212K01-20261122-0001-I",
    "register": {},
    "sample": True,
}

Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def papers() -> Papers:
    return Papers(PadesSeal("test"))


@pytest.fixture(scope="module")
def check(papers: Papers) -> PaperCheck:
    return PaperCheck(papers.seal.anchor)


@pytest.fixture(scope="module")
def make(papers: Papers) -> Make:
    """Return a function that makes a paper with other data than Li Wenjing's."""

    def paper(kind: str = "no-criminal-record", **changes: Any) -> bytes:
        return papers.make(kind, DATA | changes, ADDRESS)

    return paper


def verdict(check: PaperCheck, pdf: bytes, expected: Expected = LI) -> str:
    """Return "" for a paper that may be printed, else the word for why not."""
    try:
        assert asyncio.run(check.check(pdf, expected)) >= 1
    except PaperDiffers as differs:
        return differs.code
    return ""


def test_the_holders_own_paper_passes(check: PaperCheck, make: Make) -> None:
    assert verdict(check, make()) == ""


@pytest.mark.parametrize("name", ["严䶮", "𠮷田𪚥", "阿卜杜热合曼·阿卜杜拉麦提", "欧阳娜娜"])
def test_any_name_is_read_back_as_it_was_written(check: PaperCheck, make: Make, name: str) -> None:
    assert verdict(check, make(name=name), replace(LI, name=name)) == ""


def test_a_masked_number_is_compared_masked(check: PaperCheck, make: Make) -> None:
    masked = "330212********9925"
    register = {"account": "99***********0001", "employer": "测试", "insurances": []}
    expected = replace(LI, number=masked, title="社会保险参保证明")
    assert verdict(check, make("social-insurance", number=masked, register=register), expected) == ""
    full = make("social-insurance", register=register)
    assert verdict(check, full, expected) == "number-differs"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "赵鹏"}, "name-differs"),
        ({"name": "李文静怡"}, "name-differs"),
        ({"name": "李文"}, "name-differs"),
        ({"name": "李文 静"}, "name-differs"),
        ({"number": "330212198907019975"}, "number-differs"),
        ({"number": ""}, "number-differs"),
        ({"serial": "330212-20261122-000002-I"}, "serial-differs"),
        ({"purpose": "代 330212198907019975 办理"}, "another-number"),
    ],
)
def test_anothers_paper_does_not(check: PaperCheck, make: Make, changes: dict[str, str], code: str) -> None:
    assert verdict(check, make(**changes)) == code


def test_a_serial_may_look_like_a_persons_number(check: PaperCheck, make: Make) -> None:
    decision = "330212261123000001"
    asyncio.run(check.check(make(serial=decision), replace(LI, serial=decision)))
    with pytest.raises(PaperDiffers, match="another-number"):
        asyncio.run(check.check(make(purpose=f"见 {decision} 号"), LI))


def test_another_kind_of_paper_does_not(check: PaperCheck, make: Make) -> None:
    register = {"kind": "家庭户", "relation": "户主", "address": "测试路", "status": "正常"}
    assert verdict(check, make("household", register=register)) == "title-differs"


def test_an_empty_name_never_passes(check: PaperCheck, make: Make) -> None:
    assert verdict(check, make(name=""), replace(LI, name="")) == "name-differs"


def test_without_a_seal_it_is_no_certificate(check: PaperCheck, papers: Papers) -> None:
    assert verdict(check, papers.render("no-criminal-record", DATA, ADDRESS)) == "unsigned"


def test_the_seal_of_a_stranger_is_none(check: PaperCheck) -> None:
    stranger = Papers(PadesSeal("公安自助服务机演示单位 测试签章"))
    assert verdict(check, stranger.make("no-criminal-record", DATA, ADDRESS)) == "signature-untrusted"


def test_what_was_added_after_the_seal_is_seen(check: PaperCheck, make: Make) -> None:
    """An incremental update may put another page over the signed one."""
    out = BytesIO(make())
    writer = IncrementalPdfFileWriter(out)
    writer.root["/Lang"] = writer.root.raw_get("/Type")
    writer.update_root()  # type: ignore[no-untyped-call]
    writer.write_in_place()  # type: ignore[no-untyped-call]
    assert verdict(check, out.getvalue()) == "signature-partial"


def test_a_seal_that_was_carried_over_to_another_paper_breaks(check: PaperCheck, make: Make) -> None:
    out = BytesIO()
    copy_into_new_writer(PdfFileReader(BytesIO(make()))).write(out)  # type: ignore[no-untyped-call]
    assert verdict(check, out.getvalue()) in {"signature-broken", "signature-partial", "unreadable"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_bit_can_change(check: PaperCheck, signed: bytes, place: float, bit: int) -> None:
    """Outside of the place for the signature itself, whose end is filled up with zeros."""
    _, before, after, length = PdfFileReader(BytesIO(signed)).embedded_signatures[0].byte_range
    assert after + length == len(signed)
    number = int(place * (before + length))
    changed = bytearray(signed)
    changed[number if number < before else number - before + after] ^= 1 << bit
    assert verdict(check, bytes(changed)) != ""


@pytest.fixture(scope="module")
def signed(make: Make) -> bytes:
    return make()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000))
def test_what_is_no_document_is_not_printed(check: PaperCheck, noise: bytes) -> None:
    assert verdict(check, noise) == "unreadable"
    assert verdict(check, b"%PDF-1.7\n" + noise) == "unreadable"


def test_paper_of_another_size_is_refused(papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "kinds.toml").write_text("")
    (folder / "small.typ").write_text('#set page("a5")\n李文静')
    (folder / "long.typ").write_text("#for _ in range(6) { pagebreak() }")
    small = Papers(papers.seal, templates=folder)
    check = PaperCheck(papers.seal.anchor)
    assert verdict(check, small.make("small", {}, ADDRESS)) == "paper-size"
    assert verdict(check, small.make("long", {}, ADDRESS)) == "pages"


def test_a_template_that_was_edited_counts_from_the_next_paper_on(tmp_path: Path) -> None:
    (tmp_path / "kinds.toml").write_text("")
    papers = Papers(PadesSeal("test"), templates=tmp_path)
    sizes = []
    for width in (100, 120):
        (tmp_path / "note.typ").write_text(f"#set page(width: {width}mm, height: 100mm)\n#sys.inputs.data")
        with pypdfium2.PdfDocument(papers.render("note", {}, ADDRESS)) as document:
            sizes.append(round(document[0].get_width() / 72 * 25.4))
    assert sizes == [100, 120]


def test_an_anchor_that_is_no_certificate_is_told_at_the_start() -> None:
    with pytest.raises(ValueError):
        PaperCheck(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

"""The driver against a scripted printer: what it prints, and what goes wrong before and during."""

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from devices.base import Fault, State
from devices.interfaces import ReceiptLine
from devices.receipt_printer import CUTTER_OPERATIONS, EscPosPrinter, commands, raster
from devices.receipt_printer.commands import receipt
from tests.devices.scripted_link import ScriptedLink, in_pieces

RARE = "䶮"  # in GB 18030 and Unicode, not in GBK
CLEAR = bytes.fromhex("1014080103140106 0208")
PAPER_OUT = {1: 0x1A, 2: 0x32, 3: 0x12, 4: 0x7E}


@dataclass
class Printer:
    """Answers as a printer does; ``trouble`` is the status once a job has begun."""

    status: dict[int, int] = field(default_factory=lambda: dict.fromkeys((1, 2, 3, 4), 0x12))
    trouble: dict[int, int] | None = None
    jobs: list[bytes] = field(default_factory=list)
    cleared: int = 0
    cuts: bytes | None = b"128"
    done: bytes = b"\x00"
    unasked: bytes = b""
    silent: bool = False
    lost: int = 0

    def __call__(self, written: bytes) -> Iterator[bytes]:
        if self.silent:
            return
        if written[:2] == b"\x10\x04":
            yield self.unasked + bytes([self.status[written[2]]])
        elif written == CLEAR:
            self.cleared += 1
            yield b"\x37\x25\x00"
        elif written[:3] == b"\x1dg2":
            if self.cuts is not None:
                yield b"_" + self.cuts + b"\0"
        elif written[:2] == b"\x1dI":
            yield b"_" + {66: b"EPSON", 67: b"TM-T88", 65: b"1.02", 68: b"X1"}[written[2]] + b"\0"
        elif written.endswith(b"\x1dr\x01"):
            if len(written) > 3:
                self.jobs.append(written)
            if self.lost:
                self.lost -= 1
            elif self.trouble is None:
                yield b""
                yield self.done
            else:
                self.status = self.trouble


@pytest.fixture(scope="session")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font of our own: a black square for the rare character and the letter A, a frame for the rest."""
    path = tmp_path_factory.mktemp("font") / "one.ttf"
    square, frame = TTGlyphPen(None), TTGlyphPen(None)
    for pen, boxes in ((square, [(100, 0, 900, 800)]), (frame, [(100, 0, 900, 800), (300, 200, 600, 600)])):
        for left, low, right, high in boxes:
            pen.moveTo((left, low))
            for corner in ((left, high), (right, high), (right, low)):
                pen.lineTo(corner)
            pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(RARE): "square", ord("A"): "square"})
    builder.setupGlyf({".notdef": frame.glyph(), "square": square.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 100), "square": (1000, 100)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupPost()
    builder.setupNameTable({"familyName": "One", "styleName": "Regular"})
    builder.setupOS2()
    builder.save(path)
    return path


def printer_on(font: Path, printer: Printer) -> tuple[EscPosPrinter, ScriptedLink]:
    link = ScriptedLink(printer)
    driver = EscPosPrinter(link, font, job_s=0.05)
    driver.open()
    return driver, link


def test_a_receipt_is_printed_cut_and_confirmed(font: Path) -> None:
    printer = Printer()
    driver, _ = printer_on(font, printer)
    driver.print([ReceiptLine("回执", bold=True, large=True, centred=True), ReceiptLine("fee ¥80.00")])
    [job] = printer.jobs
    assert b"\x1ba\x01\x1bE\x01\x1d!\x11" + "回执".encode("gb18030") + b"\n" in job
    assert b"\x1ba\x00\x1bE\x00\x1d!\x00" + "fee ￥80.00".encode("gb18030") + b"\n" in job
    assert job.startswith(b"\x1b@")
    assert b"\x1c&" in job
    assert job.endswith(b"\x1dVB\x00\x1dr\x01")
    assert printer.cleared == 0


def test_a_qr_code_is_one_of_the_printers_own(font: Path) -> None:
    job = receipt([ReceiptLine(code="https://example.test/c/1", centred=True)], font)
    data = b"https://example.test/c/1"
    assert b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1" in job
    assert b"\x1d(k" + bytes([len(data) + 3, 0]) + b"1P0" + data + b"\x1d(k\x03\x001Q0" in job


def test_a_long_code_gets_small_modules_and_a_longer_one_is_refused(font: Path) -> None:
    assert b"1C\x03" in receipt([ReceiptLine(code="x" * 625)], font)
    with pytest.raises(ValueError, match="2332"):
        receipt([ReceiptLine(code="x" * 2332)], font)


def test_a_character_the_printer_lacks_makes_its_line_a_picture(font: Path) -> None:
    job = receipt([ReceiptLine(RARE)], font)
    at = job.index(b"\x1dv0\x00")
    width, rows = (
        int.from_bytes(job[at + 4 : at + 6], "little"),
        int.from_bytes(job[at + 6 : at + 8], "little"),
    )
    assert (width, rows) == (72, 30)
    dots = job[at + 8 : at + 8 + width * rows]
    ink = sum(byte.bit_count() for byte in dots)
    assert ink == pytest.approx(0.8 * 24 * 0.8 * 24, rel=0.15)
    assert RARE.encode("gb18030") not in job
    assert job.endswith(b"\x1dVB\x00\x1dr\x01")


def test_a_long_line_of_a_picture_goes_on_below(font: Path) -> None:
    job = receipt([ReceiptLine(RARE * 30)], font)
    at = job.index(b"\x1dv0\x00")
    assert int.from_bytes(job[at + 6 : at + 8], "little") == 60


def test_a_character_that_no_font_has_is_not_printed_as_a_box(font: Path) -> None:
    printer = Printer()
    driver, _ = printer_on(font, printer)
    with pytest.raises(Fault) as caught:
        driver.print([ReceiptLine("𬭎")])
    assert caught.value.code == "charSetData"
    assert printer.jobs == []


def test_without_a_descriptor_left_a_rare_character_is_still_printed(
    font: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receipt comes after the payment: its font is open before anybody pays."""
    raster._font.cache_clear()
    printer = Printer()
    driver, _ = printer_on(font, printer)
    monkeypatch.setattr(ImageFont, "truetype", Mock(side_effect=OSError(errno.EMFILE, "too many open files")))
    driver.print([ReceiptLine(RARE), ReceiptLine(RARE, large=True)])
    assert len(printer.jobs) == 1


@given(text=st.text(alphabet=st.characters(codec="gbk") | st.characters(max_codepoint=0x9F), max_size=40))
def test_no_text_can_steer_the_printer(text: str) -> None:
    job = receipt([ReceiptLine(text)], Path("unused"))
    body = job[job.index(b"\x1d!\x00") + 3 : job.index(b"\x1dVB\x00")]
    assert body.endswith(b"\n")
    assert not any(byte < 0x20 for byte in body[:-1])


@given(st.data())
def test_no_picture_can_steer_the_printer(font: Path, data: st.DataObject) -> None:
    packed = data.draw(st.lists(st.sampled_from([0x10, 0x04, 0x05, 0x14, 0xFF]), min_size=72, max_size=72))
    dots = np.unpackbits(np.array([packed], dtype=np.uint8), axis=1).astype(bool)
    picture = commands._raster(dots)[8:]
    assert not any(bytes([0x10, second]) in picture for second in (0x04, 0x05, 0x14))
    assert len(picture) == 72


def test_paper_out_before_is_told_and_nothing_is_sent(font: Path) -> None:
    printer = Printer(status=PAPER_OUT)
    driver, _ = printer_on(font, printer)
    with pytest.raises(Fault) as caught:
        driver.print([ReceiptLine("A")])
    assert caught.value.code == "paperOut"
    assert printer.jobs == []


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (PAPER_OUT, "paperOut"),
        ({1: 0x1A, 2: 0x16, 3: 0x12, 4: 0x12}, "coverOpen"),
        ({1: 0x1A, 2: 0x52, 3: 0x1A, 4: 0x12}, "cutterFault"),
        ({1: 0x1A, 2: 0x52, 3: 0x32, 4: 0x12}, "hardwareError"),
        ({1: 0x1A, 2: 0x12, 3: 0x12, 4: 0x12}, "offline"),
        ({1: 0x12, 2: 0x12, 3: 0x12, 4: 0x12}, "timeOut"),
        ({1: 0x1A, 2: 0x52, 3: 0x52, 4: 0x12}, "timeOut"),
    ],
)
def test_trouble_in_the_middle_is_told_by_its_word_and_the_rest_is_cleared(
    font: Path, trouble: dict[int, int], code: str
) -> None:
    printer = Printer(trouble=trouble)
    driver, _ = printer_on(font, printer)
    with pytest.raises(Fault) as caught:
        driver.print([ReceiptLine("A")])
    assert caught.value.code == code
    assert printer.cleared == 1


def test_a_receipt_printed_just_before_the_paper_ended_is_printed(font: Path) -> None:
    printer = Printer(done=b"\x0c")
    driver, _ = printer_on(font, printer)
    driver.print([ReceiptLine("A")])
    assert len(printer.jobs) == 1


def test_a_lost_answer_is_asked_for_again_and_nothing_is_printed_twice(font: Path) -> None:
    printer = Printer(lost=2)
    driver = EscPosPrinter(ScriptedLink(printer), font)
    driver.print([ReceiptLine("A")])
    assert len(printer.jobs) == 1


def test_automatic_status_among_the_answers_is_skipped(font: Path) -> None:
    driver, _ = printer_on(font, Printer(unasked=bytes.fromhex("10 00 00 0F")))
    assert driver.status().usable
    driver.print([ReceiptLine("A")])


@given(cuts=st.lists(st.integers(0, 20)))
def test_answers_in_any_pieces_are_understood(cuts: list[int]) -> None:
    printer = Printer(unasked=bytes.fromhex("10 00 00 0F"))
    link = ScriptedLink(lambda written: in_pieces(b"".join(printer(written)), cuts))
    assert EscPosPrinter(link, Path("unused")).counters() == {CUTTER_OPERATIONS: 128}


def test_a_late_answer_spoils_no_other(font: Path) -> None:
    """A printer that answers the first question twice: only that answer can be wrong."""
    printer = Printer()
    link = ScriptedLink(
        lambda written: [*printer(written), b"\x7e"] if written[2:] == b"\x01" else printer(written)
    )
    assert EscPosPrinter(link, font).status().parts["paper"] == "full"


def test_silence_is_a_fault(font: Path) -> None:
    driver, link = printer_on(font, Printer(silent=True))
    status = driver.status()
    assert (status.state, status.fault) == (State.OFFLINE, "timeOut")
    link.lost = True
    assert driver.status().state is State.NO_DEVICE
    with pytest.raises(Fault):
        driver.print([ReceiptLine("A")])


def test_a_byte_with_wrong_fixed_bits_is_a_fault_and_never_ok(font: Path) -> None:
    driver, _ = printer_on(font, Printer(status=dict.fromkeys((1, 2, 3, 4), 0x80)))
    assert driver.status().fault == "invalidData"


def test_capabilities_and_counters(font: Path) -> None:
    printer = Printer()
    driver, _ = printer_on(font, printer)
    told = driver.capabilities()
    assert (told.maker, told.model, told.firmware, told.serial) == ("EPSON", "TM-T88", "1.02", "X1")
    assert driver.counters() == {CUTTER_OPERATIONS: 128}
    printer.cuts = None
    assert driver.counters() == {}
    printer.cuts = b"?"
    with pytest.raises(Fault):
        driver.counters()
    printer.silent = True
    with pytest.raises(Fault):
        driver.counters()


def test_reset_recovers_or_says_what_stays_wrong(font: Path) -> None:
    printer = Printer()
    driver, link = printer_on(font, printer)
    driver.reset()
    assert b"\x10\x05\x02\x1b@" in link.written
    printer.status = PAPER_OUT
    with pytest.raises(Fault, match="paperOut"):
        driver.reset()

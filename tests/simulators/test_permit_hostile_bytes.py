"""Whatever bytes arrive on the permit unit's wires, or at its chip, the unit goes on."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.faults import Faults
from simulators.level import IDEAL
from simulators.permit import bac
from simulators.permit.chip import Chip
from simulators.permit.unit import WORDS, PermitUnitSimulator
from simulators.wire import WireClosed
from tests.simulators.permit_host import PERMIT, transport_frame

SELECT = bytes.fromhex("00A4040C07A0000002471001")


class Script:
    """A wire that says what it was given, piece by piece, and then is closed."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self.said = b""

    def read(self, timeout_s: float | None) -> bytes:
        if timeout_s == 0:
            return b""
        if not self._pieces:
            raise WireClosed
        return self._pieces.pop(0)

    def write(self, data: bytes) -> None:
        self.said += data

    def set_baud(self, baud: int) -> None:
        """A script has no speed."""


# Bytes that look like frames get further than mere noise.
_frames = st.binary(max_size=40).map(lambda text: transport_frame(b"C" + text))
_pieces = st.lists(st.binary(max_size=30) | _frames | st.sampled_from([b"\x16T\r", b"\x05", b"\x02\x06\x20"]))


@given(_pieces)
def test_wires_take_any_bytes(pieces: list[bytes]) -> None:
    unit = PermitUnitSimulator(IDEAL, Faults(), random.Random(1))
    for name, serve in (
        ("permit_transport", unit.transport.serve),
        ("permit_scanner", unit.scanner.serve),
        ("permit_printer", unit.printer.serve),
    ):
        wire = Script(list(pieces))
        with pytest.raises(WireClosed):
            serve(wire)
        assert WORDS[name]("to_device", b"".join(pieces)) is not None
        assert WORDS[name]("from_device", wire.said) is not None


@given(st.lists(st.binary(max_size=60)))
def test_chip_answers_any_command_with_a_status_word(commands: list[bytes]) -> None:
    chip = Chip(PERMIT["chip_mrz"])
    before = chip.written()
    assert chip.exchange(SELECT, lambda operation: None) == b"\x90\x00"
    for command in commands:
        assert len(chip.exchange(command, lambda operation: None)) >= 2
    assert chip.written() == before


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=60)), max_size=5))
def test_open_chip_answers_any_protected_command(commands: list[tuple[bytes, bytes]]) -> None:
    chip = Chip(PERMIT["chip_mrz"])
    keys = bac.Keys.of_seed(bytes(16))
    for header, data in commands:
        chip._session = bac.Session(keys, 0)
        masked = bytes([header[0] & 0xF0 | 0x0C]) + header[1:]
        sealed = b"\x01" + bac.encrypt(keys.encryption, bac.pad(data))
        objects = b"\x87" + bytes([len(sealed)]) + sealed
        text = (1).to_bytes(8, "big") + bac.pad(masked) + bac.pad(objects)
        objects += b"\x8e\x08" + bac.retail_mac(keys.mac, text)
        answer = chip.exchange(masked + bytes([len(objects)]) + objects + b"\x00", lambda operation: None)
        # The answer is protected as well: status object, MAC object, status word.
        assert answer[-16:-14] == b"\x99\x02"
        assert answer[-14:-12] == answer[-2:]

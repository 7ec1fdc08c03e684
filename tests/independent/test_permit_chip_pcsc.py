"""The simulated permit chip through a real PC/SC stack: Debian's pcscd, vpcd, and two clients.

One is pyscard in Debian's Python, which is not ours and shares nothing with the kiosk; the other is the
driver's own reader. The BAC that runs over both is the driver's, which the worked example of ICAO 9303-11
Appendix D checks; an independent BAC is in ``test_permit_chip_mrtdreader.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

from devices.base import Fault, Retry
from devices.pcsc import PcscReader, open_pcsc_reader
from devices.permit_unit import ThreeLinkPermitUnit
from devices.travel_chip.chip import Chip, keys_of
from devices.travel_chip.reading import printed_keys, use_chip
from devices.travel_chip.secure_messaging import AccessDeniedError
from simulators.faults import Faults, Order
from simulators.permit.chip import Chip as SimulatedChip
from simulators.permit.virtual_pcd import ATR, VirtualPcd
from tests.devices.permit_housing import Housing
from tests.independent.pcscd import Pcscd

LINE = "CSCZ99000012<3111202<8104125<0"
OTHER = "CSCZ99000020<4111202<9004125<2"
PERMIT, FOREIGN = "Simulated reader 00 00", "Simulated reader 00 01"
DEBIANS_PYTHON = "/usr/bin/python3"


class Stack:
    """pcscd with a permit in its first slot and some other card in its second."""

    def __init__(self, daemon: Pcscd, faults: Faults) -> None:
        self.environment = {**os.environ, "PCSCLITE_CSOCK_NAME": str(daemon.socket)}
        self.faults = faults

    def client(self, reader: str = PERMIT) -> Client:
        return Client(reader, self.environment)


class Client:
    """pyscard in a process of its own."""

    def __init__(self, reader: str, environment: dict[str, str]) -> None:
        script = Path(__file__).with_name("pcsc_client.py")
        self._process = subprocess.Popen(
            [DEBIANS_PYTHON, "-I", str(script), reader],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.readers: list[str] = json.loads(self._line())
        self.atr = bytes.fromhex(self._line())

    def exchange(self, apdu: bytes) -> bytes:
        assert self._process.stdin is not None
        self._process.stdin.write(apdu.hex() + "\n")
        self._process.stdin.flush()
        return bytes.fromhex(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the client has ended"
        return line

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(5)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    faults = Faults()
    permit = SimulatedChip(LINE + "<" * 60, b"1|HKG|G")
    foreign = SimulatedChip("<" * 90, application=False)
    with (
        VirtualPcd([permit, foreign], faults) as pcd,
        Pcscd(tmp_path_factory.mktemp("pcscd"), pcd.configuration) as daemon,
    ):
        stack = Stack(daemon, faults)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PCSCLITE_CSOCK_NAME", str(daemon.socket))
            yield stack


def test_pyscard_finds_the_chip_and_talks_to_it(stack: Stack) -> None:
    with stack.client() as client:
        assert client.readers == [PERMIT, FOREIGN]
        assert client.atr == ATR
        assert client.exchange(bytes.fromhex("00A4040C07A0000002471001")) == b"\x90\x00"
        first, second = (client.exchange(bytes.fromhex("0084000008")) for _ in range(2))
        assert len(first) == len(second) == 10
        assert first[:8] != second[:8]
        assert client.exchange(bytes.fromhex("00B0000004")) == b"\x69\x82"  # nothing without access


def test_whole_access_over_pyscard(stack: Stack) -> None:
    keys = keys_of(LINE)
    assert keys is not None
    with stack.client() as client:
        chip = Chip.open(client.exchange, keys)
        assert chip.holder_lines() == LINE + "<" * 60
        assert chip.endorsements() == b"1|HKG|G"


def test_a_wrong_key_over_pyscard(stack: Stack) -> None:
    keys = keys_of(OTHER)
    assert keys is not None
    with stack.client() as client, pytest.raises(AccessDeniedError):
        Chip.open(client.exchange, keys)


def test_the_drivers_own_reader(stack: Stack) -> None:
    reader = open_pcsc_reader("pcsc:Simulated%20reader%2000%2000?simulated=1", "permit_unit")
    assert reader.activate_chip() == ATR
    reader.deactivate_chip()
    holder = use_chip("permit_unit", reader, printed_keys("permit_unit", LINE), Chip.holder_lines)
    assert holder == LINE + "<" * 60


def test_a_permit_unit_whose_chip_is_in_a_pcsc_reader(stack: Stack) -> None:
    housing = Housing(where="inside")
    transport, scanner, printer = housing.links()
    unit = ThreeLinkPermitUnit(transport, scanner, printer, chip=PcscReader("permit_unit", PERMIT))
    unit.open()
    record = bytes(range(200))
    unit.write_chip(LINE, record)
    assert unit.read_chip(LINE).endorsements == record
    with pytest.raises(Retry, match="accessDenied"):
        unit.read_chip(OTHER)
    unit.write_chip(LINE, b"1|HKG|G")


def test_some_other_card(stack: Stack) -> None:
    reader = PcscReader("permit_unit", FOREIGN)
    with pytest.raises(Retry, match="invalidMedia"):
        use_chip("permit_unit", reader, printed_keys("permit_unit", LINE), Chip.holder_lines)


def test_a_chip_that_falls_silent_is_tried_once_more(stack: Stack) -> None:
    reader = PcscReader("permit_unit", PERMIT)
    keys = printed_keys("permit_unit", LINE)
    stack.faults.arm(Order("permit_unit", "no_answer", "chip_read"))
    assert use_chip("permit_unit", reader, keys, Chip.holder_lines).startswith(LINE)
    stack.faults.arm(Order("permit_unit", "no_answer", "chip_read", repeat=True))
    with pytest.raises(Retry, match="readFailed"):
        use_chip("permit_unit", reader, keys, Chip.holder_lines)
    stack.faults.clear()


def test_a_reader_that_another_program_has(stack: Stack) -> None:
    mine, theirs = PcscReader("permit_unit", PERMIT), PcscReader("permit_unit", PERMIT)
    mine.activate_chip()
    with pytest.raises(Fault, match="deviceBusy"):
        theirs.activate_chip()
    mine.deactivate_chip()
    theirs.deactivate_chip()


def test_a_reader_that_there_is_not(stack: Stack) -> None:
    with pytest.raises(Fault, match="noDevice"):
        PcscReader("permit_unit", "Some other reader").activate_chip()


def test_no_daemon_at_all(tmp_path: Path) -> None:
    # In a process of its own: the library keeps the socket's name.
    script = (
        "from devices.pcsc import PcscReader\n"
        "from devices.base import Fault\n"
        "try:\n    PcscReader('permit_unit', 'Any').activate_chip()\n"
        "except Fault as fault:\n    print(fault.code, fault.action)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody")},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["noDevice", "maintenance"]


@pytest.mark.parametrize("url", ["serial:///dev/ttyS0", "pcsc:", "pcsc:?simulated=1"])
def test_a_link_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="pcsc"):
        open_pcsc_reader(url, "permit_unit")

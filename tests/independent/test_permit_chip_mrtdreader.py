"""The simulated permit chip opened by someone else's program: Debian's ``mrtdreader`` (libmrtd, libnfc).

It knows Basic Access Control and secure messaging from its own authors' reading of ICAO 9303, and talks
through a contactless reader that is stood in for here.
"""

from __future__ import annotations

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from simulators.people import permit_chip_mrz, permit_mrz
from simulators.permit.chip import Chip
from tests.independent.pn532 import Pn532

NUMBER, EXPIRES, BIRTH = "CZ9900001", date(2031, 11, 20), date(1981, 4, 12)
LINE = permit_mrz(NUMBER, EXPIRES, BIRTH)
HOLDER = permit_chip_mrz(LINE, "李文静", "LI", "WENJING", "2", BIRTH)


def read(folder: Path, reader: Pn532, birth: date = BIRTH) -> str:
    """Run the program with what is printed on the permit; return what it says."""
    ran = subprocess.run(
        ["mrtdreader", "-p", NUMBER, "-b", f"{birth:%y%m%d}", "-e", f"{EXPIRES:%y%m%d}"],
        cwd=folder,  # it writes the portrait there, if it finds one
        env={**os.environ, "LIBNFC_DEVICE": f"pn532_uart:{reader.path}:115200", "LIBNFC_LOG_LEVEL": "0"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return ran.stdout.decode("latin-1")


@pytest.fixture
def chip() -> Chip:
    return Chip(HOLDER)


def test_it_opens_the_chip_and_reads_the_holder(chip: Chip, tmp_path: Path) -> None:
    with Pn532(chip) as reader:
        said = read(tmp_path, reader)
    assert "Challenge successful" in said
    assert "Found: EF_DG1" in said
    assert HOLDER in said
    # Everything after the handshake came under secure messaging.
    assert [command[0] for command in reader.commands[:3]] == [0x00, 0x00, 0x00]
    assert {command[0] for command in reader.commands[3:]} == {0x0C}
    assert not list(tmp_path.iterdir())


def test_with_another_birth_date_it_stays_shut(chip: Chip, tmp_path: Path) -> None:
    with Pn532(chip) as reader:
        said = read(tmp_path, reader, birth=date(1981, 4, 13))
    assert "Target found" in said
    assert "Challenge successful" not in said
    assert [command[1] for command in reader.commands] == [0xA4, 0x84, 0x82]

"""The units: right as systemd reads them, and shut as tightly as systemd measures it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
MOST_EXPOSED = 2.0


def test_the_units_are_there() -> None:
    assert {file.name for file in SERVICES} >= {
        "kiosk.service",
        "kiosk-display.service",
        "kiosk-root@.service",
    }


def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    for file in [*SERVICES, *FOLDER.glob("*.socket")]:
        text = file.read_text()
        # Programs of an installed kiosk are not here: any program stands for them.
        (tmp_path / file.name).write_text(re.sub(r"=/opt/kiosk/current/\S+", "=/bin/true", text))
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in said.stderr.splitlines() if "kiosk" in line]
    assert (said.returncode, ours) == (0, [])


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_exposure(file: Path) -> None:
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", file],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert level is not None
    assert float(level[1]) <= MOST_EXPOSED


def test_a_bare_unit_would_not_pass(tmp_path: Path) -> None:
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", bare],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert level is not None
    assert float(level[1]) > MOST_EXPOSED


def test_every_program_and_file_that_a_unit_names_is_shipped() -> None:
    for file in SERVICES:
        for name in re.findall(r"/opt/kiosk/current/(\S+)", file.read_text()):
            if not name.startswith(".venv/"):
                assert (FOLDER.parent / name).is_file(), f"{file.name}: {name}"


def test_udev_reads_the_rules() -> None:
    """udevadm of this version cannot check a file; each line must at least be keys, operators and texts."""
    pair = re.compile(r'[A-Z_]+(\{[\w./]+\})?(==|!=|\+=|:?=)"[^"]*"')
    for line in (FOLDER / "etc/70-kiosk.rules").read_text().splitlines():
        if line and not line.startswith("#"):
            assert all(pair.fullmatch(part.strip()) for part in line.split(", ")), line

"""The map of an I/O board: what inputs mean, and files that say what no board can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.interfaces import Door, FlashRate, OperatorSwitch
from devices.io_board import BadBoardError, Board, load_board

RATES = "[lights.rates]\noff = 0\nslow = 1\nmedium = 2\nquick = 3\ncontinuous = 4"
STANDARD = Path(__file__).parents[2] / "config" / "io_boards" / "standard.toml"


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board(STANDARD)


def closed(board: Board, *numbers: int) -> dict[int, bool]:
    """Return inputs with these contacts closed."""
    assert board.inputs is not None
    span = range(board.inputs.start, board.inputs.start + board.inputs.count)
    return {number: number in numbers for number in span}


@pytest.mark.parametrize(
    ("contacts", "state"),
    [
        ((), Door.OPEN),
        ((4,), Door.CLOSED),
        ((4, 5), Door.LOCKED),
        ((5,), Door.TAMPERED),
        ((4, 5, 6), Door.TAMPERED),
    ],
)
def test_a_doors_contacts(board: Board, contacts: tuple[int, ...], state: Door) -> None:
    assert board.auxiliaries(closed(board, *contacts)).doors["safe"] is state


@pytest.mark.parametrize(
    ("contacts", "position"),
    [((), OperatorSwitch.RUN), ((8,), OperatorSwitch.MAINTENANCE), ((9,), OperatorSwitch.SUPERVISOR)],
)
def test_the_operators_key(board: Board, contacts: tuple[int, ...], position: OperatorSwitch) -> None:
    assert board.auxiliaries(closed(board, *contacts)).operator_switch is position


def test_a_key_in_two_positions_is_nothing_to_believe(board: Board) -> None:
    with pytest.raises(ValueError):
        board.auxiliaries(closed(board, 8, 9))


def test_sensors(board: Board) -> None:
    sensors = board.auxiliaries(closed(board, 10, 13)).sensors
    assert sensors == {
        "proximity": True, "operatorCallButton": False, "tamperSensor": False, "seismic": True,
    }  # fmt: skip


def test_rates(board: Board) -> None:
    assert [board.rate(number) for number in range(5)] == list(FlashRate)
    with pytest.raises(ValueError):
        board.rate(5)


def test_a_board_may_have_little(tmp_path: Path) -> None:
    file = tmp_path / "little.toml"
    file.write_text("[lights.coils]\nfasciaLight = 3\n")
    board = load_board(file)
    assert (board.inputs, board.registers, board.unit) == (None, None, 1)
    told = board.auxiliaries({})
    assert (told.doors, told.sensors, told.operator_switch) == ({}, {}, None)


@pytest.mark.parametrize(
    "text",
    [
        "[board]\nunit = 0",
        "[board]\nunit = 248",
        "[board]\nspeed = 9600",
        "[fans]\nrear = 1",
        "[doors.safe]\nlocked = 1",
        "[doors.safe]\nclosed = -1",
        "[doors.safe]\nclosed = true",
        "[doors.safe]\nclosed = 1\nopened = 2",
        "[doors]\nsafe = 1",
        "[doors.safe]\nclosed = 1\n[sensors]\nproximity = 1",
        "[sensors]\nproximity = 1\nseismic = 900",
        "[operator_switch]\nrun = 1",
        "[operator_switch]\nholiday = 1",
        "[lights.registers]\npermit_unit = 0",
        "[lights.registers]\npermit_unit = 0\n" + RATES.replace("slow = 1", "slow = 0"),
        "[lights.rates]\nfrantic = 0",
        "[lights.coils]\na = 0\n[lights.registers]\na = 0\n" + RATES,
        "[board\n",
    ],
)
def test_a_file_that_cannot_be_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(text)
    with pytest.raises(BadBoardError, match=r"^odd\.toml: "):
        load_board(file)

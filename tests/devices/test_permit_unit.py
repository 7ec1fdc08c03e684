"""The permit unit as the core uses it, against a housing in memory."""

from __future__ import annotations

import numpy as np
import pytest

from devices.base import Fault, Retry, StaffAction, State
from devices.hearing import Timing
from devices.interfaces import Media, PermitUnit
from devices.permit_unit import ThreeLinkPermitUnit
from tests.devices.permit_housing import HOLDER, LINE, Chip, Housing, Minutes


def opened(housing: Housing) -> ThreeLinkPermitUnit:
    minutes = Minutes()
    unit = ThreeLinkPermitUnit(*housing.links(), timing=Timing(minutes.now, minutes.pause))
    unit.open()
    housing.commands.clear()
    return unit


def strip() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    picture = np.full((200, 640), 255, np.uint8)
    picture[10:20, 8:16] = 0
    picture[199, 639] = 0
    return picture


def test_a_whole_visit_from_entry_to_exit() -> None:
    housing = Housing()
    unit: PermitUnit = opened(housing)
    assert unit.media() is Media.NOT_PRESENT
    unit.accept()
    open_for_entry = housing.entry
    housing.where = "inside"
    assert unit.media() is Media.PRESENT
    unit.refuse()
    assert (open_for_entry, housing.entry) == (True, False)

    assert unit.scan_mrz() == LINE
    holder = unit.read_chip(LINE)
    assert (holder.mrz, holder.endorsements) == (HOLDER, b"")

    unit.print_strip(strip())
    unit.write_chip(LINE, b"HKG G 1")
    assert unit.media() is Media.PRESENT
    assert unit.read_chip(LINE).endorsements == b"HKG G 1"
    housing.strip_code = "HKG-2026"
    assert unit.scan_strip() == "HKG-2026"

    unit.eject()
    assert unit.media() is Media.ENTERING
    housing.where = "out"
    assert unit.media() is Media.NOT_PRESENT
    assert not housing.field_on


def test_the_strip_is_erased_once_and_arrives_dot_by_dot() -> None:
    housing = Housing(where="inside", strip={5: bytes(80)})
    opened(housing).print_strip(strip())
    assert (housing.erased, housing.printed) == (1, 1)
    arrived = np.ones((200, 640), bool)
    for row, packed in housing.strip.items():
        arrived[row] = np.unpackbits(np.frombuffer(packed, np.uint8)) == 0
    assert np.array_equal(arrived, strip() >= 128)
    assert housing.where == "inside"


def test_a_strip_of_another_shape_is_a_mistake_of_the_caller() -> None:
    housing = Housing(where="inside")
    with pytest.raises(ValueError, match="200 x 640"):
        opened(housing).print_strip(np.zeros((640, 200), np.uint8))


def test_long_endorsement_files_are_written_in_parts() -> None:
    housing = Housing(where="inside")
    unit = opened(housing)
    record = bytes(range(255))
    unit.write_chip(LINE, record)
    assert unit.read_chip(LINE).endorsements == record
    with pytest.raises(ValueError, match="255"):
        unit.write_chip(LINE, bytes(256))


def test_a_torn_write_reads_as_empty_and_is_a_fault() -> None:
    chip = Chip()
    housing = Housing(where="inside", chip=chip)
    unit = opened(housing)
    unit.write_chip(LINE, b"old record")
    chip.refuse_updates_after = 2
    with pytest.raises(Fault) as failed:
        unit.write_chip(LINE, bytes(240))
    assert (failed.value.code, failed.value.action) == ("chipWriteFailed", StaffAction.MAINTENANCE)
    chip.refuse_updates_after = None
    assert unit.read_chip(LINE).endorsements == b""


@pytest.mark.parametrize(
    ("chip", "line", "code"),
    [
        (None, LINE, "invalidMedia"),  # wrong way round, or no chip
        (Chip(line="CSC000000012<2404200<8108038<6"), LINE, "accessDenied"),
        (Chip(), "P<CHNZHANG<<SAN<<<<<<<<<<<<<<<", "invalidMedia"),
    ],
)
def test_a_chip_that_is_not_the_printed_permits(chip: Chip | None, line: str, code: str) -> None:
    housing = Housing(where="inside", chip=chip)
    if chip is None:
        housing.errors[0x60, 0x30] = "61"
    with pytest.raises(Retry) as refused:
        opened(housing).read_chip(line)
    assert refused.value.code == code


def test_a_foreign_card_has_another_application() -> None:
    housing = Housing(where="inside")
    assert housing.chip is not None
    housing.chip.application = False
    with pytest.raises(Retry) as refused:
        opened(housing).read_chip(LINE)
    assert refused.value.code == "invalidMedia"


def test_a_lost_chip_answer_starts_the_session_again() -> None:
    housing = Housing(where="inside")
    unit = opened(housing)
    housing.lose_answer.add((0x60, 0x34))
    assert unit.read_chip(LINE).mrz == HOLDER
    assert housing.commands.count("6030") == 2


def test_a_chip_that_stays_silent_is_told_after_two_sessions() -> None:
    housing = Housing(where="inside", errors={(0x60, 0x34): "68"})
    with pytest.raises(Retry) as silent:
        opened(housing).read_chip(LINE)
    assert silent.value.code == "readFailed"
    assert housing.commands.count("6034") == 2
    assert not housing.field_on


def test_nothing_readable_on_the_face_is_for_the_person_to_turn_round() -> None:
    housing = Housing(where="inside", line="")
    with pytest.raises(Retry) as unread:
        opened(housing).scan_mrz()
    assert unread.value.code == "readFailed"


def test_no_code_on_the_strip_is_the_empty_text() -> None:
    assert opened(Housing(where="inside")).scan_strip() == ""


@pytest.mark.parametrize("act", ["scan_mrz", "scan_strip", "eject", "retract"])
def test_without_a_permit_nothing_is_done(act: str) -> None:
    with pytest.raises(Retry) as absent:
        getattr(opened(Housing()), act)()
    assert absent.value.code == "noMedia"


def test_a_station_that_does_not_take_the_permit_leaves_it_inside() -> None:
    housing = Housing(where="inside", printer_draws_in=False)
    unit = opened(housing)
    with pytest.raises(Fault) as rejected:
        unit.print_strip(strip())
    assert rejected.value.code == "mediaRejected"
    assert unit.media() is Media.PRESENT
    assert (housing.erased, housing.waiting) == (0, False)


def test_a_jam_on_the_way_to_the_station_stops_the_station_waiting() -> None:
    housing = Housing(where="inside", errors={(0x32, 0x30): "10"})
    with pytest.raises(Fault) as jam:
        opened(housing).print_strip(strip())
    assert (jam.value.code, jam.value.action) == ("mediaJam", StaffAction.CLEAR)
    assert not housing.waiting


@pytest.mark.parametrize(
    ("command", "error", "code"),
    [
        (0x7D, 0x33, "mediaJam"),
        (0x7D, 0x34, "hardwareError"),
        (0x7B, 0x35, "flushFail"),
        (0x7B, 0x39, "hardwareError"),  # on no list
    ],
)
def test_a_print_that_fails_is_told_and_the_permit_can_be_fetched(
    command: int, error: int, code: str
) -> None:
    housing = Housing(where="inside", printer_error={command: error})
    unit = opened(housing)
    with pytest.raises(Fault) as failed:
        unit.print_strip(strip())
    assert failed.value.code == code
    assert unit.media() is (Media.JAMMED if code == "mediaJam" else Media.LATCHED)
    status = unit.status()
    assert (status.usable, status.fault) == (False, code)
    if code == "mediaJam":
        unit.reset()
    unit.eject()
    assert unit.media() is Media.ENTERING
    assert unit.status().usable


def test_a_print_after_a_failed_one_needs_no_new_handing_over() -> None:
    housing = Housing(where="inside", printer_error={0x7B: 0x35})
    unit = opened(housing)
    with pytest.raises(Fault):
        unit.print_strip(strip())
    housing.printer_error.clear()
    housing.commands.clear()
    unit.print_strip(strip())
    assert "3230" not in housing.commands
    assert (housing.printed, housing.where) == (1, "inside")


def test_a_permit_stuck_on_its_way_back_is_a_jam() -> None:
    housing = Housing(where="inside", printer_hands_back=False)
    unit = opened(housing)
    with pytest.raises(Fault) as stuck:
        unit.print_strip(strip())
    assert (stuck.value.code, stuck.value.action) == ("mediaJam", StaffAction.CLEAR)
    assert housing.printed == 1


def test_retracting_returns_the_new_count() -> None:
    housing = Housing(where="gate", retained=41)
    assert opened(housing).retract() == 42
    assert housing.where == "bin"


def test_a_counter_that_stands_still_is_a_fault() -> None:
    with pytest.raises(Fault) as unproven:
        opened(Housing(where="gate", bin_counts=False)).retract()
    assert unproven.value.code == "storageUnitError"


def test_an_answer_lost_while_retracting_is_settled_by_the_counter() -> None:
    housing = Housing(where="gate", lose_answer={(0x32, 0x33)})
    assert opened(housing).retract() == 42


def test_a_permit_in_the_print_station_is_fetched_before_it_is_retracted() -> None:
    housing = Housing(where="printer")
    unit = opened(housing)
    assert unit.media() is Media.LATCHED
    assert unit.retract() == 42
    assert housing.where == "bin"


def test_a_full_bin_says_so_at_once_and_in_the_status() -> None:
    housing = Housing(where="gate", errors={(0x32, 0x33): "A1"}, bin_full=True)
    unit = opened(housing)
    with pytest.raises(Fault) as full:
        unit.retract()
    assert full.value.code == "retainBinFull"
    status = unit.status()
    assert (status.usable, status.fault, status.action) == (False, "retainBinFull", StaffAction.MAINTENANCE)


def test_pulling_the_permit_out_while_it_comes_is_taking_it() -> None:
    unit = opened(Housing(where="inside", snatched=True))
    unit.eject()
    assert unit.media() is Media.NOT_PRESENT


def test_a_standing_jam_is_where_the_permit_is() -> None:
    housing = Housing(where="inside")
    unit = opened(housing)
    housing.errors[0x31, 0x30] = "10"
    assert unit.media() is Media.JAMMED
    status = unit.status()
    assert (status.fault, status.action) == ("mediaJam", StaffAction.CLEAR)
    assert status.parts["media"] == "jammed"
    with pytest.raises(Fault) as jam:
        unit.eject()
    assert jam.value.code == "mediaJam"


@pytest.mark.parametrize("module", ["transport", "printer", "scanner"])
def test_a_silent_module_is_offline_and_can_be_waited_for(module: str) -> None:
    housing = Housing()
    unit = opened(housing)
    assert unit.status().state is State.ONLINE
    housing.mute.add(module)
    status = unit.status()
    assert (status.state, status.fault, status.action) == (State.OFFLINE, "timeOut", StaffAction.RESET)
    assert status.parts[module] == "timeOut"
    with pytest.raises(Fault):
        unit.reset()
    housing.mute.clear()
    unit.reset()
    assert unit.status().usable


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_lost_wire_is_no_device_and_the_others_are_closed(lost: int) -> None:
    links = Housing().links()
    unit = ThreeLinkPermitUnit(*links)
    links[lost].lost = True
    with pytest.raises(Fault) as absent:
        unit.open()
    assert absent.value.code == "noDevice"
    assert unit.status().state is State.NO_DEVICE
    links[lost].lost = False
    unit.open()
    assert unit.status().usable


def test_what_the_unit_is_and_what_it_counts() -> None:
    unit = opened(Housing(retained=7))
    told = unit.capabilities()
    assert (told.firmware, told.serial) == ("V1.0", "SN42")
    assert told.more["scanner"] == "Imager 2 7"
    assert unit.counters() == {"retained": 7}
    assert unit.strip_size() == (200, 640)


def test_power_lost_in_between_asks_for_a_reset() -> None:
    housing = Housing()
    unit = opened(housing)
    housing.errors[0x31, 0x30] = "B0"
    status = unit.status()
    assert (status.state, status.action) == (State.POWER_OFF, StaffAction.RESET)

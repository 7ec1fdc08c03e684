"""The door: two factors, the lockout over restarts and clock changes, who may do what."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher

from kiosk.maintenance import lockout as lockouts
from kiosk.maintenance import staff
from kiosk.maintenance.entry import Entry, NotAdmitted
from kiosk.maintenance.lockout import Locked, Lockout
from kiosk.maintenance.staff import Member, Right, Role, StaffError, StaffFile, address, new_member

PIN = "402817"


class TestClock:
    """A clock of which either time can be set."""

    __test__ = False

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
        self.mono = 1000.0

    def wall(self) -> datetime:
        return self.now

    def mono_ns(self) -> int:
        return int(self.mono * 1e9)

    async def sleep(self, seconds: float) -> None:
        self.mono += seconds


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with little: what is tested is not how long argon2 takes."""
    monkeypatch.setattr(staff, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    staff.nobody.cache_clear()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def member(tmp_path: Path) -> Member:
    member = new_member("1007", Role.ENGINEER, PIN)
    StaffFile(tmp_path / "staff.json").add(member)
    return member


def door(tmp_path: Path, clock: TestClock) -> Entry:
    """Return the door as it is after a start."""
    return Entry(StaffFile(tmp_path / "staff.json"), Lockout(tmp_path / "lockout.json", clock), clock)


def code(member: Member, clock: TestClock) -> str:
    return pyotp.TOTP(member.secret).at(clock.now)


def admit(entry: Entry, number: str, pin: str, code: str) -> Member:
    return asyncio.run(entry.admit(number, pin, code))


def fail(entry: Entry, times: int) -> None:
    for _ in range(times):
        with pytest.raises(NotAdmitted):
            admit(entry, "1007", "000000", "000000")


def test_both_factors_open(tmp_path: Path, clock: TestClock, member: Member) -> None:
    admitted = admit(door(tmp_path, clock), "1007", PIN, code(member, clock))
    assert admitted.number == "1007"
    assert admitted.role is Role.ENGINEER


@pytest.mark.parametrize(
    ("number", "pin", "good_code"), [("1007", "402818", True), ("1007", PIN, False), ("1008", PIN, True)]
)
def test_one_wrong_factor_does_not(
    tmp_path: Path, clock: TestClock, member: Member, number: str, pin: str, good_code: bool
) -> None:
    right = code(member, clock)
    given = right if good_code else f"{(int(right) + 1) % 1_000_000:06d}"
    with pytest.raises(NotAdmitted):
        admit(door(tmp_path, clock), number, pin, given)


def test_a_code_opens_once_even_after_a_restart(tmp_path: Path, clock: TestClock, member: Member) -> None:
    used = code(member, clock)
    admit(door(tmp_path, clock), "1007", PIN, used)
    with pytest.raises(NotAdmitted):
        admit(door(tmp_path, clock), "1007", PIN, used)
    clock.now += timedelta(seconds=30)
    admit(door(tmp_path, clock), "1007", PIN, code(member, clock))


def test_an_older_code_does_not_open_after_a_newer_one(
    tmp_path: Path, clock: TestClock, member: Member
) -> None:
    before = code(member, clock)
    clock.now += timedelta(seconds=30)
    admit(door(tmp_path, clock), "1007", PIN, code(member, clock))
    with pytest.raises(NotAdmitted):
        admit(door(tmp_path, clock), "1007", PIN, before)


def test_the_wait_doubles_from_15_s_to_30_min(tmp_path: Path, clock: TestClock, member: Member) -> None:
    entry = door(tmp_path, clock)
    fail(entry, 5)
    waits = []
    for _ in range(10):
        waits.append(round(entry.lockout.wait_s()))
        with pytest.raises(Locked):
            admit(entry, "1007", PIN, code(member, clock))
        clock.mono += entry.lockout.wait_s()
        fail(entry, 1)
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_four_tries_wait_for_nothing_and_success_forgives(
    tmp_path: Path, clock: TestClock, member: Member
) -> None:
    entry = door(tmp_path, clock)
    fail(entry, 4)
    assert entry.lockout.tries_left == 1
    admit(entry, "1007", PIN, code(member, clock))
    assert entry.lockout.tries_left == 5


def test_a_restart_gives_no_new_tries_and_begins_the_wait_anew(
    tmp_path: Path, clock: TestClock, member: Member
) -> None:
    entry = door(tmp_path, clock)
    fail(entry, 5)
    clock.mono += 14
    assert entry.lockout.wait_s() == pytest.approx(1)
    clock.mono = 3.0  # after a start monotonic time begins anywhere
    entry = door(tmp_path, clock)
    assert entry.lockout.wait_s() == pytest.approx(15)
    clock.mono += 15
    fail(entry, 1)
    assert door(tmp_path, clock).lockout.wait_s() == pytest.approx(30)


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
def test_setting_the_clock_changes_nothing(
    tmp_path: Path, clock: TestClock, member: Member, jump: timedelta
) -> None:
    entry = door(tmp_path, clock)
    fail(entry, 5)
    clock.now += jump
    assert entry.lockout.wait_s() == pytest.approx(15)
    with pytest.raises(Locked):
        admit(entry, "1007", PIN, code(member, clock))


def test_the_power_may_go_while_a_try_is_judged(
    tmp_path: Path, clock: TestClock, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_goes(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Member, "pin_is", power_goes)
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            admit(door(tmp_path, clock), "1007", PIN, "000000")
    assert door(tmp_path, clock).lockout.wait_s() == pytest.approx(15)


@pytest.mark.parametrize("content", ["", "{}", '{"tries": "x", "steps": {}}', "[1]"])
def test_a_spoilt_count_locks(tmp_path: Path, clock: TestClock, content: str) -> None:
    (tmp_path / "lockout.json").write_text(content)
    assert door(tmp_path, clock).lockout.wait_s() == pytest.approx(lockouts.LONGEST_WAIT_S)


def test_the_staff_file_is_its_owners_alone(tmp_path: Path, member: Member) -> None:
    file = tmp_path / "staff.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert PIN not in file.read_text()
    file.chmod(0o640)
    with pytest.raises(StaffError):
        StaffFile(file).members()


def test_who_is_removed_is_out_at_once(tmp_path: Path, clock: TestClock, member: Member) -> None:
    entry = door(tmp_path, clock)
    StaffFile(tmp_path / "staff.json").remove("1007")
    with pytest.raises(NotAdmitted):
        admit(entry, "1007", PIN, code(member, clock))


@pytest.mark.parametrize("content", ["", "{}", "[{}]", '[{"number": "1"}]', "[3]"])
def test_a_spoilt_staff_file_is_said_so(tmp_path: Path, content: str) -> None:
    file = tmp_path / "staff.json"
    file.touch(mode=0o600)
    file.write_text(content)
    with pytest.raises(StaffError):
        StaffFile(file).members()


@pytest.mark.parametrize(
    ("number", "pin"),
    [
        ("100", PIN),
        ("1007x", PIN),
        ("1007", "12345"),
        ("1007", "123456"),
        ("1007", "111111"),
        ("1007", "100712"),
    ],
)
def test_weak_numbers_and_pins_are_refused(number: str, pin: str) -> None:
    with pytest.raises(StaffError):
        new_member(number, Role.OPERATOR, pin)


def test_rights_and_the_generators_address(member: Member) -> None:
    assert member.may(Right.DEVICES)
    assert not new_member("1008", Role.OPERATOR, PIN).may(Right.DEVICES)
    assert not new_member("1009", Role.AUDITOR, PIN).may(Right.SUPPLIES)
    assert pyotp.parse_uri(address(member, "330212K01")).secret == member.secret


def test_the_file_holds_no_more_than_it_needs(tmp_path: Path, member: Member) -> None:
    (entry,) = json.loads((tmp_path / "staff.json").read_text())
    assert set(entry) == {"number", "role", "pin_hash", "secret"}
    assert entry["pin_hash"].startswith("$argon2id$")

"""UPS driver: lines, words, an answer in any pieces, and every way in which a server can fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.base import Fault, StaffAction, State
from devices.ups import NutUps
from devices.ups.lines import BadLine, split
from tests.devices.scripted_link import Answer, ScriptedLink, in_pieces


def listed(status: str = "OL", more: Mapping[str, str] | None = None) -> bytes:
    variables = {"battery.charge": "100", "ups.status": status, **(more or {})}
    lines = [f'VAR kiosk {name} "{value}"' for name, value in variables.items()]
    return "\n".join(["BEGIN LIST VAR kiosk", *lines, "END LIST VAR kiosk\n"]).encode()


def ups(*answers: bytes) -> NutUps:
    """Return a driver whose server gives these answers in turn, the last one for ever."""
    left = list(answers)

    def answer(asked: bytes) -> Iterable[bytes]:
        assert asked == b"LIST VAR kiosk\n"
        return [left.pop(0) if len(left) > 1 else left[0]]

    return NutUps(ScriptedLink(answer), "kiosk")


@pytest.mark.parametrize(
    ("status", "low", "engaged", "powering"),
    [
        ("OL", False, True, False),
        ("OL CHRG", False, True, False),
        ("OB DISCHRG", False, True, True),
        ("OB LB", True, True, True),
        ("OL LB CHRG", True, True, False),
        ("OL BYPASS", False, False, False),
        ("OFF", False, False, False),
    ],
)
def test_words_in_four(status: str, low: bool, engaged: bool, powering: bool) -> None:
    power = ups(listed(status)).power()
    assert (power.low, power.engaged, power.powering, power.recovered) == (low, engaged, powering, False)


def test_a_battery_that_was_low_has_recovered_until_it_is_needed_again() -> None:
    device = ups(*(listed(s) for s in ("OB LB", "OL LB CHRG", "OL CHRG", "OL", "OB")))
    assert [device.power().recovered for _ in range(5)] == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("status", "state", "fault", "action", "warnings"),
    [
        ("OL", State.ONLINE, None, None, ()),
        ("OB", State.ONLINE, None, None, ("onBattery",)),
        ("OB LB", State.ONLINE, "batteryCritical", StaffAction.SUSPEND, ("onBattery", "batteryLow")),
        ("OB FSD", State.ONLINE, "batteryCritical", StaffAction.SUSPEND, ("onBattery",)),
        ("OFF", State.POWER_OFF, "powerOff", StaffAction.RESET, ()),
        ("OL RB", State.ONLINE, None, None, ("batteryReplace",)),
        ("OL OVER", State.ONLINE, None, None, ("overload",)),
        ("OL XYZZY", State.ONLINE, None, None, ("unknownStatus",)),
    ],
)
def test_status(
    status: str, state: State, fault: str | None, action: StaffAction | None, warnings: tuple[str, ...]
) -> None:
    told = ups(listed(status)).status()
    assert (told.state, told.fault, told.action, told.warnings) == (state, fault, action, warnings)


def test_measures_are_none_when_not_measured() -> None:
    power = ups(listed(more={"battery.runtime": "1234.5"})).power()
    assert (power.charge_percent, power.runtime_s) == (100, 1234.5)
    assert ups(listed()).power().runtime_s is None


@pytest.mark.parametrize(
    ("answer", "code", "action"),
    [
        (b"", "timeOut", StaffAction.RESET),
        (listed()[:-30], "timeOut", StaffAction.RESET),
        (b"ERR UNKNOWN-UPS\n", "configuration", StaffAction.CONFIGURATION),
        (b"ERR ACCESS-DENIED\n", "configuration", StaffAction.CONFIGURATION),
        (b"ERR DATA-STALE\n", "offline", StaffAction.MAINTENANCE),
        (b"ERR DRIVER-NOT-CONNECTED\n", "offline", StaffAction.MAINTENANCE),
        (b"ERR\n", "invalidData", StaffAction.RESET),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "invalidData", StaffAction.RESET),
        (b"\xff\xfe\n", "invalidData", StaffAction.RESET),
        (b"x" * 5000, "invalidData", StaffAction.RESET),
        (listed("OL OB"), "invalidData", StaffAction.RESET),
        (listed(""), "invalidData", StaffAction.RESET),
        (listed("CHRG"), "invalidData", StaffAction.RESET),
        (listed(more={"battery.charge": "full"}), "invalidData", StaffAction.RESET),
        (listed(more={"battery.charge": "nan"}), "invalidData", StaffAction.RESET),
        (listed().replace(b"VAR kiosk ups", b"VAR other ups"), "invalidData", StaffAction.RESET),
        (listed().replace(b'"OL"', b'"OL'), "invalidData", StaffAction.RESET),
    ],
)
def test_what_goes_wrong_is_a_fault(answer: bytes, code: str, action: StaffAction) -> None:
    device = ups(answer)
    with pytest.raises(Fault) as fault:
        device.power()
    assert (fault.value.code, fault.value.action) == (code, action)
    status = device.status()
    assert (status.fault, status.action) == (code, action)
    assert not status.usable


def test_half_an_answer_is_not_taken_for_the_next_ones() -> None:
    whole = listed("OB")
    pieces = iter([[whole[:40], b""], [listed("OL")]])
    link = ScriptedLink(lambda asked: next(pieces))
    device = NutUps(link, "kiosk")
    assert device.status().fault == "timeOut"
    assert not device.power().powering
    assert link.opened == 2


def test_a_lost_server_is_found_again() -> None:
    link = ScriptedLink(lambda asked: [listed()])
    device = NutUps(link, "kiosk")
    link.lost = True
    assert device.status().state is State.NO_DEVICE
    link.lost = False
    assert device.status().usable


@given(cuts=st.lists(st.integers(0, 1000), max_size=20))
def test_an_answer_in_any_pieces(cuts: list[int]) -> None:
    data = listed("OB", {"ups.model": r"Smart \"1500\" \\ 中"})
    answer: Answer = lambda asked: in_pieces(data, cuts)  # noqa: E731
    device = NutUps(ScriptedLink(answer), "kiosk")
    assert device.power().powering
    assert device.capabilities().model == 'Smart "1500" \\ 中'


@given(st.binary(max_size=200))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    try:
        words = split(line)
    except BadLine:
        return
    assert all(isinstance(word, str) for word in words)


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), max_size=5))
def test_quoted_words_come_back(words: list[str]) -> None:
    quoted = ['"' + w.replace("\\", "\\\\").replace('"', '\\"') + '"' for w in words]
    assert split(" ".join(quoted).encode()) == words


@pytest.mark.parametrize(
    "url", ["nut://", "nut://host", "nut://host/", "socket://host/kiosk", "nut://host/a b"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError):
        NutUps.at(url)

"""The card dispenser's driver: what is said to which unit, and what never twice."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from devices.base import Fault, Retry, State
from devices.card_dispenser import CrtCardDispenser, open_card_dispenser
from devices.interfaces import Media
from tests.devices.permit_housing import framed
from tests.devices.scripted_link import ScriptedLink

ACK = b"\x06"


def answered(
    *answers: Iterable[bytes], addresses: tuple[int, ...] = (0,)
) -> tuple[CrtCardDispenser, ScriptedLink]:
    """Return a dispenser whose wire answers each command with the next of ``answers``."""
    script = iter(answers)
    link = ScriptedLink(lambda written: next(script, []) if written[:1] == b"\xf2" else [])
    return CrtCardDispenser((link, addresses)), link


def ok(text: bytes, address: int = 0) -> list[bytes]:
    frame = bytearray(framed(b"P" + text))
    frame[-1] ^= frame[1] ^ address
    frame[1] = address
    return [ACK, bytes(frame)]


def commands(link: ScriptedLink) -> list[str]:
    return [written[5:7].decode("latin-1") for written in link.written if written[:1] == b"\xf2"]


@pytest.mark.parametrize(
    ("published", "text"),
    [
        ("F2 00 00 06 50 31 30 30 32 30 03 94", "10020"),  # no card, enough in the stacker, bin not full
    ],
)
def test_the_published_status_answer(published: str, text: str) -> None:
    dispenser, _ = answered([ACK, bytes.fromhex(published)])
    assert framed(b"P" + text.encode()) == bytes.fromhex(published)
    status = dispenser.status()
    assert status.usable
    assert status.parts == {"unit1": "ok", "media1": "notPresent", "stacker1": "ok", "retainBin1": "ok"}
    assert status.warnings == ()


def test_the_published_answer_of_an_empty_stacker_is_a_storage_fault() -> None:
    empty = bytes.fromhex("F2 00 00 05 4E 32 31 41 30 03 C8")
    # The published frame answers 32 31 (chip contacts); the same code to 32 32 is checked here.
    same = framed(b"N22A0")
    assert empty[7:9] == same[7:9] == b"A0"
    dispenser, _ = answered(ok(b"10020"), [ACK, same])
    with pytest.raises(Fault, match="storageUnitError"):
        dispenser.pick(1)


def test_an_empty_stacker_is_a_warning_and_nothing_is_fetched_from_it() -> None:
    dispenser, link = answered(ok(b"10000"), ok(b"10000"))
    status = dispenser.status()
    assert status.usable
    assert status.warnings == ("unit1Empty",)
    with pytest.raises(Fault, match="storageUnitError"):
        dispenser.pick(1)
    assert commands(link) == ["10", "10"]


def test_a_card_in_the_path_is_never_joined_by_a_second() -> None:
    dispenser, link = answered(ok(b"10120"))
    with pytest.raises(Fault, match="occupied"):
        dispenser.pick(1)
    assert commands(link) == ["10"]


@pytest.mark.parametrize("act", ["present", "retain"])
def test_without_a_card_in_the_path_nothing_moves(act: str) -> None:
    dispenser, link = answered(ok(b"10020"))
    with pytest.raises(Retry, match="noMedia"):
        getattr(dispenser, act)(1)
    assert commands(link) == ["10"]


def test_a_lost_answer_never_moves_to_the_gate_twice() -> None:
    dispenser, link = answered(ok(b"10220"), [ACK], ok(b"10120"))
    dispenser.present(1)
    assert commands(link) == ["10", "29", "10"]


def test_an_answer_from_another_address_is_not_mine() -> None:
    mine = ok(b"10120", address=1)
    dispenser, link = answered([*ok(b"10020", address=0), mine[1]], addresses=(0, 1))
    assert dispenser.media(2) is Media.ENTERING
    assert link.written[0][1] == 1


@pytest.mark.parametrize("stacker", [b"3", b"\x00"])
def test_an_unknown_stacker_character_is_a_fault(stacker: bytes) -> None:
    dispenser, _ = answered(ok(b"100" + stacker + b"0"))
    status = dispenser.status()
    assert (status.state, status.fault) == (State.HARDWARE_ERROR, "invalidData")


def test_silence_is_a_fault_of_that_unit() -> None:
    dispenser, _ = answered(ok(b"10020"), addresses=(0, 1))
    status = dispenser.status()
    assert (status.state, status.fault) == (State.OFFLINE, "timeOut")
    assert (status.parts["unit1"], status.parts["unit2"]) == ("ok", "timeOut")


@pytest.mark.parametrize("query", ["address=16", "address=a", "address=-1", "address=0,0", "address=0,"])
def test_addresses_that_are_none(query: str) -> None:
    with pytest.raises(ValueError, match="address"):
        open_card_dispenser(f"serial:///dev/ttyS0?{query}")


def test_units_are_numbered_over_all_links() -> None:
    dispenser = open_card_dispenser("serial:///dev/ttyS0?address=0,1", "serial:///dev/ttyS1")
    assert dispenser.units == 3
    with pytest.raises(ValueError, match="1 to 3"):
        dispenser.media(4)

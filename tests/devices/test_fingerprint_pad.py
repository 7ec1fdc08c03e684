"""The fingerprint pad: published packets, its conversation, and pictures that arrive damaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.base import Fault, Retry, StaffAction, State
from devices.fingerprint_pad import ZfmFingerprintPad
from devices.fingerprint_pad.packets import Kind, Packet, PacketReader, encode, picture
from devices.interfaces import FingerprintPad
from tests.devices.scripted_link import ScriptedLink, in_pieces

HEAD = bytes.fromhex("EF01FFFFFFFF")
CUTS = st.lists(st.integers(0, 2000), max_size=40)


def packet(kind: int, payload: bytes) -> bytes:
    body = bytes([kind]) + (len(payload) + 2).to_bytes(2, "big") + payload
    return HEAD + body + (sum(body) % 65536).to_bytes(2, "big")


def ack(code: int, data: bytes = b"") -> bytes:
    return packet(7, bytes([code]) + data)


class Module:
    """A module that obeys; its switches make it disobey."""

    def __init__(self) -> None:
        self.confirm: dict[int, int] = {}
        self.image = bytes(range(256)) * 144
        self.spoil: list[Iterable[bytes]] = []  # what is sent in place of the next uploads
        self.baud = 57600
        self.host_baud = 57600
        self.heard: list[int] = []
        self.link = TunableLink(self)

    def answer(self, data: bytes) -> Iterator[bytes]:
        if self.host_baud != self.baud:
            return
        assert data[:7] == HEAD + b"\x01"
        assert sum(data[6:-2]) % 65536 == int.from_bytes(data[-2:], "big")
        command, argument = data[9], data[10:-2]
        self.heard.append(command)
        code = self.confirm.get(command, 0)
        if code == 0xAA:
            return
        parameters = bytes.fromhex("0000 0009 03E8 0003 FFFFFFFF 0002") + (self.baud // 9600).to_bytes(
            2, "big"
        )
        yield ack(code, parameters if command == 0x0F else b"")
        if command == 0x0E:
            self.baud = argument[1] * 9600
        if command == 0x0A and code == 0:
            yield from self.spoil.pop(0) if self.spoil else self.upload()

    def upload(self) -> Iterator[bytes]:
        for at in range(0, len(self.image), 128):
            last = at + 128 >= len(self.image)
            yield packet(8 if last else 2, self.image[at : at + 128])


class TunableLink(ScriptedLink):
    def __init__(self, module: Module) -> None:
        super().__init__(module.answer)
        self._module = module

    def set_baud(self, baud: int) -> None:
        self._module.host_baud = baud


def opened(module: Module, fast_baud: int | None = None) -> ZfmFingerprintPad:
    pad = ZfmFingerprintPad(module.link, fast_baud)
    pad.open()
    module.heard.clear()
    return pad


@pytest.mark.parametrize(
    ("payload", "golden"),
    [
        ("13 00000000", "EF01FFFFFFFF 01 0007 13 00000000 001B"),
        ("01", "EF01FFFFFFFF 01 0003 01 0005"),
        ("02 01", "EF01FFFFFFFF 01 0004 02 01 0008"),
        ("0A", "EF01FFFFFFFF 01 0003 0A 000E"),
    ],
)
def test_published_commands(payload: str, golden: str) -> None:
    assert encode(Kind.COMMAND, bytes.fromhex(payload)) == bytes.fromhex(golden)


def test_published_acknowledgements() -> None:
    stream = bytes.fromhex("EF01FFFFFFFF 07 0003 00 000A  EF01FFFFFFFF 07 0003 02 000C")
    assert list(PacketReader().feed(stream)) == [Packet(7, b"\x00"), Packet(7, b"\x02")]


@given(st.lists(st.binary(max_size=256), min_size=1, max_size=4), CUTS)
def test_glued_packets_come_out_whole_in_any_pieces(payloads: list[bytes], cuts: list[int]) -> None:
    reader = PacketReader()
    stream = b"".join(packet(2, payload) for payload in payloads)
    heard = [found for piece in in_pieces(stream, cuts) for found in reader.feed(piece)]
    assert heard == [Packet(2, payload) for payload in payloads]
    assert reader.damaged == 0


@given(st.binary(max_size=200), st.binary(max_size=256))
def test_a_packet_is_found_behind_noise(noise: bytes, payload: bytes) -> None:
    reader = PacketReader()
    sent = packet(2, payload)
    heard = list(reader.feed(noise.replace(b"\xef", b"") + sent))
    assert heard == [Packet(2, payload)]


@given(st.binary(max_size=256), st.data())
def test_a_changed_byte_is_never_taken_for_a_packet(payload: bytes, draw: st.DataObject) -> None:
    sent = bytearray(packet(2, payload))
    sent[draw.draw(st.integers(9, len(sent) - 1))] ^= draw.draw(st.integers(1, 255))
    assert Packet(2, payload) not in list(PacketReader().feed(bytes(sent)))


def test_the_left_dot_is_in_the_upper_four_bits() -> None:
    dots = picture(bytes([0x0F, 0xA5]) + bytes(36862))
    assert dots.shape == (288, 256)
    assert dots[0, :4].tolist() == [0, 255, 170, 85]


def test_a_finger_comes_and_its_picture_is_fetched() -> None:
    module = Module()
    pad: FingerprintPad = opened(module)
    module.confirm[0x01] = 0x02
    assert not pad.finger_present()
    module.confirm.clear()
    assert pad.finger_present()
    arrived = pad.image()
    assert arrived.tobytes() == picture(module.image).tobytes()
    assert module.heard == [0x01, 0x01, 0x02, 0x0A]


@pytest.mark.parametrize(
    ("command", "code", "kind", "word", "action"),
    [
        (0x01, 0x03, Retry, "badImage", None),
        (0x02, 0x06, Retry, "badImage", None),
        (0x02, 0x07, Retry, "tooDry", None),
        (0x02, 0x15, Retry, "badImage", None),
        (0x0A, 0x0F, Retry, "readFailed", None),
        (0x01, 0x21, Fault, "accessDenied", StaffAction.CONFIGURATION),
        (0x01, 0x18, Fault, "hardwareError", StaffAction.MAINTENANCE),
        (0x01, 0xEE, Fault, "hardwareError", StaffAction.MAINTENANCE),  # in no manual
        (0x01, 0x01, Fault, "timeOut", StaffAction.RESET),  # says each time that it got it damaged
        (0x01, 0xAA, Fault, "timeOut", StaffAction.RESET),  # says nothing
    ],
)
def test_confirmations_say_whose_turn_it_is(
    command: int, code: int, kind: type[Retry | Fault], word: str, action: StaffAction | None
) -> None:
    module = Module()
    pad = opened(module)
    module.confirm[command] = code
    fetch = pad.finger_present if command == 0x01 else pad.image
    with pytest.raises(kind) as told:
        fetch()
    assert (told.value.code, getattr(told.value, "action", None)) == (word, action)


def test_a_judged_picture_is_not_fetched() -> None:
    module = Module()
    pad = opened(module)
    module.confirm[0x02] = 0x07
    with pytest.raises(Retry):
        pad.image()
    assert module.heard == [0x02]


def spoiled(module: Module, how: str) -> list[bytes]:
    packets = list(module.upload())
    match how:
        case "missing":
            del packets[7]
        case "twice":
            packets.insert(7, packets[7])
        case "changed":
            packets[7] = packets[7][:20] + bytes([packets[7][20] ^ 1]) + packets[7][21:]
        case "half":
            packets[7:] = [packets[7][:30]]
        case "endless":
            packets[-1] = packet(2, packets[-1][9:-2])
            packets += packets[:9]
        case "interrupted":
            packets.insert(7, ack(0))
        case "silent":
            packets.clear()
    return packets


@pytest.mark.parametrize("how", ["missing", "twice", "changed", "half", "endless", "interrupted", "silent"])
def test_a_picture_damaged_on_the_way_is_fetched_again_and_not_a_third_time(how: str) -> None:
    module = Module()
    pad = opened(module)
    module.spoil = [spoiled(module, how)]
    assert pad.image().tobytes() == picture(module.image).tobytes()
    module.spoil = [spoiled(module, how), spoiled(module, how)]
    with pytest.raises(Fault) as told:
        pad.image()
    assert told.value.code == "invalidData"
    assert pad.finger_present()


@pytest.mark.parametrize("first", [[], [ack(1)], [ack(0)[:-1] + b"\xff"], [ack(0)[:6]], [packet(2, b"")]])
def test_a_command_not_answered_well_is_sent_again(first: list[bytes]) -> None:
    module = Module()
    pad = opened(module)
    answers = iter([first])
    link = ScriptedLink(lambda data: next(answers, None) or module.answer(data))
    pad = ZfmFingerprintPad(link)
    pad.open()
    assert pad.status().usable


def test_the_speed_is_raised_while_open_and_set_back() -> None:
    module = Module()
    pad = opened(module, fast_baud=115200)
    assert (module.baud, module.host_baud) == (115200, 115200)
    assert pad.capabilities().more["baud"] == "115200"
    assert pad.finger_present()
    pad.close()
    assert (module.baud, module.host_baud) == (57600, 57600)


def test_a_module_left_at_the_higher_speed_is_found() -> None:
    module = Module()
    module.baud = 115200
    pad = opened(module, fast_baud=115200)
    assert pad.status().usable
    pad.close()
    assert module.baud == 115200  # as it was found


def test_a_link_without_speed_leaves_the_module_alone() -> None:
    module = Module()
    pad = ZfmFingerprintPad(ScriptedLink(module.answer), fast_baud=115200)
    pad.open()
    assert 0x0E not in module.heard


@pytest.mark.parametrize("baud", [0, 100, 9600 * 13])
def test_a_speed_the_module_does_not_have_is_a_mistake_of_the_caller(baud: int) -> None:
    with pytest.raises(ValueError, match="baud"):
        ZfmFingerprintPad(Module().link, fast_baud=baud)


def test_silence_and_a_lost_wire_are_told_apart_and_mend_themselves() -> None:
    module = Module()
    pad = opened(module)
    module.confirm[0x13] = 0xAA
    assert pad.status().state is State.OFFLINE
    with pytest.raises(Fault) as silent:
        pad.reset()
    assert (silent.value.code, silent.value.action) == ("timeOut", StaffAction.RESET)
    module.link.lost = True
    status = pad.status()
    assert (status.state, status.action) == (State.NO_DEVICE, StaffAction.MAINTENANCE)
    module.link.lost = False
    module.confirm.clear()
    assert pad.finger_present()
    assert module.heard[-3:] == [0x13, 0x0F, 0x01]  # greeted again before the command

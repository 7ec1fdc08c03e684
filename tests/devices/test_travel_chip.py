"""Access control and secure messaging against the worked example of ICAO Doc 9303-11, Appendix D."""

from __future__ import annotations

import pytest

from devices.travel_chip.chip import Chip, NotTheApplicationError, keys_of
from devices.travel_chip.secure_messaging import (
    AccessDeniedError,
    ChannelBrokenError,
    Session,
    access_keys,
    authenticate,
    derive,
)
from tests.devices import permit_housing as card

# D.2 and D.3: document L898902C<, born 690806, expires 940623
KEYS = access_keys(number="L898902C<3", birth="6908061", expiry="9406236")
SESSION_SEED = bytes.fromhex("0036D272F5C350ACAC50C3F572D23600")
COUNTER = bytes.fromhex("887022120C06C226")
CHALLENGE = bytes.fromhex("4608F919887022129000")
OUR_CHALLENGE = bytes.fromhex("781723860C06C226")
OUR_HALF = bytes.fromhex("0B795240CB7049B01C19B33E32804F0B")
TOKEN = bytes.fromhex(
    "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728"
)
PROOF = bytes.fromhex("46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000")

# D.4: select EF.COM, read its first four bytes, read the other eighteen
DIALOGUE = [
    (
        ("00A4020C", "011E", None),
        "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
        "990290008E08FA855A5D4C50A8ED9000",
        "",
    ),
    (
        ("00B00000", "", 4),
        "0CB000000D9701048E08ED6705417E96BA5500",
        "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
        "60145F01",
    ),
    (
        ("00B00004", "", 18),
        "0CB000040D9701128E082EA28A70F3C7B53500",
        "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
        "04303130365F36063034303030305C026175",
    ),
]


def published_random(size: int) -> bytes:
    return {8: OUR_CHALLENGE, 16: OUR_HALF}[size]


def test_the_access_keys_of_the_example() -> None:
    assert KEYS.encryption == bytes.fromhex("AB94FDECF2674FDFB9B391F85D7F76F2")
    assert KEYS.authentication == bytes.fromhex("7962D9ECE03D1ACD4C76089DCE131543")


def test_the_session_keys_of_the_example() -> None:
    keys = derive(SESSION_SEED)
    assert keys.encryption == bytes.fromhex("979EC13B1CBFE9DCD01AB0FED307EAE5")
    assert keys.authentication == bytes.fromhex("F1CB1F1FB5ADF208806B89DC579DC1F8")


def test_authentication_and_the_dialogue_of_the_example_byte_by_byte() -> None:
    said: list[bytes] = []
    answers = iter([CHALLENGE, PROOF])

    def exchange(apdu: bytes) -> bytes:
        said.append(apdu)
        return next(answers)

    session = authenticate(exchange, KEYS, published_random)
    assert said == [bytes.fromhex("0084000008"), TOKEN]
    for (header, data, expected), protected, response, plain in DIALOGUE:
        assert session.protect(bytes.fromhex(header), bytes.fromhex(data), expected) == bytes.fromhex(
            protected
        )
        assert session.open(bytes.fromhex(response)) == (bytes.fromhex(plain), 0x9000)


@pytest.mark.parametrize(
    ("challenge", "proof", "error"),
    [
        (b"\x6d\x00", PROOF, ChannelBrokenError),
        (CHALLENGE[1:], PROOF, ChannelBrokenError),
        (CHALLENGE, bytes.fromhex("6300"), AccessDeniedError),
        (CHALLENGE, PROOF[:8] + b"\x00" + PROOF[9:], AccessDeniedError),
        (CHALLENGE, PROOF[1:], AccessDeniedError),
        (bytes.fromhex("4608F919887022139000"), PROOF, AccessDeniedError),  # answers another challenge
    ],
)
def test_a_chip_that_does_not_prove_itself_is_refused(
    challenge: bytes, proof: bytes, error: type[Exception]
) -> None:
    answers = iter([challenge, proof])
    with pytest.raises(error):
        authenticate(lambda _: next(answers), KEYS, published_random)


@pytest.mark.parametrize(
    "response",
    [
        "9000",  # unprotected, as if all were well
        "6988",
        "",
        "990290008E08FA855A5D4C50A8EE9000",  # one bit of the check
        "990262828E08FA855A5D4C50A8ED9000",  # another status word under the same check
        "8E08FA855A5D4C50A8ED9000",
        "99029000990290008E08FA855A5D4C50A8ED9000",
        "9905900000008E08FA855A5D4C50A8ED9000",
        "87",
    ],
)
def test_an_answer_not_protected_as_it_must_be_ends_the_session(response: str) -> None:
    session = Session(derive(SESSION_SEED), COUNTER)
    session.protect(bytes.fromhex("00A4020C"), bytes.fromhex("011E"))
    with pytest.raises(ChannelBrokenError):
        session.open(bytes.fromhex(response))


def test_an_answer_played_twice_ends_the_session() -> None:
    session = Session(derive(SESSION_SEED), COUNTER)
    (header, data, expected), _, response, _ = DIALOGUE[0]
    session.protect(bytes.fromhex(header), bytes.fromhex(data), expected)
    session.open(bytes.fromhex(response))
    session.protect(bytes.fromhex(header), bytes.fromhex(data), expected)
    with pytest.raises(ChannelBrokenError):
        session.open(bytes.fromhex(response))


def test_a_card_permits_key_takes_the_expiry_from_before_the_birth_date() -> None:
    expected = access_keys(number="C000000004", birth="8108038", expiry="2404200")
    assert keys_of(card.LINE) == expected
    assert keys_of("CD" + card.LINE[2:]) == expected


@pytest.mark.parametrize("line", ["", card.LINE[:-1], "CR" + card.LINE[2:], "CS" + "Ω" * 28])
def test_other_lines_have_no_key(line: str) -> None:
    assert keys_of(line) is None


def test_the_application_is_read_and_written_through_the_channel() -> None:
    keys = keys_of(card.LINE)
    assert keys is not None
    said: list[bytes] = []
    permit = card.Chip()

    def exchange(apdu: bytes) -> bytes:
        said.append(apdu)
        return permit.answer(apdu)

    chip = Chip.open(exchange, keys)
    assert chip.holder_lines() == card.HOLDER
    chip.write_endorsements(b"\x00record\x80\x00")
    assert chip.endorsements() == b"\x00record\x80\x00"
    assert max(len(apdu) for apdu in said) <= 261
    assert permit.files[0x0120][:2] == b"\x00\x09"


def test_another_application_is_not_asked_for_a_challenge() -> None:
    keys = keys_of(card.LINE)
    assert keys is not None
    said: list[bytes] = []

    def exchange(apdu: bytes) -> bytes:
        said.append(apdu)
        return bytes.fromhex("6A82")

    with pytest.raises(NotTheApplicationError):
        Chip.open(exchange, keys)
    assert said == [bytes.fromhex("00A4040C07A0000002471001")]

"""The chip's side of access control and secure messaging against ICAO 9303-11 Appendix D."""

from __future__ import annotations

import pytest

from simulators.permit import bac

# Appendix D.2 to D.4: document L898902C<, born 690806, expires 940623.
ACCESS = bac.Keys.of_document("L898902C<3", "6908061", "9406236")
CHALLENGE = bytes.fromhex("4608F91988702212")
KEY_HALF = bytes.fromhex("0B4F80323EB3191CB04970CB4052790B")
COMMAND = bytes.fromhex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7")


def test_access_keys_of_the_worked_example() -> None:
    assert ACCESS.encryption.hex().upper() == "AB94FDECF2674FDFB9B391F85D7F76F2"
    assert ACCESS.mac.hex().upper() == "7962D9ECE03D1ACD4C76089DCE131543"


def test_external_authenticate_of_the_worked_example() -> None:
    answer = bac.authenticate(ACCESS, CHALLENGE, COMMAND, KEY_HALF)
    assert answer.hex().upper() == (
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449"
    )
    session = bac.session_of(ACCESS, CHALLENGE, COMMAND, KEY_HALF)
    assert session.keys.encryption.hex().upper() == "979EC13B1CBFE9DCD01AB0FED307EAE5"
    assert session.keys.mac.hex().upper() == "F1CB1F1FB5ADF208806B89DC579DC1F8"
    assert f"{session.counter:016X}" == "887022120C06C226"


def test_secure_messaging_of_the_worked_example() -> None:
    session = bac.session_of(ACCESS, CHALLENGE, COMMAND, KEY_HALF)
    select = bytes.fromhex("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800")
    assert session.unwrap(select).hex().upper() == "00A4020C02011E"
    assert session.wrap(b"\x90\x00").hex().upper() == "990290008E08FA855A5D4C50A8ED9000"
    read = bytes.fromhex("0CB000000D9701048E08ED6705417E96BA5500")
    assert session.unwrap(read).hex().upper() == "00B0000004"
    answer = session.wrap(bytes.fromhex("60145F019000"))
    assert answer.hex().upper() == "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"


@pytest.mark.parametrize("bit", range(0, 320, 17))
def test_a_changed_bit_is_not_accepted(bit: int) -> None:
    changed = bytearray(COMMAND)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(bac.NotAuthentic):
        bac.authenticate(ACCESS, CHALLENGE, bytes(changed), KEY_HALF)

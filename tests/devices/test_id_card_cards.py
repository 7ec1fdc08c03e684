"""The four layouts of a card's text, written here field by field at the published offsets."""

from datetime import date

import pytest

from devices.id_card_reader.cards import decode_card, decode_fingerprints
from devices.interfaces import CardType

Fields = dict[int, tuple[str, int]]

RESIDENT: Fields = {
    0: ("李文静", 30),
    30: ("2", 2),
    32: ("01", 4),
    36: ("19920314", 16),
    52: ("浙江省宁波市鄞州区首南街道 1 号", 70),
    122: ("330212199203140028", 36),
    158: ("宁波市公安局鄞州分局", 30),
    188: ("20200102", 16),
    204: ("20400102", 16),
}


def text_block(fields: Fields) -> bytes:
    block = bytearray(" ".encode("utf-16-le") * 128)
    for offset, (value, size) in fields.items():
        data = value.encode("utf-16-le")
        assert len(data) <= size
        block[offset : offset + len(data)] = data
    return bytes(block)


def finger_block(finger: int, enrolled: int = 1, quality: int = 80) -> bytes:
    return bytes([0x43, 0, 0, 0, enrolled, finger, quality]) + bytes(505)


def test_resident_card() -> None:
    card = decode_card(text_block(RESIDENT), photo=b"photo", fingerprints=finger_block(11) + finger_block(16))
    assert card.type is CardType.RESIDENT
    assert (card.name, card.number, card.sex, card.nation) == ("李文静", "330212199203140028", "2", "01")
    assert (card.birth, card.valid_from, card.expires) == (
        date(1992, 3, 14),
        date(2020, 1, 2),
        date(2040, 1, 2),
    )
    assert card.address == "浙江省宁波市鄞州区首南街道 1 号"
    assert card.authority == "宁波市公安局鄞州分局"
    assert card.photo == b"photo"
    assert [(f.finger, f.quality, len(f.block)) for f in card.fingerprints] == [(11, 80, 512), (16, 80, 512)]
    assert not card.no_expiry
    assert card.bad_dates == ()
    assert card.pass_number == ""


def test_a_card_without_end_says_so() -> None:
    card = decode_card(text_block(RESIDENT | {204: ("长期", 16)}))
    assert card.no_expiry
    assert card.expires is None
    assert card.bad_dates == ()


@pytest.mark.parametrize("name", ["䶮㛃", "𬭎", "阿卜杜拉·买买提"])
def test_rare_characters_are_kept(name: str) -> None:
    assert decode_card(text_block(RESIDENT | {0: (name, 30)})).name == name


@pytest.mark.parametrize("raw", ["20230229", "1992-3-1", "", "２０２００１０２"])
def test_a_date_that_is_none_is_told_and_not_guessed(raw: str) -> None:
    card = decode_card(text_block(RESIDENT | {36: (raw, 16)}))
    assert card.birth is None
    assert card.bad_dates == (raw,)


def test_residence_permit_of_hong_kong_macau_taiwan_residents() -> None:
    fields = RESIDENT | {
        32: ("  ", 4),
        122: ("810000199408230021", 36),
        220: ("H12345678", 18),
        238: ("01", 4),
        248: ("J", 2),
    }
    card = decode_card(text_block(fields))
    assert card.type is CardType.HK_MO_TW_RESIDENCE
    assert (card.number, card.pass_number, card.nation) == ("810000199408230021", "H12345678", "")


def test_foreigner_2017() -> None:
    card = decode_card(
        text_block(
            {
                0: ("GARCIA LOPEZ, MARIA", 120),
                120: ("2", 2),
                122: ("ESP110188050101", 30),
                152: ("ESP", 6),
                158: ("加西亚", 30),
                188: ("20180101", 16),
                204: ("20280101", 16),
                220: ("19880501", 16),
                236: ("01", 4),
                240: ("1500", 8),
                248: ("I", 2),
            }
        )
    )
    assert card.type is CardType.FOREIGNER_2017
    assert (card.name, card.english_name) == ("加西亚", "GARCIA LOPEZ, MARIA")
    assert (card.number, card.nationality, card.authority) == ("ESP110188050101", "ESP", "1500")
    assert card.birth == date(1988, 5, 1)


def test_foreigner_2023_joins_the_two_parts_of_the_name() -> None:
    long_name = "MARIA DE LOS ANGELES GARCIA LOPEZ DE LA TORRE"
    card = decode_card(
        text_block(
            {
                0: ("加西亚", 30),
                30: ("2", 2),
                32: ("00", 4),
                36: ("19880501", 16),
                52: (long_name[:35], 70),
                122: ("911111198805010020", 36),
                188: ("20240101", 16),
                204: ("20340101", 16),
                220: (long_name[35:], 22),
                242: ("ESP", 6),
                248: ("Y", 2),
            }
        )
    )
    assert card.type is CardType.FOREIGNER_2023
    assert card.english_name == long_name
    assert (card.number, card.nationality, card.birth) == ("911111198805010020", "ESP", date(1988, 5, 1))


def test_a_flag_that_no_layout_has_is_refused() -> None:
    with pytest.raises(ValueError, match="'Q'"):
        decode_card(text_block(RESIDENT | {248: ("Q", 2)}))


def test_a_block_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        decode_card(bytes(255))


@pytest.mark.parametrize(
    "blocks",
    [b"", bytes(512), finger_block(11, enrolled=3), finger_block(11)[:-1], b"D" + finger_block(11)[1:]],
)
def test_fingers_that_are_not_enrolled_are_left_out(blocks: bytes) -> None:
    assert decode_fingerprints(blocks) == ()

"""What goes onto the card: the endorsement file of the chip and the code of the strip.

Both formats are our own stand-ins for the issuer's, which are not public. The file is ASCII text,
one endorsement a line, at most 255 bytes::

    1|HKG|G|20261122|20271121|1|7|2611220000011
    line | destination | type | from | until | entries (0 = multiple) | days a stay | number

The strip's code is ``EN``, the approval's fourteen digits, and two check digits of ISO 7064
MOD 97-10 over them, as an IBAN has.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from simulators.back_office.contract import Destination, EndorsementType, Entries, Part

CAPACITY: Final = 255


class IssuedEndorsement(Part):
    number: str
    destination: Destination
    type: EndorsementType
    valid_from: date
    valid_until: date
    entries: Entries
    stay_days: int


def chip_record(endorsements: Sequence[IssuedEndorsement]) -> bytes:
    """Return the file's content; what does not fit is left off at the end, so put the newest first."""
    record = b""
    for number, endorsement in enumerate(endorsements, start=1):
        fields = (
            str(number),
            endorsement.destination,
            endorsement.type,
            f"{endorsement.valid_from:%Y%m%d}",
            f"{endorsement.valid_until:%Y%m%d}",
            str(endorsement.entries),
            str(endorsement.stay_days),
            endorsement.number,
        )
        line = ("|".join(fields) + "\n").encode("ascii")
        if len(record) + len(line) > CAPACITY:
            break
        record += line
    return record


def strip_code(approval_digits: str) -> str:
    """Return the strip's code for an approval's digits."""
    return f"EN{approval_digits}{98 - int(approval_digits) * 100 % 97:02d}"

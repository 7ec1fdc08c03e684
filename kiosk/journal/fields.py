"""What a body of the journal may hold: an allow-list of names, and values that can't be a person.

A name that isn't listed is refused, so that nobody writes a holder's name, number, face or finger
by accident. Values are words, numbers and digests: no free text, nothing outside ASCII, and no
string that is a citizen's ID number. A person is named by ``Journal.token`` only.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any, Final

from kiosk.journal.records import Body, NotAllowed

_NAMES: Final = """
    service case_no outcome reason step prompt language large_text seconds_left simulated site

    effect key state before after media position bin_count counters cuts strip_code chip_digest
    approval_no digest chip strip tries verdict

    order_no refund_no bill_no amount_fen refunded_fen total_fen fee_fen channel method
    host_reference lifetime_s expires_at
    day lines differences book here_fen there_fen

    violation_no decision_no objection_no fine_fen surcharge_fen points receipts

    items destination type validity entries valid_from valid_until number stay_days

    holder_token permit_token way engine score_permille threshold_permille finger quality card_type

    serial sheets purpose document_no retained

    device code action document copies status parts fault warnings

    staff second_staff role unit was count cases receiver test door

    version schema started_by quarantined resolved pending head events duration_ms attempt level
    event_kind clock_offset_ms open_visits outbox_depth disk_free_mb
"""
ALLOWED: Final = frozenset(_NAMES.split())
"""The visit; effects and their evidence; money; what was chosen; who, without saying who; devices and
documents; the machine."""

_WORD: Final = re.compile(r"[\x20-\x7e]{0,160}\Z")
_FREE_TEXT: Final = re.compile(r"[A-Za-z]+ [A-Za-z]+")
_ID_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MAX_BODY_BYTES: Final = 8192


def canonical(value: Any) -> str:
    """Return ``value`` as canonical JSON: keys sorted, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def checked(body: Body) -> str:
    """Return ``body`` as canonical JSON; raises ``NotAllowed`` when the journal must not keep it."""
    _check(body, "body")
    text = canonical(body)
    if len(text) > _MAX_BODY_BYTES:
        raise NotAllowed(f"a body of {len(text)} bytes is no note")
    return text


def word(text: str) -> str:
    """Return what the journal may keep of a word that a device or a server said: at most 64 characters."""
    return re.sub(r"[^!-~]+", "-", text)[:64]


def _check(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in ALLOWED:
                raise NotAllowed(f"{where}: the journal keeps no field {name!r}")
            _check(part, f"{where}.{name}")
    elif isinstance(value, (list, tuple)):
        for part in value:
            _check(part, where)
    elif isinstance(value, str):
        if not _WORD.match(value) or _FREE_TEXT.search(value):
            raise NotAllowed(f"{where}: the journal keeps words and numbers, no text")
        if any(_is_id_number(found) for found in _ID_NUMBER.findall(value)):
            raise NotAllowed(f"{where}: the journal keeps no ID number")
    elif value is not None and not isinstance(value, int):
        raise NotAllowed(f"{where}: the journal keeps no {type(value).__name__}")


def _is_id_number(digits: str) -> bool:
    """Tell whether 18 characters are a citizen's ID number (GB 11643): a real day, check character."""
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    weighted = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:17], strict=True))
    return "10X98765432"[weighted % 11] == digits[17].upper()

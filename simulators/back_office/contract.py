"""What the API's requests and answers have in common: strict models, and the kinds of field.

Each desk has the models of its own operations. Money is in fen, dates are ISO 8601, times carry
their zone. Every request is checked strictly: no field may be missing, of another type or unknown.
The OpenAPI document is made from the same models.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)


def _day_as_iso(value: object) -> object:
    # Left to itself "0" would be taken for seconds since 1970, and fromisoformat() knows more than one way.
    if isinstance(value, str):
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII) is None:
            raise ValueError("not a date as ISO 8601 writes it")
        return date.fromisoformat(value)
    return value


def _of_this_century(value: datetime) -> datetime:
    if not 2000 <= value.year < 2100:
        raise ValueError("not of this century")
    return value


CaseNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,40}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,32}$")]
OrderNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{6,32}$")]
RefundNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{6,36}$")]
PermitNo = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{9}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,100}$")]
OptionalLine = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{0,100}$")]
Fen = Annotated[int, Field(ge=0, le=10_000_000)]
PaidFen = Annotated[int, Field(ge=1, le=10_000_000)]
Phone = Annotated[str, StringConstraints(pattern=r"^1[3-9][0-9]{9}$")]
"""A mobile number of the mainland: eleven digits, 13 to 19 first (电信网编号计划, 2017)."""
Day = Annotated[date, BeforeValidator(_day_as_iso)]
"""For addresses and queries; in a body a date is strict by itself."""

Moment = Annotated[
    AwareDatetime, AfterValidator(_of_this_century), Field(json_schema_extra={"pattern": "^20[0-9]{2}-"})
]


Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]
Destination = Literal["HKG", "MAC"]
EndorsementType = Literal["G", "L", "T", "S", "Q", "D", "R"]
Validity = Literal["P3M", "P1Y"]
Entries = Annotated[int, Field(ge=0, le=2, description="0 means any number (多次)")]


class Part(BaseModel):
    """What all parts of the contract share: strict types, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Failure(Part):
    """Any answer that is not a success. ``error`` is a code; ``message`` says it to people in each
    language, ``detail`` to whoever integrates (which field, which number)."""

    error: str
    message: dict[str, str]
    detail: str = ""

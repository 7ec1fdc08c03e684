"""What the API's requests and answers have in common: strict models, and the kinds of field.

Each desk has the models of its own operations. Money is in fen, dates are ISO 8601, times carry
their zone. Every request is checked strictly: no field may be missing, of another type or unknown.
The OpenAPI document is made from the same models.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

CaseNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,40}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,32}$")]
OrderNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{6,32}$")]
RefundNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{6,36}$")]
PermitNo = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{9}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,100}$")]
OptionalLine = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{0,100}$")]
Fen = Annotated[int, Field(ge=0, le=10_000_000)]
PaidFen = Annotated[int, Field(ge=1, le=10_000_000)]
Phone = Annotated[str, StringConstraints(pattern=r"^1[0-9]{10}$")]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC))
]


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

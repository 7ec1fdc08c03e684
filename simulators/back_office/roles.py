"""Who officers (民警) are: 受理 accepting, 审核 reviewer, 审批 decider, 审计 auditor; each at one station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Role = Literal["accepting", "reviewer", "decider", "auditor"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
CASEWORK: Final[tuple[Role, ...]] = ("accepting", "reviewer", "decider")
"""Those who do something with a case; the auditor only looks."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Who asks, once logged in; ``session`` is the digest by which the session is kept."""

    login: str
    name: str
    station: str
    roles: frozenset[str]
    session: str = ""

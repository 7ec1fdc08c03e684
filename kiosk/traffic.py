"""Traffic violations as the traffic police's register gives them: the records, and the licence they go on.

The fields are those of the police's platform (六合一): number (WFBH), plate and its kind (HPHM, HPZL), time,
place, act (WFSJ, WFDD, WFXW), points and fine (WFJFS, FKJE), decision (JDSBH), authority (CLJG).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kiosk.texts import Text, bilingual


@dataclass(frozen=True, slots=True)
class Words:
    """Something that the register says in Chinese, and in English where it has a translation."""

    chinese: str
    english: str = ""

    @property
    def text(self) -> Text:
        """The words for a page; Chinese where there is no translation."""
        return bilingual(self.chinese, self.english or self.chinese)


@dataclass(frozen=True, slots=True)
class Licence:
    """A driving licence (驾驶证).

    ``state``: normal, withheld, suspended, revoked, cancelled, overdue, expired. ``points`` are those of
    the cycle that ends on ``cycle_until``; ``other_vehicles`` the plates of other owners' vehicles whose
    violations went on this licence in the cycle.
    """

    state: str
    points: int
    cycle_until: date
    other_vehicles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Violation:
    """A record (违法记录). Decided ones have ``decision_no`` and when it was received; they are unpaid.

    ``plate_kind`` is of GA 24.7 (02 小型汽车). ``other_licences`` are the licences, besides this one, on
    which violations of the vehicle were put in the cycle. ``suspended_days`` are those of a review or
    lawsuit since the decision.
    """

    number: str
    plate: str
    plate_kind: str
    owned: bool
    at: datetime
    place: Words
    act_code: str
    act: Words
    basis: Words
    fine_fen: int
    points: int
    authority: Words
    other_licences: int = 0
    decision_no: str = ""
    received_on: date | None = None
    suspended_days: int = 0

    @property
    def decided(self) -> bool:
        """Tell whether it has been decided and only the fine is owed."""
        return bool(self.decision_no)


@dataclass(frozen=True, slots=True)
class Records:
    """What the register has of a person: own violations and those of own and entrusted vehicles."""

    licence: Licence | None
    violations: tuple[Violation, ...]

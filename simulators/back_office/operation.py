"""One operation of the API. Its models are read off the function that does it, so each is said once.

The function's first parameter says how it works with the database:

* ``db: Connection`` (then ``office: Office``): within one transaction, in which the answer to a
  repeated key is stored too. This is the rule.
* ``office: Office``: with transactions of its own, because another host is asked in the midst and
  nothing may be held locked meanwhile. It must bear being done again after a crash between them.

One with a parameter ``officer: Officer`` is for officers who are logged in and have one of the
operation's ``roles``; all others are for kiosks, which have the token. A parameter named in the path is
a part of the address; one whose type is a ``Part`` is the body, or the query of a GET; the return type
is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_type_hints

from pydantic import TypeAdapter
from sqlalchemy import Connection

from simulators.back_office.contract import Part
from simulators.back_office.desk import Office
from simulators.back_office.roles import ROLES, Officer, Role

Act = Callable[..., Part]
Method = Literal["GET", "POST", "PUT"]
Door = Literal["kiosk", "officer", "open"]
"""Who may come in: a kiosk with the token, an officer who is logged in, anybody."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, once it is known to fit: the address's parts, body or query, and who asks."""

    numbers: Mapping[str, Any]
    said: Part | None
    officer: Officer | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """``keyed`` operations need an ``Idempotency-Key`` and repeat the answer they gave."""

    method: Method
    path: str
    summary: str
    act: Act
    answer: type[Part]
    numbers: Mapping[str, TypeAdapter[Any]]
    """The parts of the address by name."""

    said: tuple[str, type[Part]] | None
    """The function's parameter for body or query, and its model."""

    alone: bool
    """The act makes transactions of its own."""

    status: int
    keyed: bool
    door: Door
    roles: frozenset[Role]
    """What an officer must be, one of these at least."""

    @property
    def name(self) -> str:
        """The operation as faults and documents call it: ``POST /v1/cases``."""
        return f"{self.method} {self.path}"

    @property
    def model(self) -> type[Part] | None:
        """The model of the body, or of the query of a GET."""
        return None if self.said is None else self.said[1]

    def do(self, db: Connection, office: Office, asked: Asked) -> Part:
        """Do it within the transaction of ``db``; raises ``Refused``."""
        return self.act(db, office, **self._arguments(asked))

    def do_alone(self, office: Office, asked: Asked) -> Part:
        """Do it with transactions of its own; raises ``Refused``."""
        return self.act(office, **self._arguments(asked))

    def _arguments(self, asked: Asked) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(asked.numbers)
        if self.said is not None:
            arguments[self.said[0]] = asked.said
        if self.door == "officer":
            arguments["officer"] = asked.officer
        return arguments


def get(path: str, act: Act, summary: str, *, roles: Iterable[Role] = ROLES) -> Operation:
    """Describe a question: it changes nothing that anybody would miss."""
    return _read(act, "GET", path, summary, status=200, keyed=False, roles=roles)


def post(
    path: str,
    act: Act,
    summary: str,
    *,
    status: int = 200,
    keyed: bool = True,
    roles: Iterable[Role] = ROLES,
    open_to_all: bool = False,
) -> Operation:
    """Describe an act; ``keyed=False`` for a question whose words are too private for an address."""
    operation = _read(act, "POST", path, summary, status=status, keyed=keyed, roles=roles)
    return replace(operation, door="open") if open_to_all else operation


def put(path: str, act: Act, summary: str, *, roles: Iterable[Role] = ROLES) -> Operation:
    """Describe something that is set to what is said: said again it is the same, so it needs no key."""
    return _read(act, "PUT", path, summary, status=200, keyed=False, roles=roles)


def _read(
    act: Act,
    method: Method,
    path: str,
    summary: str,
    *,
    status: int,
    keyed: bool,
    roles: Iterable[Role],
) -> Operation:
    types = get_type_hints(act, include_extras=True)
    answer = types.pop("return")
    first = next(iter(types))
    if first not in {"db", "office"}:
        raise TypeError(f"{act.__name__}: the first parameter is {first}, not db or office")
    numbers = {name: TypeAdapter(types.pop(name)) for name in re.findall(r"{(\w+)}", path)}
    rest = [(name, kind) for name, kind in types.items() if name not in {"db", "office", "officer"}]
    if len(rest) > 1 or any(not issubclass(kind, Part) for _, kind in rest):
        raise TypeError(f"{act.__name__}: what are {', '.join(name for name, _ in rest)}?")
    if first == "office" and "officer" in types:
        raise TypeError(f"{act.__name__}: an officer's act happens in one transaction with its audit entry")
    return Operation(
        method=method,
        path=path,
        summary=summary,
        act=act,
        answer=answer,
        numbers=numbers,
        said=rest[0] if rest else None,
        alone=first == "office",
        status=status,
        keyed=keyed,
        door="officer" if "officer" in types else "kiosk",
        roles=frozenset(roles),
    )

"""Scenario files: who comes, what they do, what goes wrong when, and what must be true at the end.

One TOML file is one visit (``simulators/scenarios/``; its README tells every key). Whatever is misspelt
is a ``ScenarioError`` that names the file and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from simulators.citizen import Plan

FOLDER: Final = Path(__file__).parent / "scenarios"
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "act": (),  # any further key is an argument of the act
    "fault": ("device", "operation", "nth", "repeat", "after_s", "probability", "seed", "args"),
    "clear": (),
    "answer": ("value",),
    "noticed": (),
    "pause_s": (),
    "power": (),
}
"""What can be done, with the further keys of each."""


class ScenarioError(ValueError):
    """A scenario file is wrong; the text names file and key."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done: ``kind`` is one of ``STEPS``, ``what`` its value."""

    kind: str
    what: Any
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class When:
    """What is done at a prompt, or when a sentence is said (by its key).

    ``time`` counts the pages of that prompt from 1; ``every`` does it at each. Without ``obvious`` the
    citizen leaves it at that and does not go on as the page asks.
    """

    prompt: str = ""
    said: str = ""
    time: int = 1
    every: bool = False
    obvious: bool = True
    do: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Expect:
    """What must be true at the end; what is None is not looked at.

    ``prompts`` must come in this order (others may come between), ``never`` not at all; ``effects`` are
    all of them as ``kind state``; ``documents`` all kinds printed; ``events`` must each be in the
    kiosk's log with these fields; ``told`` in the case's history at the back office; ``carries`` is
    what the permit carries afterwards, of ``chip`` and ``strip``; ``refuses`` all services that the
    first page refuses to the next person.
    """

    outcome: str | None
    reason: str | None = None
    prompts: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    effects: tuple[str, ...] | None = None
    paid_fen: int | None = None
    refunded_fen: int | None = None
    documents: tuple[str, ...] | None = None
    permit: str | None = None
    id_card: str | None = None
    carries: tuple[str, ...] | None = None
    said: tuple[str, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    told: tuple[str, ...] = ()
    refuses: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. ``failpoint`` (``name:n``) kills the kiosk there; it is started again at once.

    ``title_zh`` is the title in Chinese, empty where the file has none.
    """

    name: str
    title: str
    citizen: Plan
    before: tuple[Step, ...]
    when: tuple[When, ...]
    failpoint: str
    expect: Expect
    title_zh: str = ""


def load(file: Path) -> list[Scenario]:
    """Read a file's scenario, or one for each word of its ``each``; raises ``ScenarioError``."""
    try:
        top = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{file}: {error}") from error
    words = top.pop("each", None)
    if words is None:
        return [_scenario(file, file.stem, top)]
    return [_scenario(file, f"{file.stem}:{word}", _with(top, str(word))) for word in words]


def load_all(folder: Path = FOLDER) -> list[Scenario]:
    """Read every scenario of a folder, in the order of their names."""
    return [scenario for file in sorted(folder.glob("*.toml")) for scenario in load(file)]


def _with(value: Any, word: str) -> Any:
    """Return ``value`` with ``$each`` in its texts replaced by ``word``."""
    if isinstance(value, str):
        return value.replace("$each", word)
    if isinstance(value, list):
        return [_with(part, word) for part in value]
    if isinstance(value, dict):
        return {key: _with(part, word) for key, part in value.items()}
    return value


def _scenario(file: Path, name: str, top: Mapping[str, Any]) -> Scenario:
    reader = _Reader(file)
    reader.known(top, ("title", "title_zh", "citizen", "before", "when", "failpoint", "expect"), "")
    for key in ("title", "expect"):
        if key not in top:
            raise ScenarioError(f"{file}: {key} is missing")
    return Scenario(
        name=name,
        title=str(top["title"]),
        citizen=reader.record(Plan, top.get("citizen", {}), "citizen"),
        before=reader.steps(top.get("before", []), "before"),
        when=tuple(reader.when(table, f"when[{n}]") for n, table in enumerate(top.get("when", []))),
        failpoint=str(top.get("failpoint", "")),
        expect=reader.record(Expect, top["expect"], "expect"),
        title_zh=str(top.get("title_zh", "")),
    )


class _Reader:
    """Reads the tables of one file, complaining with the file's name and the key."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def known(self, table: Any, keys: Sequence[str], where: str) -> None:
        if not isinstance(table, dict):
            raise self._wrong(where, "must be a table")
        for key in table:
            if key not in keys:
                raise self._wrong(f"{where}.{key}".lstrip("."), f"unknown; one of {', '.join(keys)}")

    def record(self, kind: type[Any], table: Any, where: str) -> Any:
        """Return a dataclass of ``kind`` from a table; lists become tuples."""
        self.known(table, [one.name for one in fields(kind)], where)
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
        try:
            return kind(**values)
        except TypeError as error:
            raise self._wrong(where, str(error)) from error

    def when(self, table: Any, where: str) -> When:
        self.known(table, [one.name for one in fields(When)], where)
        if bool(table.get("prompt")) == bool(table.get("said")):
            raise self._wrong(where, "needs either prompt or said")
        return When(**{**table, "do": self.steps(table.get("do", []), f"{where}.do")})

    def steps(self, tables: Any, where: str) -> tuple[Step, ...]:
        if not isinstance(tables, list):
            raise self._wrong(where, "must be a list of steps")
        return tuple(self._step(table, f"{where}[{n}]") for n, table in enumerate(tables))

    def _step(self, table: Any, where: str) -> Step:
        kinds = [kind for kind in STEPS if isinstance(table, dict) and kind in table]
        if len(kinds) != 1:
            raise self._wrong(where, f"a step is one of {', '.join(STEPS)}")
        kind = kinds[0]
        more = {key: value for key, value in table.items() if key != kind}
        if kind != "act":
            self.known(more, STEPS[kind], where)
        return Step(kind, table[kind], more)

    def _wrong(self, where: str, why: str) -> ScenarioError:
        return ScenarioError(f"{self._file}: {where}: {why}")

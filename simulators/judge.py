"""The judge: whether a visit ended as its scenario says, and as every visit must."""

from __future__ import annotations

import contextlib
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import requests

from simulators.scenario_file import Expect, Scenario
from simulators.stand import FIRST_PAGES, NotReady, Stand
from simulators.verdict import verdict

STRINGS: Final = Path(__file__).parent.parent / "config" / "strings"
CLEAN_S: Final = 2.0
TOLD_S: Final = 40.0
"""For what comes when nobody is served any more: devices are asked again, the store is compared."""
NEVER_IN_THE_LOG: Final = ("unexpected-error", "catalogue-miss", "personal-data-withheld")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must be true: ``what`` kind of thing, what is ``wanted``, whether it ``holds``.

    ``holds`` is None while that is open. ``otherwise`` says what is there instead where it does not hold.
    """

    what: str
    wanted: Any
    holds: bool | None
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """How it was before the visit: what belongs to earlier ones."""

    orders: frozenset[str]
    log_size: int

    @classmethod
    def before(cls, stand: Stand) -> Scene:
        return cls(frozenset(stand.world.state()["orders"]), stand.log_size())


def may_go_on(scenario: Scenario) -> bool:
    """Tell whether another visit may follow on the same kiosk: no question is left to staff."""
    expect = scenario.expect
    return expect.outcome != "escalated" or (expect.permit == "bin" and not expect.paid_fen)


def findings(
    scenario: Scenario,
    stand: Stand,
    report: dict[str, Any],
    scene: Scene,
    prompts: Sequence[str],
    said: set[str],
) -> list[Finding]:
    """Return everything that must be true at the end of a visit, and whether it is."""
    expect = scenario.expect
    ended = verdict(report, stand.world, scenario.citizen.persona, stand.state, scene.orders)
    # What the citizen saw is the truth; the report of recovery has no prompts at all.
    checks: list[Iterator[Finding]] = [
        _equal("outcome", expect.outcome, ended["outcome"]),
        _equal("reason", expect.reason, ended["reason"]),
        _equal("paid_fen", expect.paid_fen, ended["paid_fen"]),
        _equal("refunded_fen", expect.refunded_fen, ended["refunded_fen"]),
        _equal("effects", expect.effects, tuple(f"{e['kind']} {e['state']}" for e in ended["effects"])),
        _equal("documents", expect.documents, tuple(d["kind"] for d in ended["documents"])),
        _of_pages(expect, prompts, said, over=True),
        _invariants(ended["invariants"]),
        _unspeakable(said),
        _world(scenario, stand),
        _logged(expect.events, stand, scene.log_size),
        _told(expect.told, stand, str(ended["case"])),
        _clean(stand),
        _refuses(expect.refuses, stand),
    ]
    return [finding for check in checks for finding in check]


def so_far(expect: Expect, prompts: Sequence[str], said: set[str]) -> list[Finding]:
    """Return what must be true at the end as far as the pages tell it while the visit is under way."""
    single = ("outcome", "reason", "paid_fen", "refunded_fen", "effects", "documents", "permit", "id_card")
    wanted = [(name, getattr(expect, name)) for name in (*single, "carries")]
    wanted += [("event", dict(event)) for event in expect.events]
    wanted += [("told", step) for step in expect.told]
    wanted += [("refuses", name) for name in expect.refuses or ()]
    later = [Finding(name, value, None) for name, value in wanted if value is not None]
    return [*_of_pages(expect, prompts, said, over=False), *later]


def _of_pages(expect: Expect, prompts: Sequence[str], said: set[str], *, over: bool) -> Iterator[Finding]:
    """What the person was shown and told; what may still come is open until the visit is ``over``."""
    otherwise = False if over else None
    rest = iter(prompts)
    for name in expect.prompts:
        shown = name in rest
        yield Finding("shown", name, shown or otherwise, f"{name} was not shown, or not in this order")
    for name in expect.never:
        clear = True if over else None
        yield Finding("never", name, False if name in prompts else clear, f"{name} was shown")
    for key in expect.said:
        yield Finding("said", key, key in said or otherwise, f"{key} was never said")


def _invariants(held: Mapping[str, bool | str]) -> Iterator[Finding]:
    for name, holds in held.items():
        yield Finding("invariant", name, holds is True, f"invariant {name}: {holds}")


def _equal(name: str, wanted: Any, found: Any) -> Iterator[Finding]:
    if wanted is not None:
        yield Finding(name, wanted, wanted == found, f"{name} is {found!r}, not {wanted!r}")


def _world(scenario: Scenario, stand: Stand) -> Iterator[Finding]:
    """Where permit and ID card are, and what the permit carries."""
    expect, seen = scenario.expect, stand.world.state()
    yield from _equal("permit", expect.permit, seen["permit"]["where"])
    yield from _equal("id_card", expect.id_card, seen["id_card"]["where"])
    if expect.carries is not None:
        carried = {
            "chip": bool(seen["permit"]["chip_endorsements"]),
            "strip": bool(seen["permit"]["strip"]["code"]),
        }
        found = tuple(name for name, has in carried.items() if has)
        yield from _equal("carries", tuple(sorted(expect.carries)), found)


def _logged(wanted: Sequence[Mapping[str, Any]], stand: Stand, since: int) -> Iterator[Finding]:
    """What the log must say may come a moment after the visit, when the devices are asked again."""

    def missing() -> list[Mapping[str, Any]]:
        log = stand.events(since)
        return [event for event in wanted if not any(event.items() <= line.items() for line in log)]

    with contextlib.suppress(NotReady):
        stand.until(lambda: not missing(), "event", TOLD_S)
    log, absent = stand.events(since), missing()
    for event in wanted:
        alike = [line for line in log if line.get("event") == event.get("event")]
        words = f"no event {dict(event)} in the log; of its name: {alike}"
        yield Finding("event", dict(event), event not in absent, words)
    unforeseen = [dict(line) for line in log if line.get("event") in NEVER_IN_THE_LOG]
    yield Finding("log", "nothing unforeseen", not unforeseen, f"in the log: {unforeseen}")


def _told(wanted: Sequence[str], stand: Stand, case_no: str) -> Iterator[Finding]:
    """Ask the back office for the case's history, until what must be told is there."""
    deadline_s = time.monotonic() + TOLD_S
    missing = set(wanted)
    url, token = stand.office
    while missing and time.monotonic() < deadline_s:
        reply = requests.get(
            f"{url}/v1/cases/{quote(case_no)}", headers={"Authorization": f"Bearer {token}"}, timeout=5
        )
        missing = set(wanted) - {step["step"] for step in reply.json().get("history", [])}
        if missing:
            time.sleep(0.1)
    for name in wanted:
        yield Finding("told", name, name not in missing, f"the back office was not told of {name}")


def _refuses(wanted: tuple[str, ...] | None, stand: Stand) -> Iterator[Finding]:
    """Look at the first page as the next person finds it, which may learn of a device a moment later."""
    if wanted is None:
        return

    def refused() -> tuple[str, ...]:
        tiles = stand.page()["prompt"].get("services", ())
        return tuple(tile["value"] for tile in tiles if tile["refused"] is not None)

    with contextlib.suppress(NotReady):
        stand.until(lambda: refused() == wanted, "refusal", TOLD_S)
    yield from _equal("refuses", wanted, refused())


def _clean(stand: Stand) -> Iterator[Finding]:
    """The first page stands again, in the first language, and nobody is greeted in large letters."""

    def clean() -> bool:
        page = stand.page()
        if page["prompt"]["name"] not in FIRST_PAGES:
            return False
        return page["language"] == "zh-CN" and not page["large_text"]

    why = ""
    try:
        stand.until(clean, "clean first page", CLEAN_S)
    except NotReady as error:
        why = str(error)
    yield Finding("clean", "first page", not why, why)


def _unspeakable(said: set[str]) -> Iterator[Finding]:
    lacking = [f"{key} ({name})" for name, keys in _sentences().items() for key in sorted(said - keys)]
    words = f"no sentence for {', '.join(lacking)}"
    yield Finding("sentences", "in each language", not lacking, words)


@cache
def _sentences() -> Mapping[str, frozenset[str]]:
    """Return the keys of each language's sentences, and those that a site brings itself."""
    own = {"verbatim", "bilingual", "site.name", "site.elsewhere", "attract.hours"}
    tables = {file.stem: tomllib.loads(file.read_text("utf-8")) for file in STRINGS.glob("*.toml")}
    return {name: frozenset({*_flat(table), *own}) for name, table in tables.items()}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}".removesuffix(".")

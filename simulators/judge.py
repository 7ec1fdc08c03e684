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

from simulators.scenario_file import Scenario
from simulators.stand import NotReady, Stand
from simulators.verdict import verdict

STRINGS: Final = Path(__file__).parent.parent / "config" / "strings"
CLEAN_S: Final = 2.0
TOLD_S: Final = 5.0
NEVER_IN_THE_LOG: Final = ("unexpected-error", "catalogue-miss", "personal-data-withheld", "screen-error")


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


def faults(
    scenario: Scenario,
    stand: Stand,
    report: dict[str, Any],
    scene: Scene,
    prompts: Sequence[str],
    said: set[str],
) -> list[str]:
    """Return what is not as it must be."""
    expect = scenario.expect
    ended = verdict(report, stand.world, scenario.citizen.persona, stand.state, scene.orders)
    # What the citizen saw is the truth; the report of recovery has no prompts at all.
    checks: list[Iterator[str]] = [
        _equal("outcome", expect.outcome, ended["outcome"]),
        _equal("reason", expect.reason, ended["reason"]),
        _equal("paid_fen", expect.paid_fen, ended["paid_fen"]),
        _equal("refunded_fen", expect.refunded_fen, ended["refunded_fen"]),
        _equal("effects", expect.effects, tuple(f"{e['kind']} {e['state']}" for e in ended["effects"])),
        _equal("documents", expect.documents, tuple(d["kind"] for d in ended["documents"])),
        _in_order(expect.prompts, prompts),
        (f"{name} was shown" for name in expect.never if name in prompts),
        (f"{key} was never said" for key in expect.said if key not in said),
        (f"invariant {name}: {held}" for name, held in ended["invariants"].items() if held is not True),
        _unspeakable(said),
        _world(scenario, stand),
        _logged(expect.events, stand, scene.log_size),
        _told(expect.told, stand, str(ended["case"])),
        _clean(stand),
    ]
    wrong = [fault for check in checks for fault in check]
    if wrong:
        wrong.append(f"ended as {ended['outcome']} {ended['reason']}; prompts {list(prompts)}")
    return wrong


def _equal(name: str, wanted: Any, found: Any) -> Iterator[str]:
    if wanted is not None and wanted != found:
        yield f"{name} is {found!r}, not {wanted!r}"


def _in_order(wanted: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    rest = iter(found)
    for name in wanted:
        if name not in rest:
            yield f"{name} was not shown, or not in this order"
            return


def _world(scenario: Scenario, stand: Stand) -> Iterator[str]:
    """Where permit and ID card are, and what the permit carries."""
    expect, seen = scenario.expect, stand.world.state()
    yield from _equal("the permit", expect.permit, seen["permit"]["where"])
    yield from _equal("the ID card", expect.id_card, seen["id_card"]["where"])
    if expect.carries is not None:
        carried = {
            "chip": bool(seen["permit"]["chip_endorsements"]),
            "strip": bool(seen["permit"]["strip"]["code"]),
        }
        yield from _equal("on the permit", set(expect.carries), {k for k, has in carried.items() if has})


def _logged(wanted: Sequence[Mapping[str, Any]], stand: Stand, since: int) -> Iterator[str]:
    """What the log must say may come a moment after the visit, when the devices are asked again."""

    def missing() -> list[Mapping[str, Any]]:
        log = stand.events(since)
        return [event for event in wanted if not any(event.items() <= line.items() for line in log)]

    with contextlib.suppress(NotReady):
        stand.until(lambda: not missing(), "event", TOLD_S)
    log = stand.events(since)
    for event in missing():
        alike = [line for line in log if line.get("event") == event.get("event")]
        yield f"no event {dict(event)} in the log; of its name: {alike}"
    for line in log:
        if line.get("event") in NEVER_IN_THE_LOG:
            yield f"in the log: {dict(line)}"


def _told(wanted: Sequence[str], stand: Stand, case_no: str) -> Iterator[str]:
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
    yield from (f"the back office was not told of {name}" for name in sorted(missing))


def _clean(stand: Stand) -> Iterator[str]:
    """The first page stands again, in the first language, and nobody is greeted in large letters."""

    def clean() -> bool:
        page = stand.page()
        if page["prompt"]["kind"] != "attract":
            return False
        return page["language"] == "zh-CN" and not page["large_text"]

    try:
        stand.until(clean, "clean first page", CLEAN_S)
    except NotReady as error:
        yield str(error)


def _unspeakable(said: set[str]) -> Iterator[str]:
    for language, keys in _sentences().items():
        for key in sorted(said - keys):
            yield f"{key} has no sentence in {language}"


@cache
def _sentences() -> Mapping[str, frozenset[str]]:
    """Return the keys of each language's sentences, and those that a site brings itself."""
    own = {"verbatim", "site.name", "site.elsewhere", "attract.hours"}
    tables = {file.stem: tomllib.loads(file.read_text("utf-8")) for file in STRINGS.glob("*.toml")}
    return {name: frozenset({*_flat(table), *own}) for name, table in tables.items()}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}".removesuffix(".")

"""Every POST of the kiosk is harmed in seven ways on its way: it is done once, and all ends well."""

from __future__ import annotations

import ast
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from simulators import judge
from simulators.scenario import play
from simulators.scenario_file import Scenario, load_all
from simulators.stand import Stand
from tests.chaos.proxy import HARMS, Asked, Proxy
from tests.counts import Counted

KIOSK: Final = Path(__file__).parents[2] / "kiosk"
WAYS: Final = ("all-goes-well", "pay-by-code-timed-out", "chip-not-written")
"""Scenarios that make every POST of the endorsement; of other services all that go well are played."""
OFFICES: Final = {
    "certificate_office.py": "certificates",
    "traffic_office.py": "traffic-violations",
    "collection_office.py": "pick-up",
    "notice_office.py": "guide",
    "progress_office.py": "progress",
}
"""Modules of the kiosk that speak for one service: their POSTs count as soon as it has scenarios."""
REPLACED: Final = ("heartbeat.py",)
"""Modules whose POSTs are not repeated: the next one says the same anew."""
ALL: Final = os.environ.get("KIOSK_CHAOS") == "all"
"""Every harm on every way; else a lost reply on every way, and the other harms on the first."""

pytestmark = pytest.mark.timeout(400)


def posts() -> frozenset[str]:
    """Return the template of each path that the kiosk's code posts to, by reading the code."""
    found, played = set(), {one.citizen.service for one in load_all()}
    for file in sorted(KIOSK.rglob("*.py")):
        if file.name in REPLACED or OFFICES.get(file.name, "endorsement") not in played:
            continue
        tree = ast.parse(file.read_text("utf-8"))
        paths = {
            node.name: _template(node.body[-1].value, {})
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and isinstance(node.body[-1], ast.Return)
        }
        for node in ast.walk(tree):
            posts = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "post"
            if isinstance(node, ast.Call) and posts and node.args:
                found.add(_template(node.args[0], paths))
    return frozenset(path for path in found if path.startswith("/v1/"))


def _template(path: ast.expr | None, functions: Mapping[str, str]) -> str:
    """Return a path as its template: ``/v1/payments/{order_no}/close``; "" for what is no path."""
    if isinstance(path, ast.Constant):
        return str(path.value)
    if not isinstance(path, ast.JoinedStr):
        return ""
    return "".join(_part(part, functions) for part in path.values)


def _part(part: ast.expr, functions: Mapping[str, str]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    called = part.value
    if isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and functions.get(called.func.id):
        return functions[called.func.id]
    name = re.search(r"\((\w+)", ast.unparse(called))
    return f"{{{name[1] if name else 'part'}}}"


class ProxiedStand(Stand):
    """A stand whose kiosk reaches the back office through a proxy, and is a little more patient."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy: Proxy | None = None

    def start_kiosk(self) -> None:
        if self.proxy is None:
            self.proxy = Proxy(self.office[0], sorted(posts()))
            self.proxy.__enter__()
            site = self.state / "site.toml"
            text = site.read_text("utf-8").replace(self.office[0], self.proxy.url)
            text = text.replace("timeout_s = 5.0", "timeout_s = 1.0").replace(
                "patience = 0.1", "patience = 0.5"
            )
            site.write_text(text, "utf-8")
        super().start_kiosk()

    def close(self) -> None:
        super().close()
        if self.proxy is not None:
            self.proxy.__exit__(None, None, None)
            self.proxy = None


@pytest.fixture(scope="module")
def stand() -> Iterator[ProxiedStand]:
    stand = ProxiedStand()
    with stand:
        yield stand


@pytest.fixture(scope="module")
def met() -> dict[str, set[str]]:
    """Collect which POSTs were harmed, by how."""
    return defaultdict(set)


def cases() -> list[tuple[Scenario, str]]:
    """Return which scenario is played under which harm."""
    ways = [one for one in load_all() if one.name in WAYS or _goes_well(one)]
    return [(way, how) for way in ways for how in HARMS if ALL or how == "reply_lost" or way.name == WAYS[0]]


def _goes_well(scenario: Scenario) -> bool:
    """Tell whether a scenario of another service is one without any trouble; the first of each file is."""
    steps = [*scenario.before, *(step for when in scenario.when for step in when.do)]
    calm = not scenario.failpoint and all(step.kind in ("act", "answer") for step in steps)
    other = scenario.citizen.service != "endorsement" and ":" not in scenario.name
    return other and calm and scenario.expect.outcome == "delivered"


@pytest.mark.parametrize(("scenario", "how"), cases(), ids=lambda value: getattr(value, "name", value))
def test_harmed_once_each_post_is_done_once(
    scenario: Scenario, how: str, stand: ProxiedStand, met: dict[str, set[str]]
) -> None:
    stand.prepare()
    assert stand.proxy is not None
    stand.proxy.begin(HARMS[how])
    try:
        wrong = play(scenario, stand)
        asked = stand.proxy.asked
        harmed = [one for one in asked if one.harmed]
        if how not in ("twice", "slow"):
            stand.until(lambda: all(_again(one, asked) for one in harmed), "asking again under the same key")
    finally:
        stand.proxy.begin(None)
        if not judge.may_go_on(scenario):
            stand.close()
    assert wrong == []
    assert [one.operation for one in asked if not one.key] == []
    met[how].update(one.operation for one in harmed)


def test_every_post_of_the_code_was_harmed(met: dict[str, set[str]], counted: Counted) -> None:
    """A new POST that no scenario makes fails here: write one."""
    if set(met) != set(HARMS):
        pytest.skip("only a part of the tests above ran")
    counted(f"HTTP: {len(posts())} POSTs, {len(HARMS)} harms, {sum(map(len, met.values()))} struck")
    wanted = HARMS if ALL else ("reply_lost",)
    assert not {how: posts() - met[how] for how in wanted if posts() - met[how]}


def _again(harmed: Asked, asked: list[Asked]) -> bool:
    """Tell whether it came again under its key; of letters, whether each came again under its number."""
    others = [one for one in asked if one is not harmed and one.operation == harmed.operation]
    if harmed.operation == "/v1/events":
        return _letters([harmed]) <= _letters(others)
    return any((one.key, one.body) == (harmed.key, harmed.body) for one in others)


def _letters(asked: list[Asked]) -> set[str]:
    return {letter["id"] for one in asked for letter in json.loads(one.body)["events"]}

"""An effect that cannot answer for itself does not get in: evidence, key, question, who asks, what mends.

The registry is held against the code: each kind is left open in a journal, and the real recovery has to ask
about it, and to guess nothing where nobody answers.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.journal import KINDS, EffectKind, Outcome
from kiosk.journal import EffectState as E
from kiosk.journal import effects as registry
from kiosk.recovery import Recovery
from tests.trust.open_effects import CASES, OpenEffect, Surroundings
from tests.trust.world import Cutter, PermitDesk, ScriptedTerminal, World, broken, in_loop, world

KIOSK = Path(inspect.getfile(Recovery)).parent
CONSTANTS = {
    value: name for name, value in vars(registry).items() if isinstance(value, str) and value in KINDS
}
"""The constant that names each kind."""


def asking_modules() -> Iterator[Path]:
    """Yield the modules that ask what became of something: recovery's, and those of money."""
    yield from sorted(KIOSK.rglob("*recovery*.py"))
    yield from (KIOSK / "money.py", KIOSK / "refunds.py")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_says_all_that_must_be_known(kind: EffectKind) -> None:
    assert kind.before, f"{kind.name}: no evidence before"
    assert kind.after, f"{kind.name}: no evidence after"
    assert "<" in kind.key, f"{kind.name}: what is its idempotency key made of?"
    assert ":" in kind.question, f"{kind.name}: whom does recovery ask, and what? (who: question)"
    assert kind.question.endswith("?"), f"{kind.name}: its question asks nothing"
    assert bool(kind.compensation) != bool(kind.escalation), (
        f"{kind.name}: either another effect makes it good (compensation), or staff do (escalation)"
    )
    assert not kind.compensation or kind.compensation in KINDS, (
        f"{kind.name}: {kind.compensation} is no kind of effect"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_somebody_asks_the_question(kind: str) -> None:
    """The kind's constant is used where recovery asks; else its question is only a sentence."""
    asking = [path.stem for path in asking_modules() if CONSTANTS[kind] in _names_used(path)]
    assert asking, (
        f"{kind}: no module kiosk/*recovery*.py uses effects.{CONSTANTS[kind]}; "
        f"who would ask {KINDS[kind].question!r} after a crash?"
    )


def _names_used(path: Path) -> set[str]:
    """Return the names that a module's functions use (an import alone is no use)."""
    tree = ast.parse(path.read_text("utf-8"))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }


def test_what_recovers_goods_is_built_by_the_front_door() -> None:
    """A class that asks about a service's goods is named where recovery is put together."""
    built = _names_used(KIOSK / "building.py") | _names_used(KIOSK / "recovery.py")
    for path in sorted(KIOSK.rglob("*recovery*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name != "GoodsRecovery":
                methods = {part.name for part in node.body if isinstance(part, ast.AsyncFunctionDef)}
                assert not {"settle", "ask_again"} <= methods or node.name in built, (
                    f"{path.name}: nobody builds {node.name}, so recovery never asks it"
                )


def test_every_kind_has_a_case() -> None:
    missing = sorted(KINDS.keys() - CASES.keys())
    assert not missing, (
        "these kinds are never left open in a test: add each to CASES in tests/trust/open_effects.py, with "
        f"the GoodsRecovery that asks about it: {', '.join(missing)}"
    )
    assert not CASES.keys() - KINDS.keys()


async def _left_open(w: World, kind: str, case: OpenEffect) -> None:
    """Write the visit as far as it came before the process died."""
    await w.journal.begin("dead", case.service, "C1")
    for name, key, before, after in case.earlier:
        intent = await w.journal.intend("dead", name, key, before=before)
        await w.journal.conclude(intent, E.DONE, after=after)
    await w.journal.intend("dead", kind, case.key, before=case.before)


def _surroundings(terminal: ScriptedTerminal) -> Surroundings:
    return Surroundings(terminal, PermitDesk(), Cutter(10))


async def _recovered(w: World, surroundings: Surroundings) -> frozenset[str]:
    recovery = Recovery(
        w.journal,
        w.cashier,
        w.platform,
        w.clock,
        permit=surroundings.desk,
        receipt=surroundings.cutter,
        goods=surroundings.goods,
        take_wait_s=1.0,
    )
    return (await recovery.run()).quarantined


@pytest.mark.parametrize("kind", CASES)
@in_loop
async def test_recovery_asks_and_concludes(tmp_path: Path, kind: str) -> None:
    terminal, case = ScriptedTerminal(), CASES[kind]
    async with world(tmp_path, terminal) as w:
        await w.journal.end("v1", Outcome.CANCELLED)
        surroundings = _surroundings(terminal)
        case.prepare(w, surroundings)
        await _left_open(w, kind, case)
        quarantined = await _recovered(w, surroundings)
        record = await w.journal.visit("dead")
        effect = next(known for known in record.effects if (known.kind, known.key) == (kind, case.key))
        assert effect.state in case.answered, f"{kind} is {effect.state} although everybody answered"
        assert record.outcome is not None
        assert quarantined == frozenset()
        await w.check()


@pytest.mark.parametrize("kind", CASES)
@in_loop
async def test_without_an_answer_nothing_is_guessed(tmp_path: Path, kind: str) -> None:
    """Where nobody answers, the question stays open or is staff's, and nothing was done a second time."""
    terminal, case = ScriptedTerminal(start=broken()), CASES[kind]
    async with world(tmp_path, terminal) as w:
        await w.journal.end("v1", Outcome.CANCELLED)
        surroundings = _surroundings(terminal)
        case.prepare(w, surroundings)
        await _left_open(w, kind, case)
        case.silence(w, surroundings)
        quarantined = await _recovered(w, surroundings)
        record = await w.journal.visit("dead")
        effect = next(known for known in record.effects if (known.kind, known.key) == (kind, case.key))
        assert effect.state not in (E.DONE, E.FAILED), f"{kind}: nobody answered, yet it is {effect.state}"
        escalated = record.noted("escalated") is not None
        blocks = KINDS[kind].blocks.replace("{channel}", str(case.before.get("channel", "")))
        asked_again = not blocks and not effect.state.resolved
        assert escalated or asked_again or blocks in quarantined, f"{kind}: nobody is told, nothing is closed"
        assert (surroundings.desk.printed, surroundings.desk.written) == (0, 0)
        assert terminal.count("start") == 0

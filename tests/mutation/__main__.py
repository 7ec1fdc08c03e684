"""``python -m tests.mutation``: changes journal and money, one small thing at a time; counts what is noticed.

mutmut makes the changes (a comparison turned round, a constant, an argument left out, …) in every function of
the modules below and runs the fast tests that reach it; a change that no test notices survives. Capitals for
small letters in a statement of SQL, which reads both alike, are no change. It works in a copy of the newest
commit, so that the work tree may be used meanwhile. Decorated functions (properties, context managers, static
methods) are left alone by mutmut; what they call is not.

``--sample 300`` tries so many of each part, drawn at random, which tells the share within a few percent;
``--only 'kiosk.money*'`` limits it to functions by name, ``--show`` prints each survivor as a difference,
``--folder`` keeps what was found, so that a second run goes on. The exit code is 1 below the limit. All of it
takes an hour or two on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIMIT_PERCENT: Final = 85
ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Part:
    """Modules that are changed, and the tests that have to notice."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


PARTS: Final = {
    "journal": Part(
        ("kiosk/journal/*.py",),
        (
            "tests/trust/test_journal.py",
            "tests/trust/journal_parts",
            "tests/trust/test_journal_files.py",
            "tests/trust/test_journal_keys.py",
            "tests/trust/test_journal_killed.py",
            "tests/trust/test_journal_refused.py",
            "tests/trust/test_journal_tampered.py",
            "tests/trust/test_effects.py",
            "tests/trust/test_outbox.py",
            "tests/trust/test_reconciliation.py",
        ),
    ),
    "money": Part(
        (
            "kiosk/money.py",
            "kiosk/late_orders.py",
            "kiosk/payment.py",
            "kiosk/paid.py",
            "kiosk/tills.py",
            "kiosk/refunds.py",
            "kiosk/outbox.py",
            "kiosk/reconciliation.py",
        ),
        (
            "tests/trust/test_tills.py",
            "tests/trust/test_money_stories.py",
            "tests/trust/test_money_at_terminal.py",
            "tests/trust/test_money_by_code.py",
            "tests/trust/test_money_late.py",
            "tests/trust/test_outbox.py",
            "tests/trust/test_reconciliation.py",
        ),
    ),
}
LEFT_OUT: Final = (
    "tests/trust/test_effects.py::test_somebody_asks_the_question",
    "tests/trust/test_effects.py::test_every_kind_has_a_case",
    "tests/trust/test_journal_killed.py::test_sixty_kills_lose_no_row_that_was_acknowledged",
    "tests/trust/test_journal_killed.py::test_a_kill_at_every_failpoint_leaves_a_whole_journal",
    "tests/trust/test_recovery_killed.py::test_killed_at_every_point_of_recovery_it_still_converges",
    "tests/trust/test_journal_tampered.py::test_the_end_of_a_visit_looks_at_the_end_of_the_chain_only",
)
"""Slow ones, and those that look at the source instead of what it does."""
Codes = dict[str, dict[str, int | None]]
"""mutmut's exit code of each change, by module."""
NEEDED: Final = ("devices", "config", "screens", "simulators", "tests")

SURVIVED: Final = (0,)
UNREACHED: Final = (5, 33)
UNTRIED: Final = (None, 2, 34)
"""Exit codes as mutmut keeps them. Any other is a change that was noticed: a test failed, ran out of its
time, or crashed."""
ALIKE: Final = -1000
"""Our own code, of a change that means the same; it is not counted."""
STATEMENT: Final = re.compile(r"""["'](SELECT|INSERT|UPDATE|DELETE|WHERE|PRAGMA|[a-z_]+ = [A-Z]+["'])""")
"""What a line with a part of a statement of SQL holds."""
VALUE: Final = re.compile(r"'[^'\"]+'")
"""A value within a statement: its letters' case matters."""


def main() -> int:
    """Run mutmut in a copy, print one line a module; the exit code tells whether the limit held."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--part", nargs="*", choices=sorted(PARTS), help="else all")
    parser.add_argument("--only", nargs="*", default=[], help="names of mutants as mutmut writes them")
    parser.add_argument("--sample", type=int, default=0, help="so many changes of each part, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print every survivor")
    parser.add_argument("--folder", type=Path, help="where to work, kept; else a temporary folder")
    parser.add_argument("--children", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        codes: Codes = {}
        for name in chosen.part or PARTS:
            codes |= _measure(folder / name, PARTS[name], chosen)
    _print_table(codes)
    return 0 if _percent(codes) >= LIMIT_PERCENT else 1


def _measure(folder: Path, part: Part, chosen: argparse.Namespace) -> Codes:
    folder.mkdir(parents=True, exist_ok=True)
    _copy(folder, part)
    memory = Path("/dev/shm")
    environment = {
        **os.environ,
        "PYTEST_DEBUG_TEMPROOT": str(memory if memory.is_dir() else folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    mutmut = [sys.executable, "-m", "mutmut"]
    names = list(chosen.only)
    if chosen.sample:
        # Asked for what there isn't, mutmut makes all changes and tries none.
        subprocess.run(
            [*mutmut, "run", "none"], cwd=folder, env=environment, check=False, capture_output=True
        )
        made = [name for by_name in _codes(folder / "mutants").values() for name in by_name]
        names = random.Random(chosen.seed).sample(made, min(chosen.sample, len(made)))
    run = [*mutmut, "run", "--max-children", str(chosen.children), *names]
    subprocess.run(run, cwd=folder, env=environment, check=True)
    codes = _codes(folder / "mutants")
    for by_name in codes.values():
        for name in [name for name, code in by_name.items() if code in (*SURVIVED, *UNREACHED)]:
            show = subprocess.run([*mutmut, "show", name], cwd=folder, env=environment, capture_output=True)
            difference = show.stdout.decode()
            if _means_the_same(difference):
                by_name[name] = ALIKE
            elif chosen.show:
                print(difference)
    return codes


def _means_the_same(difference: str) -> bool:
    """Tell whether a change is only one of capitals and small letters in SQL, outside of values."""
    lines = difference.splitlines()
    old, new = (
        [line[1:] for line in lines if line[:1] == sign and line[:3] != 3 * sign] for sign in ("-", "+")
    )
    alike = [line.lower() for line in old] == [line.lower() for line in new]
    sql = any(map(STATEMENT.search, (*old, *new))) and not any(map(VALUE.search, old))
    return bool(old) and alike and sql


def _copy(folder: Path, part: Part) -> None:
    """Lay out the newest commit in ``folder``, with mutmut's settings; results from before stay."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "x"], cwd=folder, input=archive, check=True)
    settings = {
        "source_paths": ["kiosk"],
        "only_mutate": list(part.modules),
        "also_copy": list(NEEDED),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", *(f"--deselect={name}" for name in LEFT_OUT)],
        "pytest_add_cli_args_test_selection": list(part.tests),
    }
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[tool.mutmut]\n{lines}\n")


def _codes(mutants: Path) -> Codes:
    """Return mutmut's exit code of each change, by module."""
    return {
        str(meta.relative_to(mutants)).removesuffix(".meta"): json.loads(meta.read_text())["exit_code_by_key"]
        for meta in sorted(mutants.rglob("*.py.meta"))
    }


def _percent(codes: Codes) -> float:
    tried = [code for module in codes.values() for code in module.values() if code not in (*UNTRIED, ALIKE)]
    return 100 * sum(code not in (*SURVIVED, *UNREACHED) for code in tried) / max(1, len(tried))


def _print_table(codes: Codes) -> None:
    heads = ("changes", "noticed %", "survived", "unreached", "alike", "untried")
    print(f"{'module':<32}", *(f"{head:>9}" for head in heads))
    for module, by_name in codes.items():
        if by_name:
            kinds = (SURVIVED, UNREACHED, (ALIKE,), UNTRIED)
            counts = [sum(code in kind for code in by_name.values()) for kind in kinds]
            columns = (f"{len(by_name):>9}", f"{_percent({module: by_name}):>9.1f}")
            print(f"{module:<32}", *columns, *(f"{count:>9}" for count in counts))
    print(f"all: {_percent(codes):.1f} % noticed, at least {LIMIT_PERCENT} wanted")


if __name__ == "__main__":
    sys.exit(main())

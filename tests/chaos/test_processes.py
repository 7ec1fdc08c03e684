"""The whole kiosk while its own parts die or stand still: the child, the screen, the journal's disk."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kiosk.__main__ import EXIT_JOURNAL_FAILED
from kiosk.journal import Outcome
from kiosk.watchdog import EXIT_HUNG
from simulators.citizen import Plan
from simulators.control_client import Refused
from tests.crash import truths
from tests.crash.ground import Ground
from tests.crash.routes import WHO, Route

BY_FACE = Route("by-face", Plan(WHO), Outcome.DELIVERED)
CHILD_S = 30.0
HANG = "import signal, time\nsignal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))\n"
"""Read by Python at its start: upon SIGUSR1 the main thread stands still, as in a call that never returns."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("hang")
    (folder / "sitecustomize.py").write_text(HANG)
    with Ground({"PYTHONPATH": str(folder)}) as ground:
        yield ground


def child_of(ground: Ground) -> int | None:
    """Return the process that compares faces and fingers."""
    for process in psutil.Process(ground.pid).children():
        with contextlib.suppress(psutil.Error):
            if "kiosk.matching" in process.cmdline():
                return process.pid
    return None


def another_child(ground: Ground, *than: int) -> int:
    deadline_s = time.monotonic() + CHILD_S
    while (child := child_of(ground)) in (None, *than):
        assert time.monotonic() < deadline_s, "the child did not come back"
        time.sleep(0.05)
    assert child is not None
    return child


def at(page: str, act: Callable[[], None]) -> Callable[[dict[str, Any]], None]:
    """Return a watcher that does ``act`` when ``page`` is seen for the first time."""
    seen: set[str] = set()

    def watch(shown: dict[str, Any]) -> None:
        name = str(shown["prompt"]["name"])
        if name not in seen:
            seen.add(name)
            if name == page:
                act()

    return watch


def well(ground: Ground, before: truths.Before, recovery: Any = None) -> None:
    assert truths.false(ground, before, recovery) == []
    assert ground.events("unexpected-error") == []


@pytest.mark.parametrize(
    ("page", "how"),
    [
        ("attract", signal.SIGSTOP),
        ("leaflet", signal.SIGKILL),
        ("look-at-camera", signal.SIGKILL),
        ("look-at-camera", signal.SIGSTOP),
    ],
)
def test_a_child_that_dies_or_hangs_costs_nobody_the_visit(
    ground: Ground, page: str, how: signal.Signals
) -> None:
    """Idle, while a person is there, and while it compares: the other way is offered, and it comes back."""
    ground.ready()
    before = truths.Before.of(ground, WHO)
    first = another_child(ground)
    report = ground.visit(BY_FACE, watcher=at(page, lambda: os.kill(first, how)))
    assert report is not None
    assert (report["outcome"], report["reason"]) == ("delivered", "")
    well(ground, before)
    another_child(ground, first)
    ground.ready()
    report = ground.visit(BY_FACE)
    assert report is not None
    assert (report["outcome"], report["reason"]) == ("delivered", ""), "the next one is served too"


def test_a_child_that_dies_while_it_starts_is_started_again(ground: Ground) -> None:
    ground.end()
    ground.start()
    first = another_child(ground)
    os.kill(first, signal.SIGKILL)
    second = another_child(ground, first)
    assert psutil.pid_exists(second)
    ground.ready()
    before = truths.Before.of(ground, WHO)
    report = ground.visit(BY_FACE)
    assert report is not None
    assert (report["outcome"], report["reason"]) == ("delivered", "")
    well(ground, before)


def test_a_machine_at_rest_takes_no_permit_in(ground: Ground) -> None:
    """A unit that has just started would: the first page stands only once its entry is shut."""
    ground.end()
    ground.ready()
    ground.world.do("persona", name=WHO)
    with contextlib.suppress(Refused):
        ground.world.do("insert_permit")
    assert ground.world.state()["permit"]["where"] in ("pocket", "gate")


def test_nothing_is_drawn_in_behind_a_permit(ground: Ground) -> None:
    """Given back, taken, and something pushed in at once: the entry was shut when the permit was inside."""
    ground.ready()
    before = truths.Before.of(ground, WHO)
    pushed: list[str] = []

    def hasty(shown: dict[str, Any]) -> bool:
        if shown["prompt"]["name"] != "take-permit" or pushed:
            return True
        for act in ("take_permit", "insert_permit", "take_permit"):
            ground.world.do(act)  # refused, were it drawn in
            pushed.append(act)
        return False

    report = ground.visit(BY_FACE, director=hasty)
    assert report is not None
    assert (report["outcome"], len(pushed)) == ("delivered", 3)
    well(ground, before)


def test_a_screen_that_hangs_ends_the_process_and_the_next_start_gives_all_back(ground: Ground) -> None:
    ground.ready()
    before = truths.Before.of(ground, WHO)
    hang = at("choose-payment", lambda: os.kill(ground.pid, signal.SIGUSR1))
    assert ground.visit(BY_FACE, watcher=hang, dies_with=EXIT_HUNG) is None
    (gone,) = ground.events("pulse-gone")
    assert gone["pulse"] == "loop"
    assert gone["where"].startswith("lambda/"), "where it stands is told by names of functions"
    recovery = ground.recover(BY_FACE)
    assert recovery.starts == 1
    assert truths.false(ground, before, recovery) == []
    (visit,) = truths.written(ground, before.row)
    assert visit.outcome is Outcome.CANCELLED


@pytest.mark.parametrize("page", ["leaflet", "pay-at-terminal", "endorsing"])
def test_a_journal_that_cannot_be_written_ends_the_process_with_a_sentence(ground: Ground, page: str) -> None:
    """The disk takes nothing more (RLIMIT_FSIZE): what can't be written down is not done."""
    ground.ready()
    before = truths.Before.of(ground, WHO)

    def fill() -> None:
        size = (ground.state / "journal.db-wal").stat().st_size  # not a byte more
        resource.prlimit(ground.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    names: list[str] = []
    cases: list[str] = []

    def watch(shown: dict[str, Any]) -> None:
        filling(shown)
        names.append(str(shown["prompt"]["name"]))
        if names[-1] == "starting-again":
            cases.append(shown["prompt"]["case"])

    filling = at(page, fill)
    assert ground.visit(BY_FACE, watcher=watch, dies_with=EXIT_JOURNAL_FAILED) is None
    assert names[-1] == "starting-again"
    recovery = ground.recover(BY_FACE)
    assert truths.false(ground, before, recovery) == []
    (visit,) = truths.written(ground, before.row)
    assert cases == [visit.case_no]


def test_a_start_on_a_disk_that_takes_nothing_is_to_be_tried_again(ground: Ground) -> None:
    ground.ready()
    ground.end()
    site = str(ground.state / "site.toml")
    kiosk = [sys.executable, "-m", "kiosk", "--site", site, "run", "--headless"]
    done = subprocess.run(["prlimit", "--fsize=0", *kiosk], capture_output=True, check=False, timeout=120)
    assert done.returncode == EXIT_JOURNAL_FAILED, done.stderr.decode()
    assert "the journal could not be written" in done.stderr.decode()
    ground.ready()


def test_the_limit_leaves_files_as_they_were(tmp_path: Path) -> None:
    """What the tests above rely on: a write beyond the limit fails, and the process goes on."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        try:
            (tmp_path / "file").write_bytes(b"more")
        except OSError:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

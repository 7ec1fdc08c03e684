"""Options, the unit under test, and the acceptance sheet that comes of it.

Each test is one criterion, marked with its number and the standard's words for what it asks; the first
line of its docstring is the criterion's text.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import pytest

from simulators.bench import Bench
from simulators.level import LEVELS
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.person import BenchPerson, NotDone, TerminalPerson
from tests.conformance.sheet import Criterion, Result, Sheet
from tests.conformance.traces import put_words, recording, trace_files
from tests.conformance.units import BOARD, KINDS, Told, Unit, WrongLinks, opened, real_links

SHEETS: Final = pytest.StashKey[dict[str, Sheet]]()
MEASURED: Final = pytest.StashKey[Figures]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "units under test")
    group.addoption(
        "--link",
        action="append",
        metavar="NAME=URL",
        help="test the real unit on this link, e.g. id_card_reader=serial:///dev/ttyUSB0",
    )
    group.addoption("--level", choices=tuple(LEVELS), help="imperfection of the simulated units (ideal)")
    group.addoption("--within", type=float, metavar="SECONDS", help="a person's time for each thing (90)")
    group.addoption("--app-id", metavar="ID", help="the payment terminal's number for this software")
    group.addoption("--board", type=Path, metavar="FILE", help="the I/O board's map (that of the bench)")
    group.addoption("--line", metavar="MRZ", help="the printed line of the test card in the first stacker")
    group.addoption("--record", type=Path, metavar="FOLDER", help="keep a trace of each wire here")
    group.addoption("--sheets", type=Path, metavar="FOLDER", help="where the sheets go (out/acceptance)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "criterion(number, words): a line of the acceptance sheet")
    config.stash[SHEETS] = {}


def _option(config: pytest.Config, name: str, usual: Any) -> Any:
    """Return an option; the usual value also when this folder was not named on the command line."""
    told = config.getoption(name, default=None)
    return usual if told is None else told


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    level = LEVELS[_option(request.config, "--level", "ideal")]
    with Bench(tmp_path_factory.mktemp("bench"), level) as bench:
        yield bench


@pytest.fixture(scope="module")
def unit(request: pytest.FixtureRequest) -> Iterator[Unit[Any]]:
    """The unit of the module's ``DEVICE``: the real one on its links, or else the simulated one."""
    config = request.config
    name = request.module.DEVICE
    try:
        links = dict(real_links(_option(config, "--link", [])))
    except WrongLinks as error:
        raise pytest.UsageError(str(error)) from error
    real = KINDS[name].links[0] in links
    if real:
        person: Any = TerminalPerson(_option(config, "--within", 90.0), aside=_not_caught(config))
    else:
        if links:
            pytest.skip("not on the command line")
        bench: Bench = request.getfixturevalue("bench")
        links, person = bench.links, BenchPerson(bench)
    links = {link: links[link] for link in KINDS[name].links}
    sheet = _sheet(config, name)
    sheet.links, sheet.level = links, None if real else _option(config, "--level", "ideal")
    told = Told(
        _option(config, "--app-id", "bench"),
        _option(config, "--board", BOARD),
        _option(config, "--line", "" if real else acts.LINE),
    )
    folder = _option(config, "--record", None)
    traces = {} if folder is None else trace_files(folder, links)
    tapped = {link: recording(url, traces[link]) if traces else url for link, url in links.items()}
    device = opened(name, tapped, told)
    sheet.identity = device.capabilities()
    yield Unit(device, links, person, real, told)
    device.close()
    for link, file in traces.items():
        if link != "camera":  # a film says in words what it shows
            put_words(link, file)


@pytest.fixture(autouse=True)
def tidy(request: pytest.FixtureRequest, unit: Unit[Any]) -> Iterator[None]:
    """Leave the simulated world as it was; a real unit is tidied by whom the tests ask."""
    bench: Bench | None = None if unit.real else request.getfixturevalue("bench")
    yield
    if bench is not None:
        bench.faults.clear()
        bench.world.do("reset", {})


@pytest.fixture
def figures(request: pytest.FixtureRequest, unit: Unit[Any]) -> Figures:
    measured = request.node.stash[MEASURED] = Figures(judges_time=unit.real)
    return measured


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(NotDone):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"not tested: {call.excinfo.value}")
    marker = item.get_closest_marker("criterion")
    if marker is not None and (report.when == "call" or not report.passed):
        _line(item, marker, report, call)
    return report


def _line(
    item: pytest.Item, marker: pytest.Mark, report: pytest.TestReport, call: pytest.CallInfo[None]
) -> None:
    number, words = marker.args
    assert isinstance(item, pytest.Function)
    text = (item.function.__doc__ or item.name).strip().partition("\n")[0]
    callspec = getattr(item, "callspec", None)
    if callspec is not None:
        text = f"{text.rstrip('.')}: {callspec.id}."
    result = {"passed": Result.PASS, "failed": Result.FAIL, "skipped": Result.NOT_TESTED}[report.outcome]
    why = "" if call.excinfo is None else str(call.excinfo.value).partition("\n")[0]
    measured = item.stash.get(MEASURED, None)
    figures = tuple(measured.taken) if measured is not None else ()
    sheet = _sheet(item.config, item.module.DEVICE)
    sheet.criteria.append(Criterion(number, words, text, result, figures, why))


def pytest_sessionfinish(session: pytest.Session) -> None:
    folder = _option(session.config, "--sheets", session.config.rootpath / "out" / "acceptance")
    at = datetime.now()
    for sheet in session.config.stash[SHEETS].values():
        if sheet.links and sheet.criteria:
            sheet.criteria.sort(key=lambda criterion: criterion.number)
            _, page = sheet.write(folder, at)
            _tell(session.config, f"{sheet.title}: {sheet.verdict}, {page}")


def _sheet(config: pytest.Config, device: str) -> Sheet:
    sheets = config.stash[SHEETS]
    if device not in sheets:
        sheets[device] = Sheet(device, KINDS[device].title, {}, None, _program(config.rootpath))
    return sheets[device]


def _program(root: Path) -> str:
    """Return which state of the program this is: its version and, where there is git, the commit."""
    try:
        number = version("police-kiosk")
    except PackageNotFoundError:
        number = "not installed"
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, check=False
    )
    return f"{number} {told.stdout.strip()}".strip()


def _tell(config: pytest.Config, line: str) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.write_line(line)


def _not_caught(config: pytest.Config) -> Callable[[], AbstractContextManager[None]]:
    """Return how to speak to the person past pytest, which catches what tests print and type."""
    catcher = config.pluginmanager.get_plugin("capturemanager")

    @contextmanager
    def aside() -> Iterator[None]:
        if catcher is None:
            yield
            return
        catcher.suspend(in_=True)
        try:
            yield
        finally:
            catcher.resume()

    return aside

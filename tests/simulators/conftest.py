"""The back office on both of its databases, with payment hosts whose keys are made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.back_office_bench import Bench, SharedHosts, on_file
from tests.simulators.officers_bench import cheap_passwords, hire
from tests.simulators.postgres import PostgresServer


@pytest.fixture(scope="session")
def payment_hosts() -> Iterator[SharedHosts]:
    shared = SharedHosts()
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, payment_hosts: SharedHosts) -> Iterator[Bench]:
    """The back office on each database in turn."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        database = server.database()
    else:
        database = f"sqlite:///{tmp_path / 'back_office.db'}"
    bench = Bench(database, payment_hosts)
    yield bench
    bench.close()


@pytest.fixture
def bench_on_file(tmp_path: Path, payment_hosts: SharedHosts) -> Iterator[Bench]:
    """The back office on SQLite alone, where a second database would show nothing new."""
    with on_file(tmp_path, payment_hosts) as bench:
        yield bench


@pytest.fixture
def office(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The back office with its officers."""
    cheap_passwords(monkeypatch)
    hire(bench)
    return bench

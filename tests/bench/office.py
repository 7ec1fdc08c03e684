"""How many requests the back office answers, and how long the slowest wait: a real PostgreSQL, two processes.

Sixteen kiosks ask without a pause, from a process of their own (``office_load``), what a visit asks: six
acts and five questions. The database syncs every commit. On a busy machine the rates are lower bounds;
``office.cpu_ms``, what server and database compute for one request, stays.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from simulators.back_office.desk import Office, beijing_now
from simulators.back_office.operations import seed
from simulators.back_office.store import open_store
from tests.bench.office_load import CUSTOMERS, Customer
from tests.simulators.postgres import PostgresServer

PROCESSES = 2
KIOSKS = 16
WARM_UP_S = 2.0
SECONDS = 10.0
START_TIMEOUT_S = 30.0


def measure(seconds: float = SECONDS) -> dict[str, float]:
    """Return ``office.requests_per_s``, ``office.p50_ms``, ``office.p99_ms`` and ``office.cpu_ms``."""
    token = secrets.token_urlsafe(16)
    with PostgresServer(durable=True) as postgres:
        database = postgres.database()
        store = open_store(database)
        seed(Office(store, beijing_now, {}), [Customer(number).tables for number in range(CUSTOMERS)])
        store.dispose()
        with _served(database, token) as (url, pid):
            _load(url, token, WARM_UP_S)
            before = _cpu_s(pid) + _cpu_s(postgres.pid)
            told = _load(url, token, seconds)
            cpu_s = _cpu_s(pid) + _cpu_s(postgres.pid) - before
    return {
        "office.requests_per_s": told["requests"] / told["seconds"],
        "office.p50_ms": told["p50_ms"],
        "office.p99_ms": told["p99_ms"],
        "office.cpu_ms": 1000 * cpu_s / told["requests"],
    }


@contextmanager
def _served(database: str, token: str) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "simulators.back_office", "--database", database, "--port", str(port)]
    command += ["--workers", str(PROCESSES)]
    server = subprocess.Popen(command, env={**os.environ, "BACK_OFFICE_TOKEN": token})
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/v1/openapi.json")
        yield url, server.pid
    finally:
        server.terminate()
        server.wait(START_TIMEOUT_S)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _load(url: str, token: str, seconds: float) -> Any:
    command = [sys.executable, "-m", "tests.bench.office_load", url, token, str(seconds), str(KIOSKS)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _cpu_s(pid: int) -> float:
    """Return what a process and its children have computed so far."""
    process = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<24} {value:8.2f}")

"""Processes that begin where another stands: a fork server that has loaded what the tests' own children need.

It is not the one of ``warm``: whole kiosks are forked from that one, in which nothing of simulated people may
be found.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from typing import Final
from unittest import mock

FORKING: Final = multiprocessing.get_context("forkserver")
_SERVER: Final = forkserver.ForkServer()
_SERVER.set_forkserver_preload(["tests.crash.core", "tests.trust.test_recovery_killed"])


def start(process: ForkServerProcess) -> None:
    """Start a process of ``FORKING`` as a child of the server with everything loaded."""
    with mock.patch.object(forkserver, "connect_to_new_process", _SERVER.connect_to_new_process):
        process.start()

"""Processes that begin where another stands: a fork server that has loaded what the tests' children need.

There is one such server in a process, and what it loads is decided before its first child: so all that any
test wants of it stands here.
"""

from __future__ import annotations

import multiprocessing
from typing import Final

FORKING: Final = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.crash.core", "tests.trust.test_recovery"])

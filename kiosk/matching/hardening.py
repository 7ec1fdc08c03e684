"""The child's own limits: no core dump, no debugger, low priority, gone with its parent."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
NICENESS: Final = 10


def harden(parent_pid: int) -> None:
    """Apply the limits to this process; raises ``OSError`` when one is refused, exits when orphaned."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_DUMPABLE, 0), (_PR_SET_PDEATHSIG, int(signal.SIGKILL))):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {option}")
    if os.getppid() != parent_pid:
        raise SystemExit("the parent is gone")
    os.nice(NICENESS)

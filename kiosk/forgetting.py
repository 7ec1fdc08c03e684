"""A process that forgets: what is freed is overwritten, Python's own objects included.

Python cannot overwrite a ``str``, and keeps freed memory for the next object as it is: names and numbers of
people would stand there for hours. With the C library's allocator for Python's objects too, and that one
told to overwrite whatever is freed (``glibc.malloc.perturb``; its per-thread cache off, because what lies
there is not overwritten), an object's bytes are gone when its last reference is. What is left to do is to
drop the references when the visit ends.

All threads share two heaps, in place of one for nearly every thread: what one of them freed serves the
next, and from the tenth visit on the memory in use stays the same (it wandered by 20 MB before).

The C library reads this at a process's start only. So a kiosk that was started without it starts itself
again at once, before anything large is loaded.
"""

from __future__ import annotations

import os
import sys
from typing import Final

ENVIRONMENT: Final = {
    "GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0:glibc.malloc.arena_max=2",
    "PYTHONMALLOC": "malloc",
}


def forgets() -> bool:
    """Tell whether this process was started as one that forgets."""
    return ENVIRONMENT.items() <= dict(os.environ).items()


def start_forgetting() -> None:
    """Return if this process forgets; else start the same program in its place, as one that does."""
    if not forgets():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **ENVIRONMENT})

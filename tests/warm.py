"""Kiosks without a window, each forked from a process that has loaded the program and run nothing of it.

The tests start a kiosk some hundred times, most of them to have it killed: two thirds of what a start costs
is Python reading the same modules again. A kiosk begun here is a process like any other (its own memory,
descriptors and signals), told to forget (``kiosk.forgetting``) as every kiosk is. What this does not try is
the very start of an interpreter: kiosks with a window have one each, and the tests of the start itself.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import pkgutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, reduction
from multiprocessing.context import ForkServerProcess
from typing import Any, Final
from unittest import mock

import kiosk.services
from kiosk.forgetting import ENVIRONMENT
from simulators.kiosk_link import Process, interpreter

FITTED: Final = "barcode_reader", "card_dispenser", "document_printer", "document_scanner", "io_board", "ups"
"""Drivers that a kiosk loads only when its model has the device; the bench's has them all."""


def launch(arguments: Sequence[str], environment: Mapping[str, str], words: int) -> Process:
    """Begin a kiosk: forked, unless it needs an interpreter of its own."""
    if "--headless" not in arguments or any(name.startswith("PYTHON") for name in environment):
        return interpreter(arguments, environment, words)
    return _Forked(arguments, {**os.environ, **environment, **ENVIRONMENT}, words)


def modules() -> list[str]:
    """Return the names of what the process from which kiosks are forked loads."""
    services = [module.name for module in pkgutil.iter_modules(kiosk.services.__path__, "kiosk.services.")]
    return [__name__, "kiosk.__main__", "kiosk.app", *services, *(f"devices.{name}" for name in FITTED)]


def stand_by() -> None:
    """Start the process from which kiosks are forked; one that is there stays."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(modules())
    with mock.patch.dict(os.environ, ENVIRONMENT):  # the C library reads it once, at that process's start
        forkserver.ensure_running()


class _Forked:
    """A forked kiosk, with the words of ``subprocess.Popen``."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], words: int) -> None:
        stand_by()
        self._arguments = tuple(arguments)
        self._process = ForkServerProcess(
            target=_be_a_kiosk, args=(self._arguments, dict(environment), _Descriptor(words)), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._arguments, timeout or 0.0)
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


class _Descriptor:
    """A descriptor that is handed over to the process that is begun with it."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self._number),)


def _received(handed: Any) -> int:
    number: int = handed.detach()
    return number


def _be_a_kiosk(arguments: Sequence[str], environment: Mapping[str, str], words: int) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(words, stream.fileno())
    os.close(words)
    sys.exit(importlib.import_module("kiosk.__main__").main(list(arguments)))

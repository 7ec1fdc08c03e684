"""A module's own stand-in for a module of the standard library."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest


def stand_in(monkeypatch: pytest.MonkeyPatch, module: str, library: str, **names: Any) -> None:
    """Have ``module`` see ``library`` with ``names`` replaced, and nobody else.

    What other tests keep running in this process, a server in its thread, sleeps as it did.
    """
    seen = getattr(importlib.import_module(module), library)
    monkeypatch.setattr(f"{module}.{library}", SimpleNamespace(**{**vars(seen), **names}))

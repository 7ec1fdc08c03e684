"""What every fake device of these tests has in common: it is there, in order, and does nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devices.base import Capabilities, State, Status


class PlainDevice:
    """A device that is online and has counted nothing."""

    def open(self) -> None: ...

    def close(self) -> None: ...

    def reset(self) -> None: ...

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def status(self) -> Status:
        return Status(State.ONLINE)

    def counters(self) -> Mapping[str, int]:
        return {}


class Nobody:
    """Hears whatever is told, and says nothing: a device's listener, the log, a service."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None

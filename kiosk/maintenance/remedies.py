"""Guided remedies: steps for hands, ticked off by what the device says, never by a button.

``config/remedies.toml`` has them by device and fault. A step is done once its sign has been seen while all
before it were done (a reset: once the device has taken it); a device that is well again has had everything
done, however it was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devices.base import Device, DeviceError, State, Status
from kiosk.cabinet import Worker
from kiosk.prompts import Item, Mark
from kiosk.texts import text
from kiosk.toml_table import Table

FILE: Final = Path(__file__).parents[2] / "config/remedies.toml"
EVERY: Final = "every"
RESET: Final = "reset"
WORDS: Final = ("answers", "gone", "usable", RESET)
SILENT: Final = frozenset({State.NO_DEVICE, State.OFFLINE, State.POWER_OFF, State.STARTING})


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and the sign by which the machine knows."""

    says: str
    until: str

    def seen(self, status: Status, fault: str) -> bool:
        """Tell whether ``status`` shows the sign; ``fault`` is what is being mended."""
        match self.until:
            case "answers":
                return status.state not in SILENT or status.fault not in (fault, "timeOut", "noDevice")
            case "gone":
                return status.fault != fault
            case "usable":
                return status.usable
            case _:
                part, unlike, value = _sign(self.until)
                return part in status.parts and (status.parts[part] != value) is unlike


class Remedy:
    """A remedy under way for one device."""

    def __init__(self, worker: Worker[Device], fault: str, steps: Sequence[Step]) -> None:
        self.device = worker.name
        self.fault = fault
        self._worker = worker
        self._steps = tuple(steps)
        self._done = 0

    @property
    def done(self) -> bool:
        """Tell whether every step is."""
        return self._done == len(self._steps)

    async def look(self) -> bool:
        """Ask the device once, tick off what it shows; return whether anything is new."""
        before = self._done
        status = await self._worker.refresh()
        if status.usable:
            self._done = len(self._steps)
        while not self.done:
            step = self._steps[self._done]
            if step.until == RESET:
                try:
                    await self._worker(_reset)
                except DeviceError:
                    break
                status = await self._worker.refresh()
            elif not step.seen(status, self.fault):
                break
            self._done += 1
        return self._done != before

    def items(self) -> tuple[Item, ...]:
        """Return the steps as a checklist's lines."""
        marks = [Mark.DONE] * self._done + [Mark.NOW] + [Mark.TODO] * len(self._steps)
        return tuple(
            Item(text(f"remedy.{step.says}"), mark=mark)
            for step, mark in zip(self._steps, marks, strict=False)
        )


class Remedies:
    """All remedies by device and fault."""

    def __init__(self, steps: Mapping[str, Mapping[str, Sequence[Step]]]) -> None:
        self.steps = steps

    @classmethod
    def load(cls, file: Path = FILE) -> Remedies:
        """Read the file; raises ``SettingsError`` with file and line."""
        top = Table.read(file)
        return cls(
            {device: {code: _steps(top.table(device), code) for code in top.table(device)} for device in top}
        )

    def of(self, worker: Worker[Device], fault: str | None) -> Remedy | None:
        """Return the remedy for ``fault`` of a device, None when there is none."""
        if fault is None:
            return None
        steps = self.steps.get(worker.name, {}).get(fault) or self.steps.get(EVERY, {}).get(fault)
        return Remedy(worker, fault, steps) if steps else None


def _steps(table: Table, code: str) -> tuple[Step, ...]:
    return tuple(_step(entry) for entry in table.tables(code))


def _step(table: Table) -> Step:
    step = Step(table.text("says"), table.text("until"))
    table.done()
    if step.until not in WORDS and "=" not in step.until:
        raise table.wrong("until", f"{step.until!r} is none of {', '.join(WORDS)}, part=value, part!=value")
    return step


def _sign(until: str) -> tuple[str, bool, str]:
    """Return part, whether the value must differ, and the value."""
    part, _, value = until.partition("=")
    return part.removesuffix("!"), part.endswith("!"), value


def _reset(device: Device) -> None:
    device.reset()

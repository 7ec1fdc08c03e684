"""What differs between the golden traces and those that the simulators give now."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

from devices.trace import Sign, parse
from tests.golden.play import FOLDER


def differences(traces: Mapping[str, str], folder: Path = FOLDER) -> str:
    """Return the differences as a unified diff, "" when there are none."""
    return "".join(_difference(file, text, folder / file) for file, text in traces.items())


def accept(traces: Mapping[str, str], folder: Path = FOLDER) -> None:
    """Make ``traces`` the golden ones, where they differ."""
    folder.mkdir(exist_ok=True)
    for file, text in traces.items():
        if _difference(file, text, folder / file):
            (folder / file).write_text(text, encoding="utf-8")


def _difference(file: str, now: str, golden: Path) -> str:
    before = golden.read_text(encoding="utf-8") if golden.exists() else ""
    if _said(before) == _said(now):
        return ""
    lines = unified_diff(
        before.splitlines(keepends=True),
        now.splitlines(keepends=True),
        f"{file} (golden)",
        f"{file} (now)",
        n=1,
    )
    return "".join(lines)


def _said(trace: str) -> tuple[bytes, bytes, list[int]]:
    """Return all that each side said, and the speeds.

    How the two sides' words fell into each other is left out: it differs from run to run where one side
    does not wait for the other.
    """
    events = parse(trace)
    host = b"".join(event.data for event in events if event.sign is Sign.TO_DEVICE)
    device = b"".join(event.data for event in events if event.sign in (Sign.FROM_DEVICE, Sign.DISCARDED))
    return host, device, [event.baud for event in events if event.sign is Sign.SPEED]

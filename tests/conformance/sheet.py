"""The acceptance sheet of a unit: what it is, and how it did in each criterion."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from devices.base import Capabilities


class Result(StrEnum):
    """How a criterion came out."""

    PASS = "pass"
    FAIL = "fail"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured, and the limit it is held to ("" for none); ``within`` None: not judged."""

    name: str
    value: float
    unit: str = ""
    limit: str = ""
    within: bool | None = None

    def text(self) -> str:
        value = f"{self.value:.3f}".rstrip("0").rstrip(".")
        limit = f" (limit {self.limit})" if self.limit else ""
        return f"{self.name}: {value} {self.unit}".rstrip() + limit


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the sheet. ``words`` are those of the standard; ``why`` is told unless it passed."""

    number: str
    words: str
    text: str
    result: Result
    figures: Sequence[Figure] = ()
    why: str = ""


@dataclass(slots=True)
class Sheet:
    """The sheet of one unit. ``level`` is that of a simulated one, None for a real one."""

    device: str
    title: str
    links: Mapping[str, str]
    level: str | None
    program: str
    identity: Capabilities = field(default_factory=Capabilities)
    criteria: list[Criterion] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        results = {criterion.result for criterion in self.criteria}
        if Result.FAIL in results:
            return "not accepted"
        if Result.NOT_TESTED in results or not results:
            return "incomplete"
        return "passed in simulation" if self.level else "accepted"

    def write(self, folder: Path, at: datetime) -> tuple[Path, Path]:
        """Write the sheet as JSON and to be read; return both files."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.device}-{at:%Y-%m-%d}" + ("-simulated" if self.level else "")
        data, page = folder / f"{name}.json", folder / f"{name}.md"
        data.write_text(json.dumps(self.plain(at), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        page.write_text(self.page(at), encoding="utf-8")
        return data, page

    def plain(self, at: datetime) -> dict[str, Any]:
        """Return the sheet as JSON values."""
        return {
            "device": self.device,
            "date": at.isoformat(timespec="seconds"),
            "maker": self.identity.maker,
            "model": self.identity.model,
            "firmware": self.identity.firmware,
            "serial": self.identity.serial,
            "more": dict(self.identity.more),
            "links": dict(self.links),
            "simulated": self.level,
            "program": self.program,
            "verdict": self.verdict,
            "criteria": [asdict(criterion) for criterion in self.criteria],
        }

    def page(self, at: datetime) -> str:
        """Return the sheet as Markdown."""
        known = self.identity
        lines = [f"# Acceptance sheet: {self.title}", ""]
        if self.level:
            lines += [f"**A simulated unit (level {self.level}): this sheet accepts nothing.**", ""]
        facts = {
            "date": f"{at:%Y-%m-%d %H:%M}",
            "maker": known.maker,
            "model": known.model,
            "firmware": known.firmware,
            "serial number": known.serial,
            **dict(known.more),
            **{f"link {name}": f"`{url}`" for name, url in self.links.items()},
            "program": self.program,
            "verdict": f"**{self.verdict}**",
        }
        lines += ["| | |", "|---|---|"]
        lines += [f"| {name} | {_cell(value) or '(not told)'} |" for name, value in facts.items()]
        lines += ["", "| no. | words | criterion | result | figures |", "|---|---|---|---|---|"]
        for criterion in self.criteria:
            figures = "; ".join(figure.text() for figure in criterion.figures)
            result = criterion.result.value + (f": {criterion.why}" if criterion.why else "")
            cells = (criterion.number, criterion.words, criterion.text, result, figures)
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
        lines += ["", "Tested by: ______________________  Signature: ______________________", ""]
        return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

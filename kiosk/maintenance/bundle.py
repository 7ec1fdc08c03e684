"""The support bundle: what whoever helps from afar needs to see, and nothing of a person or a secret.

In it: the event log, versions, the configuration and its hash, the readiness report, the journal's head and
how it verified. Not in it: the journal, keys, tokens, the staff file, pictures, and what passed on a wire.
A line of the log that looks like somebody's ID number is left out and counted, though the log itself should
never have had it.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from kiosk.maintenance import versions
from kiosk.personal import looks_like
from kiosk.settings import ROOT, Settings

SECRET: Final = ("token", "key", "secret", "password")
LOG_MOST_BYTES: Final = 20_000_000


def write_bundle(file: Path, settings: Settings, report: Mapping[str, Any], now_s: float) -> int:
    """Write the bundle to ``file`` (mode 0600); returns how many lines of the log were left out."""
    left_out = 0
    file.touch(mode=0o600)
    with file.open("wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as bundle:

        def put(name: str, content: bytes) -> None:
            entry = tarfile.TarInfo(f"support/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(now_s)
            bundle.addfile(entry, io.BytesIO(content))

        for log in _logs(settings):
            kept, dropped = _clean(log)
            left_out += dropped
            put(f"log/{log.name}", kept)
        put("versions.json", _json({"program": versions.program(), **versions.libraries()}))
        put("settings.json", _json(without_secrets(settings)))
        put("report.json", _json(report))
        put("about.json", _json({"lines_left_out": left_out, "recorded_links": _recorded(settings)}))
        for table in sorted((ROOT / "config").rglob("*.toml")):
            if "strings" not in table.parts:
                put(str(table.relative_to(ROOT)), table.read_bytes())
    return left_out


def without_secrets(value: Any, name: str = "") -> Any:
    """Return settings as plain values; what is, or says where to find, a secret is only named."""
    if any(word in name for word in SECRET) and not isinstance(value, bool):
        return "withheld"
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: without_secrets(getattr(value, f.name), f.name) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): without_secrets(part, str(key)) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [without_secrets(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def _logs(settings: Settings) -> Iterator[Path]:
    """Yield the event log and its older files, the newest first, up to a sum of bytes."""
    path, total = settings.log.path, 0
    for log in (
        path,
        *(path.with_name(f"{path.name}.{number}") for number in range(1, settings.log.keep + 1)),
    ):
        if log.is_file() and (total := total + log.stat().st_size) <= LOG_MOST_BYTES:
            yield log


def _clean(log: Path) -> tuple[bytes, int]:
    lines = log.read_text("utf-8", errors="replace").splitlines(keepends=True)
    kept = [line for line in lines if looks_like(line, across_gaps=False) != "id-number"]
    return "".join(kept).encode(), len(lines) - len(kept)


def _recorded(settings: Settings) -> list[str]:
    """Return the links that keep a trace: the traces are never in a bundle, but they should be off."""
    return [name for name, url in settings.links.items() if "record=" in url]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode()

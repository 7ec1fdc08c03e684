"""Reading TOML strictly: every mistake is told with its file and line, and what would be allowed.

``tomllib`` gives values without positions, so the line of a key is looked up in the text again when
(and only when) something is wrong with it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_REQUIRED: Final = object()
_HEADER: Final = re.compile(r"\s*\[\[?\s*(?P<path>[^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(
    r"""\s*(?P<path>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)


class SettingsError(Exception):
    """A settings file is wrong; the message starts with ``file:line:``."""

    def __init__(self, file: Path, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line


class Table:
    """A table of a TOML file. Each reader names a key, its type, and a default when it may be missing.

    ``done`` complains about keys that no reader asked for, so a misspelt key cannot pass silently.
    """

    def __init__(self, file: Path, values: Mapping[str, Any], path: tuple[str, ...] = ()) -> None:
        self.file = file
        self.path = path
        self._values = values
        self._asked: set[str] = set()

    @classmethod
    def read(cls, file: Path) -> Table:
        """Read a whole file; raises ``SettingsError`` when it is missing or no TOML."""
        try:
            return cls(file, tomllib.loads(file.read_text("utf-8")))
        except OSError as error:
            raise SettingsError(file, 0, f"cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(file, 0, "is not UTF-8 text") from error
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+)", str(error))
            raise SettingsError(file, int(found[1]) if found else 0, f"no valid TOML: {error}") from error

    def table(self, key: str, *, optional: bool = False) -> Table:
        """Return the table ``key``; with ``optional`` an empty one when it is missing."""
        values = self._take(key, "a table", {} if optional else _REQUIRED)
        if not isinstance(values, dict):
            raise self.wrong(key, f"must be a table, is {_type(values)}")
        return Table(self.file, values, (*self.path, key))

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return the tables of the list ``key`` (``[[key]]``), at least one."""
        listed = self._typed(key, list, "a list of tables", _REQUIRED)
        if not listed or not all(isinstance(values, dict) for values in listed):
            raise self.wrong(key, "must be a list of tables")
        return tuple(Table(self.file, values, (*self.path, key)) for values in listed)

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        """Return a text that isn't empty (``default`` may be)."""
        value = self._typed(key, str, "a text", default)
        if value == "" and value != default:
            raise self.wrong(key, "must not be empty")
        return str(value)

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        return bool(self._typed(key, bool, "true or false", default))

    def whole(self, key: str, default: Any = _REQUIRED, *, least: int = 0, most: int = 1_000_000) -> int:
        """Return a whole number within the limits."""
        value = self._typed(key, int, "a whole number", default)
        return int(self._within(key, value, least, most))

    def number(self, key: str, default: Any = _REQUIRED, *, least: float = 0.0, most: float = 1e6) -> float:
        """Return a number, whole or not, within the limits."""
        value = self._typed(key, (int, float), "a number", default)
        return float(self._within(key, value, least, most))

    def word(self, key: str, allowed: Iterable[str], default: Any = _REQUIRED) -> str:
        """Return a text that is one of ``allowed``."""
        value = self.text(key, default)
        if value not in (words := sorted(allowed)):
            raise self.wrong(key, f"{value!r} is not one of: {', '.join(words)}")
        return value

    def words(self, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """Return a list of texts that are each one of ``allowed``."""
        value = self._typed(key, list, "a list of texts", _REQUIRED)
        for word in value:
            if word not in (words := sorted(allowed)):
                raise self.wrong(key, f"{word!r} is not one of: {', '.join(words)}")
        return tuple(value)

    def pair(self, key: str) -> tuple[float, float]:
        """Return a list of two positive numbers, such as a width and a height."""
        value = self._typed(key, list, "a list of two numbers", _REQUIRED)
        if len(value) != 2 or any(type(part) not in (int, float) or part <= 0 for part in value):
            raise self.wrong(key, f"must be two positive numbers, is {value!r}")
        return float(value[0]), float(value[1])

    def __iter__(self) -> Iterator[str]:
        """Go through the keys that are there, for tables whose keys are data."""
        return iter(self._values)

    def done(self) -> None:
        """Raise ``SettingsError`` at the first key that no reader asked for."""
        for key in self._values:
            if key not in self._asked:
                raise self.wrong(key, f"unknown key; allowed here: {', '.join(sorted(self._asked))}")

    def wrong(self, key: str, message: str) -> SettingsError:
        """Return the error to raise about the value of ``key``."""
        path = (*self.path, key)
        return SettingsError(
            self.file, line_of(self.file.read_text("utf-8"), path), f"{'.'.join(path)}: {message}"
        )

    def _take(self, key: str, what: str, default: Any) -> Any:
        self._asked.add(key)
        if key in self._values:
            return self._values[key]
        if default is _REQUIRED:
            raise self.wrong(key, f"missing; must be {what}")
        return default

    def _typed(self, key: str, kind: type | tuple[type, ...], what: str, default: Any) -> Any:
        value = self._take(key, what, default)
        # A bool is an int to Python, but nobody who writes `true` means a number.
        if value is not default and (
            not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        ):
            raise self.wrong(key, f"must be {what}, is {_type(value)}")
        return value

    def _within(self, key: str, value: float, least: float, most: float) -> float:
        if not least <= value <= most:
            raise self.wrong(key, f"must be between {least:g} and {most:g}, is {value:g}")
        return value


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line (from 1) where ``path`` is set; where it isn't, that of the nearest table around it."""
    best, best_depth = 1, 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = table = _parts(header["path"])
        elif key := _KEY.match(line):
            here = (*table, *_parts(key["path"]))
        else:
            continue
        depth = len(here)
        if best_depth < depth <= len(path) and path[:depth] == here:
            best, best_depth = number, depth
    return best


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in path.split("."))


def _type(value: object) -> str:
    names = {
        str: "a text",
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), type(value).__name__)

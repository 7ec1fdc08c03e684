"""Texts by key: what a person reads is a key with arguments, never a sentence in code.

One key gives the sentence in each language, and its spoken form where that differs.
The catalogues are ``config/strings/<language>.toml``; nested tables flatten to dotted keys.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Union

LANGUAGES: Final = ("zh-CN", "en")

TextArg = Union[str, int, "Text", tuple["Text", ...]]


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence not yet said: a key and its arguments (plain values, or texts themselves)."""

    key: str
    args: Mapping[str, TextArg] = field(default_factory=dict)


def text(key: str, **args: TextArg) -> Text:
    """Return the text of ``key`` with ``args``; shorter to read than the constructor."""
    return Text(key, args)


def verbatim(value: str) -> Text:
    """Return a text that says ``value`` as it is in every language: a name, a number, a place."""
    return Text("verbatim", {"value": value})


def bilingual(chinese: str, english: str) -> Text:
    """Return a text whose words come with the data, in both languages."""
    return Text("bilingual", {"chinese": chinese, "english": english})


class MissingText(KeyError):
    """A key, or an argument that its sentence names, is missing in a catalogue."""


_SLOT: Final = re.compile(r"\{([a-z_]+)(?::([a-z]+))?\}")


class Catalogue:
    """The sentences of every language.

    A sentence names its arguments in braces. ``{amount:yuan}`` writes fen as yuan.
    """

    def __init__(self, sentences: Mapping[str, Mapping[str, str]]) -> None:
        self._sentences = {language: dict(table) for language, table in sentences.items()}
        for language, table in self._sentences.items():
            table.setdefault("verbatim", "{value}")
            table.setdefault("bilingual", "{chinese}" if language.startswith("zh") else "{english}")

    @classmethod
    def load(cls, folder: Path, own: Mapping[str, Mapping[str, str]] | None = None) -> Catalogue:
        """Read ``<language>.toml`` for each language from ``folder``.

        ``own`` adds a site's own sentences: by key, then by language (braces in them mean nothing).
        Raises ``OSError`` when a file is missing and ``tomllib.TOMLDecodeError`` when one is broken.
        """
        tables = {language: _flatten(folder / f"{language}.toml") for language in LANGUAGES}
        for key, sentences in (own or {}).items():
            for language in LANGUAGES:
                tables[language][key] = sentences[language]
        return cls(tables)

    def keys(self, language: str) -> frozenset[str]:
        """Return the keys that ``language`` has."""
        return frozenset(self._sentences[language])

    def has(self, key: str) -> bool:
        """Tell whether every language has ``key``."""
        return all(key in table for table in self._sentences.values())

    def sentence(self, key: str, language: str) -> str:
        """Return the sentence of ``key`` with its slots unfilled; raises ``MissingText``."""
        try:
            return self._sentences[language][key]
        except KeyError:
            raise MissingText(f"{language}: {key}") from None

    def say(self, what: Text, language: str) -> str:
        """Return the sentence for ``what`` in ``language``; raises ``MissingText``."""
        sentence = self.sentence(what.key, language)

        def fill(slot: re.Match[str]) -> str:
            name, form = slot.group(1), slot.group(2)
            if name not in what.args:
                raise MissingText(f"{language}: {what.key} needs {{{name}}}")
            return self._argument(what.args[name], form, language)

        return _SLOT.sub(fill, sentence)

    def speak(self, what: Text, language: str) -> str:
        """Return the spoken form: ``<key>.speech`` where the catalogue has one, else the sentence."""
        spoken = f"{what.key}.speech"
        if spoken in self._sentences[language]:
            return self.say(Text(spoken, what.args), language)
        return self.say(what, language)

    def _argument(self, value: TextArg, form: str | None, language: str) -> str:
        if isinstance(value, Text):
            return self.say(value, language)
        if isinstance(value, tuple):
            separator = "、" if language.startswith("zh") else ", "
            return separator.join(self.say(part, language) for part in value)
        if form == "yuan":
            return yuan(int(value))
        return str(value)


def yuan(amount_fen: int) -> str:
    """Write an amount in fen as yuan: 1500 -> ``15``, 1550 -> ``15.50``."""
    whole, rest = divmod(amount_fen, 100)
    return f"{whole}.{rest:02d}" if rest else str(whole)


def _flatten(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        tree = tomllib.load(file)
    flat: dict[str, str] = {}

    def walk(node: Mapping[str, object], prefix: str) -> None:
        for name, value in node.items():
            key = f"{prefix}{name}"
            if isinstance(value, dict):
                walk(value, f"{key}.")
            else:
                # A sentence that is also the parent of others is written as key = { "" = … }.
                flat[key.removesuffix(".")] = str(value)

    walk(tree, "")
    return flat

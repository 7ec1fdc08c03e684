"""The voice: the program that speaks the pages."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.texts import LANGUAGES
from kiosk.toml_table import Table


@dataclass(frozen=True, slots=True)
class Speech:
    """The program that speaks: it gets the sentence on its standard input.

    ``{voice}`` in ``command`` becomes the language's voice.
    """

    command: str
    voices: Mapping[str, str]

    def arguments(self, language: str) -> list[str]:
        """Return the program and its arguments for a language."""
        voice = self.voices.get(language, language)
        return [word.replace("{voice}", voice) for word in shlex.split(self.command)]


def read_speech(table: Table) -> Speech | None:
    """Return what speaks, None on a machine without a voice; raises ``SettingsError``."""
    command = table.text("command", "")
    voices = {language: table.text(language, language) for language in LANGUAGES}
    table.done()
    if not command:
        return None
    if shutil.which(shlex.split(command)[0]) is None:
        raise table.wrong("command", f"no program is called {shlex.split(command)[0]!r}")
    return Speech(command, voices)

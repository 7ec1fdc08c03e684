"""The page that carries a prompt, the answer to it, and whoever shows pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kiosk.prompts.parts import Json, Prompt
from kiosk.texts import Text


@dataclass(frozen=True, slots=True)
class Page:
    """A prompt with what stands around it. ``number`` counts up; an answer names the page it is for."""

    number: int
    prompt: Prompt
    service: Text | None = None
    step: int = 0
    steps: int = 0
    can_back: bool = False
    can_cancel: bool = False
    cancel_returns: Text | None = None
    can_help: bool = True
    language: str = "zh-CN"
    large_text: bool = False
    high_contrast: bool = False
    simulated: bool = False
    site: Text | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person did on page ``page``.

    Besides the prompt's own actions there are, on any page that offers them: ``back``, ``cancel``,
    ``help``, and the settings ``language`` (value ``zh-CN`` or ``en``), ``large-text`` and
    ``high-contrast`` (value true or false).
    """

    page: int
    action: str
    value: Json = None


class View(Protocol):
    """Whatever shows pages: the window, the debug link. Must not block."""

    def show(self, page: Page) -> None:
        """Show ``page`` in place of the one before; a page with the same number is an update of it."""

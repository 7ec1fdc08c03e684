"""The voice says what the page asks, cuts itself off, repeats what waits, and never says data."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from kiosk.prompts import Attract, CheckAnswers, LookAtCamera, Notice, Page, Prompt, Row
from kiosk.settings import Speech
from kiosk.texts import Catalogue, text, verbatim
from kiosk.voice import Voice

pytestmark = pytest.mark.anyio
STRINGS = Path(__file__).parents[2] / "config" / "strings"
CATALOGUE = Catalogue.load(STRINGS)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Ear:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "spoken.txt"
        self.voice = Voice(Speech(f"tee -a {self.file}", {}), CATALOGUE)

    async def hears(self, count: int) -> list[str]:
        """Wait for ``count`` sentences."""
        async with asyncio.timeout(10):
            while len(lines := self.lines()) < count:
                await asyncio.sleep(0.01)
        return lines

    def lines(self) -> list[str]:
        return self.file.read_text("utf-8").splitlines() if self.file.exists() else []


@pytest.fixture
def ear(tmp_path: Path) -> Ear:
    return Ear(tmp_path)


def page(number: int, prompt: Prompt, language: str = "zh-CN") -> Page:
    return Page(number, prompt, language=language)


async def test_question_and_second_sentence_in_the_persons_language(ear: Ear) -> None:
    ear.voice.show(page(1, Notice("a", text("permit.question"), text("permit.body")), "en"))
    assert await ear.hears(1) == [
        CATALOGUE.say(text("permit.question"), "en") + " " + CATALOGUE.say(text("permit.body"), "en")
    ]


async def test_an_update_is_not_said_again_but_new_guidance_is(ear: Ear) -> None:
    look = LookAtCamera("face", text("face.question"))
    ear.voice.show(page(1, look))
    await ear.hears(1)
    ear.voice.show(page(1, look))
    ear.voice.show(page(1, dataclasses.replace(look, guidance=text("face.guidance.closer"))))
    assert await ear.hears(2) == [
        CATALOGUE.say(text("face.question"), "zh-CN"),
        CATALOGUE.say(text("face.guidance.closer"), "zh-CN"),
    ]


async def test_rows_are_never_said(ear: Ear) -> None:
    rows = (Row(text("data.name"), verbatim("李文静")),)
    ear.voice.show(page(1, CheckAnswers("data", text("data.question"), rows=rows)))
    assert "李文静" not in (await ear.hears(1))[0]


async def test_the_hall_is_quiet_while_nobody_is_served(ear: Ear) -> None:
    ear.voice.show(page(1, Attract("attract", text("attract.question"))))
    ear.voice.show(page(2, Notice("a", text("help.question"))))
    assert await ear.hears(1) == [CATALOGUE.say(text("help.question"), "zh-CN")]


async def test_a_new_page_cuts_the_old_sentence_off(tmp_path: Path) -> None:
    ear = Ear(tmp_path)
    ear.voice = Voice(Speech(f"sh -c 'tee -a {ear.file}; exec sleep 600'", {}), CATALOGUE)
    ear.voice.show(page(1, Notice("a", text("help.question"))))
    await ear.hears(1)
    ear.voice.show(page(2, Notice("b", text("help.close"))))  # is said: the first has ended, then
    assert (await ear.hears(2))[1] == CATALOGUE.say(text("help.close"), "zh-CN")
    ear.voice.close()

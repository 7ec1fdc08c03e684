"""A forked kiosk is to its starter what one in an interpreter of its own is."""

from __future__ import annotations

import importlib
import signal
from pathlib import Path

import pytest

from simulators.kiosk_link import Launch, interpreter
from tests import warm

MISSING = ["--site", "no-such-site.toml", "run", "--headless"]


@pytest.mark.parametrize("launch", [interpreter, warm.launch])
def test_its_exit_code_and_its_words_come_back(launch: Launch, tmp_path: Path) -> None:
    with (tmp_path / "words").open("wb") as words:
        assert launch(MISSING, {}, words.fileno()).wait(40) == 2
    assert "no-such-site.toml" in (tmp_path / "words").read_text()


@pytest.mark.parametrize("launch", [interpreter, warm.launch])
def test_it_can_be_killed_at_once(launch: Launch, tmp_path: Path) -> None:
    with (tmp_path / "words").open("wb") as words:
        process = launch(MISSING, {}, words.fileno())
        process.kill()
        assert process.wait(40) == -signal.SIGKILL
        assert process.poll() == -signal.SIGKILL


def test_what_is_loaded_ahead_is_there() -> None:
    """A name that is wrong would be passed over in silence, and each start be slow."""
    for name in warm.modules():
        importlib.import_module(name)


def test_a_window_gets_an_interpreter_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    monkeypatch.setattr(warm, "interpreter", lambda *told: begun.append(told))
    warm.launch(["--site", "site.toml", "run"], {}, 2)
    warm.launch(MISSING, {"PYTHONPATH": "/nowhere"}, 2)
    assert len(begun) == 2

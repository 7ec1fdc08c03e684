"""``script/run`` as a person calls it: one JSON object without a window, a whole visit by real touches."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from screens.panel import Panel
from tests.screens.harness import display

ROOT = Path(__file__).parents[2]
KEYS = {
    "outcome",
    "reason",
    "case",
    "paid_fen",
    "refunded_fen",
    "effects",
    "documents",
    "prompts",
    "seconds",
    "invariants",
}
STEPS = (
    "attract",
    "home",
    "leaflet",
    "consent-face",
    "place-id-card",
    "insert-permit",
    "reading-permit",
    "look-at-camera",
    "check-data",
    "choose-destinations",
    "choose-type",
    "choose-times-hkg",
    "check-answers",
    "choose-payment",
    "pay-at-terminal",
    "endorsing",
    "rate",
    "take-permit",
    "goodbye",
    "clean",
)

GO_BY_THEMSELVES = {"reading-permit", "look-at-camera", "endorsing"}
"""Pages that at the ideal level are gone before they can be photographed."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulators.run", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
    )


def test_one_json_object_and_nothing_else() -> None:
    done = run("--service", "endorsement", "--persona", "li-wenjing", "--seed", "7", "--headless", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert set(said) == KEYS
    assert said["outcome"] == "delivered"
    assert said["paid_fen"] == 3000
    assert said["refunded_fen"] == 0
    assert {effect["state"] for effect in said["effects"]} == {"done"}
    assert {document["kind"] for document in said["documents"]} == {"receipt", "strip"}
    assert set(said["seconds"]) == {"total", "own", "devices", "citizen"}
    assert all(value is True for value in said["invariants"].values())


def test_a_refusal_is_an_outcome_and_not_a_failure() -> None:
    done = run("--persona", "wang-guoqiang", "--headless", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["outcome"], said["reason"]) == ("refused", "id-card-expired")
    assert said["documents"] == []


def test_nobody_of_that_name_is_said_so() -> None:
    done = run("--persona", "nobody", "--headless", "--json")
    assert done.returncode == 2
    assert "li-wenjing" in done.stderr
    assert done.stdout == ""


@pytest.mark.screen
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_whole_visit_by_real_touches(language: str, tmp_path: Path) -> None:
    with display(Panel()):
        done = run("--play", "--level", "ideal", "--language", language, "--out", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    pictures = {path.stem.split("-", 1)[1]: path for path in (tmp_path / "screens").glob("*.png")}
    assert set(STEPS) - GO_BY_THEMSELVES <= set(pictures)
    assert all(f"-{name}" in done.stdout for name in GO_BY_THEMSELVES), "seen, whether photographed or not"
    for path in pictures.values():
        with Image.open(path) as picture:
            assert picture.size == (1080, 1920)
            assert len(picture.convert("L").getcolors() or []) > 8, f"{path.name} is blank"
    assert (tmp_path / "receipt.png").stat().st_size > 1000
    assert (tmp_path / "strip.png").stat().st_size > 1000
    assert "delivered" in (tmp_path / "journal.txt").read_text()

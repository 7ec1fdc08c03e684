"""Scenario files are read strictly: what is misspelt is told with file and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulators.scenario_file import ScenarioError, load, load_all


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('title = "x"', "expect is missing"),
        ('title = "x"\nexpects = {}', "expects: unknown"),
        ('title = "x"\n[expect]\noutcome = "delivered"\ncolour = "red"', "expect.colour: unknown"),
        ('title = "x"\n[expect]\nreason = "y"', "expect: .*outcome"),
        ('title = "x"\n[citizen]\nnose = 1\n[expect]\noutcome = "refused"', "citizen.nose: unknown"),
        ('title = "x"\n[[when]]\ntime = 2\n[expect]\noutcome = "refused"', r"when\[0\]: needs either prompt"),
        (
            'title = "x"\n[[when]]\nprompt = "home"\ndo = [{ jump = 1 }]\n[expect]\noutcome = "refused"',
            r"when\[0\].do\[0\]: a step is one of",
        ),
        (
            'title = "x"\nbefore = [{ fault = "down", who = "x" }]\n[expect]\noutcome = "refused"',
            "before.*who",
        ),
        ("title = ", "scenario.toml: "),
    ],
)
def test_a_wrong_file_is_told_with_its_name_and_key(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ScenarioError, match=complaint):
        load(file)


def test_each_word_makes_a_scenario_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "twice.toml"
    file.write_text(
        'title = "At $each"\neach = ["home", "leaflet"]\n'
        '[[when]]\nprompt = "$each"\ndo = [{ answer = "cancel" }]\n[expect]\noutcome = "cancelled"\n',
        "utf-8",
    )
    scenarios = load(file)
    assert [scenario.name for scenario in scenarios] == ["twice:home", "twice:leaflet"]
    assert [scenario.when[0].prompt for scenario in scenarios] == ["home", "leaflet"]
    assert scenarios[1].title == "At leaflet"


def test_every_scenario_has_a_title_in_both_languages() -> None:
    """The panel speaks Chinese: a file without ``title_zh`` is shown with its English title there."""
    lacking = [one.name for one in load_all() if not re.search("[\u4e00-\u9fff]", one.title_zh)]
    assert lacking == []
    mixed = [one.name for one in load_all() if re.search("[\u4e00-\u9fff]", one.title)]
    assert mixed == []

"""The rooms of the house: who may import whom (the contracts are in pyproject.toml)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lint_imports(where: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts against the packages that lie in ``where``."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml")],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(where)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_rooms_keep_their_contracts() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def empty_house(tmp_path: Path) -> Path:
    """The four rooms with nothing in them but what a screen may know."""
    for room in ("kiosk", "devices", "screens", "simulators"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    for module in ("prompts", "texts", "journal"):
        (tmp_path / "kiosk" / f"{module}.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("devices/reader.py", "import kiosk.prompts"),
        ("devices/reader.py", "from simulators import wire"),
        ("devices/reader.py", "from screens import theme"),
        ("kiosk/visit.py", "import kivy.app"),
        ("kiosk/visit.py", "import serial"),
        ("kiosk/visit.py", "import screens"),
        ("kiosk/__main__.py", "import simulators"),
        ("screens/window.py", "from kiosk import journal"),
        ("screens/window.py", "import devices"),
        ("simulators/reader.py", "import devices"),
        ("simulators/people.py", "from kiosk.texts import Text"),
    ],
)
def test_a_door_that_must_stay_shut(empty_house: Path, module: str, statement: str) -> None:
    (empty_house / module).write_text(f"{statement}\n")
    if "wire" in statement or "theme" in statement:
        room = statement.split()[1]
        (empty_house / room / f"{statement.split()[-1]}.py").touch()
    result = lint_imports(empty_house)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        (
            "screens/window.py",
            "import kivy.app\nfrom kiosk.prompts import Page\nfrom kiosk.texts import Text",
        ),
        ("kiosk/__main__.py", "import screens\nimport devices"),
        ("devices/reader.py", "import serial"),
    ],
)
def test_a_door_that_is_open(empty_house: Path, module: str, statement: str) -> None:
    (empty_house / module).write_text(f"{statement}\n")
    result = lint_imports(empty_house)
    assert result.returncode == 0, result.stdout + result.stderr

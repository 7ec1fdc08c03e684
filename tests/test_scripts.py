"""The shell functions that the scripts stand on, and what the scripts say and return."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
BASH = shutil.which("bash") or "bash"


def bash(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` with the shared functions loaded; variables set to "" are removed."""
    merged = {**os.environ, **environment}
    return subprocess.run(
        [BASH, "-c", f"set -euo pipefail; source script/functions.sh; {code}"],
        cwd=ROOT,
        env={name: value for name, value in merged.items() if value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_python_is_found() -> None:
    result = bash('find_python; "$PYTHON" -c "import sys; print(sys.version_info >= (3, 11))"')
    assert result.stdout == "True\n", result.stderr


def test_no_python_is_told_by_the_return_code(tmp_path: Path) -> None:
    assert bash("find_python", PATH=str(tmp_path)).returncode != 0


def test_a_display_starts_and_ends_and_nothing_is_said_on_standard_output() -> None:
    result = bash(
        "need_display 300 400 >&2; echo $DISPLAY; kill -0 $DISPLAY_PID; end_display;"
        " wait $DISPLAY_PID || true; if kill -0 $DISPLAY_PID 2>/dev/null; then echo still there; fi",
        DISPLAY="",
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(":")
    assert result.stdout.count("\n") == 1
    assert "300x400" in result.stderr


def test_a_display_that_is_there_is_used() -> None:
    result = bash("need_display 300 400; echo $DISPLAY ${DISPLAY_PID:-none}", DISPLAY=":77")
    assert (result.stdout, result.stderr) == (":77 none\n", "")


def test_a_script_stops_with_a_message() -> None:
    result = bash("die one two; echo never")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "one two\n")


def test_running_as_root_passes_the_arguments_on_as_they_are() -> None:
    result = bash("sudo() { \"$@\"; }; as_root printf '[%s]' 'a b' c")
    assert result.stdout == "[a b][c]"

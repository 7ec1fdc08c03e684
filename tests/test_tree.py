"""The tree as a stranger clones it: nothing of our machines in it, nothing secret, nothing huge."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGEST_BYTES = 2_000_000

# Written so that no pattern matches this file itself.
FORBIDDEN = {
    "the host of a package index or mirror": re.compile(
        r"pypi\.(?:org|io)|python[h]osted|registry\.[n]pmjs|deb\.[d]ebian\.org|crates\.io|[/.]mirrors?\.[a-z]+\."
    ),
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+|tmp/w)/"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "an access token": re.compile(r"\b(?:ghp_|github_pat_|glpat-|xox[bp]-|AKIA)[0-9A-Za-z_-]{16,}"),
}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that a clone would have, from this work tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            found.append((path, data.decode("utf-8", errors="replace")))
    return found


def test_there_are_files_to_check() -> None:
    assert ROOT / "pyproject.toml" in tracked()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if FORBIDDEN[what].search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("the host of a package index or mirror", "https://files.python" + "hosted.org/packages/x"),
        ("a path of somebody's machine", "cd /root" + "/src"),
        ("a private key", "-----BEGIN RSA PRIVATE" + " KEY-----"),
        ("an access token", "ghp" + "_0123456789abcdef0123"),
    ],
)
def test_the_patterns_see_what_they_are_for(what: str, line: str) -> None:
    assert FORBIDDEN[what].search(line)


def test_no_file_is_huge() -> None:
    assert not {str(path): size for path in tracked() if (size := path.stat().st_size) > LARGEST_BYTES}


def test_texts_are_utf_8_with_plain_line_ends() -> None:
    found = []
    for path, text in texts():
        if "\ufffd" in text or "\r\n" in text:
            found.append(str(path.relative_to(ROOT)))
    assert not found


def test_every_locked_package_is_checked_by_hash() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        entries = re.split(r"\n(?=\S)", lock.read_text().strip())
        assert entries
        assert not [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]


def test_every_direct_dependency_is_locked() -> None:
    for wanted in ROOT.glob("requirements*.in"):
        lock = wanted.with_suffix(".lock").read_text()
        for line in wanted.read_text().splitlines():
            if name := re.match(r"[A-Za-z0-9][A-Za-z0-9_.-]*", line):
                assert re.search(rf"(?im)^{re.escape(name[0])}==", lock), f"run script/lock: {name[0]} is new"


def scripts() -> list[Path]:
    return [path for path, text in texts() if re.match(r"#!.*\b(?:ba)?sh\b", text) or path.suffix == ".sh"]


@pytest.mark.parametrize("script", scripts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shell_script_parses_and_stops_at_errors(script: Path) -> None:
    checked = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    if script.suffix != ".sh":
        assert "set -euo pipefail" in script.read_text()
        assert script.stat().st_mode & 0o111, "must be executable"


def documents() -> list[tuple[Path, str]]:
    return [(path, text) for path, text in texts() if path.suffix == ".md"]


def test_every_link_within_the_documents_leads_somewhere() -> None:
    links = [(path, link) for path, text in documents() for link in re.findall(r"\]\(([^)#\s]+)", text)]
    assert not [
        f"{path.relative_to(ROOT)}: {link}"
        for path, link in links
        if "://" not in link and not (path.parent / link).exists()
    ]


def test_every_script_that_a_document_names_is_there() -> None:
    named = [
        (path, name) for path, text in documents() for name in re.findall(r"(?<![\w/])script/[a-z-]+", text)
    ]
    assert not [f"{path.relative_to(ROOT)}: {name}" for path, name in named if not (ROOT / name).exists()]

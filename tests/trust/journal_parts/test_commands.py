"""``kiosk journal show``, ``export`` and ``verify``: what they say, and that they write nothing."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from kiosk.journal import Head, chain, commands
from tests.trust.journal_parts.written import ID, closed


def test_show_lists_visits_or_one_visits_events(files: tuple[Path, Path]) -> None:
    asyncio.run(closed(files[0]))
    out = io.StringIO()
    assert commands.show(*files, out=out) == 0
    assert out.getvalue().splitlines() == [
        f"2026-03-02T01:30:00.000Z  {'C1':<28} {'endorsement':<14} {'delivered':<10} {'':<24} v1",
        f"2026-03-02T01:30:00.000Z  {'C2':<28} {'traffic':<14} {'open':<10} {'':<24} v2",
    ]
    out = io.StringIO()
    assert commands.show(*files, visit="v2", out=out) == 0
    assert out.getvalue() == (
        '       5 2026-03-02T01:30:00.000Z  visit-began        {"case_no":"C2","service":"traffic"}\n'
    )
    assert commands.show(*files, visit="v9", out=out) == 1


def test_export_can_be_verified_by_anybody(files: tuple[Path, Path]) -> None:
    asyncio.run(closed(files[0]))
    out = io.StringIO()
    assert commands.export(*files, out=out) == 0
    beginning, *lines = (json.loads(line) for line in out.getvalue().splitlines())
    assert beginning == {"journal": ID, "beginning": chain.beginning(ID).hash.hex()}
    digest = beginning["beginning"]
    for number, line in enumerate(lines, 1):
        own = line.pop("hash")
        assert line["prev"] == digest
        assert line["number"] == number
        said = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(said.encode()).hexdigest() == own
        digest = own
    assert len(lines) == 6


def test_verify_says_how_many_and_where(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(closed(files[0]))
    out = io.StringIO()
    assert commands.verify(*files, out=out) == 0
    head = out.getvalue().split()[3].rstrip(",")
    assert Head.parse(head).number == 6
    assert out.getvalue() == f"6 events, head {head}, whole\n"
    out = io.StringIO()
    assert commands.verify(*files, head=f"6:{'00' * 32}", out=out) == 1
    assert out.getvalue() == f"event 6 is not the one that was known\n6 events, head {head}, BROKEN\n"
    assert capsys.readouterr().err == ""
    assert commands.verify(*files, head="7:00") == 2
    assert capsys.readouterr().err == "a head is number:64 hex digits, not '7:00'\n"


@pytest.mark.parametrize("command", [commands.verify, commands.show, commands.export])
def test_what_cannot_be_read_is_an_error_and_nothing_else(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str], command: Any
) -> None:
    out = io.StringIO()
    assert command(*files, out=out) == commands.UNREADABLE == 2
    assert capsys.readouterr().err == "missing: journal.db\n"
    asyncio.run(closed(files[0]))
    files[1].chmod(0o644)
    assert command(*files, out=out) == 2
    assert capsys.readouterr().err == "key-mode: key must be its owner's alone (0600)\n"
    assert out.getvalue() == ""


@pytest.mark.parametrize("command", [commands.verify, commands.show, commands.export])
def test_commands_write_nothing(files: tuple[Path, Path], command: Any) -> None:
    asyncio.run(closed(files[0]))
    before = files[0].read_bytes()
    files[0].chmod(0o400)
    assert command(*files, out=io.StringIO()) == 0
    assert files[0].read_bytes() == before

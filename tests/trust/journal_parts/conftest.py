"""A journal whose hashes are known, in files of its own."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.trust.journal_parts.written import ID
from tests.trust.world import KEY


@pytest.fixture(autouse=True)
def fixed_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every journal have the same id, so that its hashes are known."""
    monkeypatch.setattr(secrets, "token_hex", lambda count: ID[: 2 * count])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return the journal's file, not made yet, and that of its key."""
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    return tmp_path / "journal.db", tmp_path / "key"

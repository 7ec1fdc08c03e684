"""The journal's key outside the journal: a file of its owner's alone, or a credential that systemd decrypted.

Checked here: what ``systemd-creds`` of Debian 12 encrypts and decrypts is read as the key, and the rights of
a credential as systemd 252 lays it out, for root's units and (by an access list) for another user's. Not
checked here, where nothing runs as a unit: that systemd lays it out so, and the sealing by a TPM.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.journal import MACHINE, Journal, JournalFailed, JournalRefused, read_key
from kiosk.journal.keys import KEY_BYTES, credentials, salt, token
from kiosk.settings import ROOT, SettingsError, load
from tests.trust.world import KEY, in_loop

EXAMPLE = ROOT / "config" / "sites" / "example.toml"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of root's")


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a unit finds under $CREDENTIALS_DIRECTORY."""
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def laid(folder: Path, mode: int) -> Path:
    path = folder / "journal-key"
    path.write_bytes(KEY)
    path.chmod(mode)
    return path


def test_a_units_own_credential_is_the_key(unit: Path) -> None:
    assert credentials() == unit
    assert read_key(laid(unit, 0o400)) == KEY


@as_root
@pytest.mark.parametrize(
    ("mode", "user", "group", "taken"),
    [
        (0o440, 0, 0, True),  # with an access list for the unit's user, as systemd 252 makes it
        (0o444, 0, 0, False),
        (0o460, 0, 0, False),
        (0o440, 0, 27, False),
        (0o440, 1000, 0, False),
    ],
)
def test_the_rights_of_a_credential(unit: Path, mode: int, user: int, group: int, taken: bool) -> None:
    path = laid(unit, mode)
    os.chown(path, user, group)
    path.chmod(mode)
    if taken:
        assert read_key(path) == KEY
        return
    with pytest.raises(JournalRefused) as refused:
        read_key(path)
    assert refused.value.code == "key-mode"


@as_root
def test_the_same_rights_elsewhere_are_refused(unit: Path, tmp_path: Path) -> None:
    with pytest.raises(JournalRefused) as refused:
        read_key(laid(tmp_path, 0o440))
    assert refused.value.code == "key-mode"


@pytest.mark.parametrize("size", [0, 1, KEY_BYTES - 1, KEY_BYTES + 1, 200])
def test_a_key_of_another_length_is_refused(unit: Path, size: int) -> None:
    path = laid(unit, 0o600)
    path.write_bytes(bytes(size))
    with pytest.raises(JournalRefused) as refused:
        read_key(path)
    assert (refused.value.code, refused.value.detail) == ("key-length", "journal-key must hold 32 bytes")


def test_the_key_says_nothing_of_what_is_made_from_it() -> None:
    other = bytes([*KEY[:-1], KEY[-1] ^ 1])
    assert len(salt(KEY)) == 16
    assert salt(KEY) == salt(KEY) != salt(other)
    assert token(KEY, "id", "1") not in (
        token(KEY, "permit", "1"),
        token(other, "id", "1"),
        token(KEY, "id", "2"),
    )
    assert not {salt(KEY).hex(), token(KEY, "id", "1")} & {KEY.hex(), KEY.hex()[:32]}


@pytest.mark.skipif(shutil.which("systemd-creds") is None, reason="no systemd-creds here")
@in_loop
async def test_what_systemd_creds_encrypted_opens_the_journal(unit: Path, tmp_path: Path) -> None:
    """Encrypted as for a machine without a TPM, since here is none; decrypted as for the unit."""
    plain, sealed = tmp_path / "key", tmp_path / "journal-key.cred"
    plain.write_bytes(KEY)
    encrypt = [
        "systemd-creds",
        "encrypt",
        "--with-key=tpm2-absent",
        "--name=journal-key",
        str(plain),
        str(sealed),
    ]
    if (done := subprocess.run(encrypt, capture_output=True, check=False)).returncode != 0:
        pytest.skip(done.stderr.decode().strip())
    assert KEY not in sealed.read_bytes()
    decrypt = ["systemd-creds", "decrypt", "--name=journal-key", str(sealed), str(unit / "journal-key")]
    if (done := subprocess.run(decrypt, capture_output=True, check=False)).returncode != 0:
        pytest.skip(done.stderr.decode().strip())
    (unit / "journal-key").chmod(0o400)
    key = read_key(unit / "journal-key")
    async with await Journal.open(tmp_path / "journal.db", key, SystemClock()) as journal:
        await journal.note(MACHINE, "noted")
    wrong = [*decrypt[:2], "--name=another", str(sealed), "-"]
    assert subprocess.run(wrong, capture_output=True, check=False).returncode != 0


# --- the site file ------------------------------------------------------------------------------------


def site(folder: Path, journal: str) -> Path:
    """Write a site file whose [journal] is ``journal``; return it."""
    text = EXAMPLE.read_text("utf-8")
    assert text.count('key_file = "journal.key"') == 1
    text = text.replace('key_file = "journal.key"', journal)
    (folder / "site.toml").write_text(text, "utf-8")
    return folder / "site.toml"


def test_a_site_names_a_credential(unit: Path, tmp_path: Path) -> None:
    path = laid(unit, 0o400)
    settings = load(site(tmp_path, 'key_credential = "journal-key"'))
    assert settings.journal.key_file == path
    assert not settings.journal.may_make_key


@pytest.mark.parametrize(
    ("journal", "words"),
    [
        ('key_credential = "other"', "has no credential 'other'"),
        ('key_credential = "journal-key"\nkey_file = "journal.key"', "not in both"),
    ],
)
def test_a_credential_that_is_not_there(unit: Path, tmp_path: Path, journal: str, words: str) -> None:
    laid(unit, 0o400)
    with pytest.raises(SettingsError, match=words):
        load(site(tmp_path, journal))


def test_a_process_that_is_no_unit_has_no_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert credentials() is None
    with pytest.raises(SettingsError, match="LoadCredentialEncrypted=journal-key"):
        load(site(tmp_path, 'key_credential = "journal-key"'))


def test_a_key_that_cannot_be_written_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a key would be refused by every start from then on."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no room")

    path = tmp_path / "journal.key"
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(JournalFailed):
            read_key(path, make=True)
    assert not path.exists()
    assert len(read_key(path, make=True)) == KEY_BYTES

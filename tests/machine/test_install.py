"""Installing under a folder: everything in its place, twice the same, taken back without the site's own."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> list[str]:
    done = subprocess.run(
        [ROOT / "script/install", *arguments], capture_output=True, text=True, check=True, cwd="/"
    )
    return done.stdout.splitlines()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("machine")
    run("--root", folder)
    return folder


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    said = run("--root", tmp_path, "--dry-run")
    assert said[0].startswith("would copy")
    assert files(tmp_path) == set()


def test_the_second_time_there_is_nothing_to_do(installed: Path) -> None:
    before = files(installed)
    assert run("--root", installed) == ["Nothing to change."]
    assert files(installed) == before


def test_what_a_hall_gets(installed: Path) -> None:
    current = installed / "opt/kiosk/current"
    assert (current / "kiosk/__main__.py").is_file()
    assert (current / "requirements-kiosk.lock").is_file()
    assert not (current / "simulators").exists()
    assert not (current / "tests").exists()
    for secret in ("journal.key", "token"):
        assert stat.S_IMODE((installed / "etc/kiosk" / secret).stat().st_mode) == 0o600
    assert len((installed / "etc/kiosk/journal.key").read_bytes()) == 32
    assert (installed / "etc/systemd/system/ctrl-alt-del.target").readlink() == Path("/dev/null")


def test_only_what_the_site_names_can_be_reached(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        '[links]\nreceipt_printer = "socket://192.0.2.7:9100"\ncamera = "device:/dev/video0"\n'
        '[back_office]\nurl = "https://198.51.100.9/api"\n'
    )
    run("--root", tmp_path / "machine", "--site", site)
    unit = (tmp_path / "machine/etc/systemd/system/kiosk.service.d/network.conf").read_text()
    allowed = {line.partition("=")[2] for line in unit.splitlines() if line.startswith("IPAddressAllow")}
    assert allowed == {"192.0.2.7", "198.51.100.9"}


def test_a_changed_file_is_put_right_and_the_sites_own_is_left(installed: Path) -> None:
    unit = installed / "etc/systemd/system/kiosk.service"
    own = installed / "etc/kiosk/site.toml"
    right, key = unit.read_text(), (installed / "etc/kiosk/journal.key").read_bytes()
    unit.write_text("[Service]\n")
    own.write_text(own.read_text() + "# ours\n")
    said = run("--root", installed)
    assert [line for line in said if line.startswith("write")] == [f"write {unit} (644)"]
    assert unit.read_text() == right
    assert own.read_text().endswith("# ours\n")
    assert (installed / "etc/kiosk/journal.key").read_bytes() == key


def test_taken_back_all_but_the_sites_own(tmp_path: Path) -> None:
    run("--root", tmp_path)
    journal = tmp_path / "var/lib/kiosk/journal.db"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"evidence")
    run("--root", tmp_path, "--uninstall")
    assert files(tmp_path) == {
        "etc/kiosk/site.toml",
        "etc/kiosk/journal.key",
        "etc/kiosk/token",
        "var/lib/kiosk/journal.db",
    }
    assert run("--root", tmp_path, "--uninstall") == ["Nothing to change."]
    run("--root", tmp_path, "--uninstall", "--purge")
    assert files(tmp_path) == set()

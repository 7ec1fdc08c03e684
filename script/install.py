"""Makes a Debian 12 machine a kiosk: files, users, units, hardening. Repeated, it changes only what differs.

``--dry-run`` tells what would be changed. ``--uninstall`` takes back all but the site's own: its
configuration (``/etc/kiosk``) and the journal (``/var/lib/kiosk``), which are evidence; ``--purge`` takes
these too. With ``--root DIR`` files are laid under DIR and no command is run: for images, and for tests.

Python's standard library only: it runs before anything of the project is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent.parent
SHIPPED = ("kiosk", "devices", "screens", "config", "systemd", "script", "docs")
SHIPPED_FILES = (
    "pyproject.toml",
    "README.md",
    "package.json",
    "package-lock.json",
    "requirements-build.lock",
    "requirements-kiosk.lock",
    "requirements-nodeps.lock",
)
"""What a machine in a hall gets: nothing of the simulated world, no tests."""
UNITS = (
    "kiosk.service",
    "kiosk-display.service",
    "kiosk-closed.service",
    "kiosk-again.service",
    "kiosk-root.socket",
    "kiosk-root@.service",
)
ENABLED = ("kiosk-display.service", "kiosk.service", "kiosk-root.socket")
MASKED = ("ctrl-alt-del.target", "getty@tty1.service", "debug-shell.service")
CONFIGURATION = {
    "70-kiosk.rules": "etc/udev/rules.d/70-kiosk.rules",
    "60-kiosk-sysctl.conf": "etc/sysctl.d/60-kiosk.conf",
    "60-kiosk-logind.conf": "etc/systemd/logind.conf.d/60-kiosk.conf",
    "60-kiosk-journald.conf": "etc/systemd/journald.conf.d/60-kiosk.conf",
    "kiosk-sysusers.conf": "etc/sysusers.d/kiosk.conf",
}
DEBIAN = ("xserver-xorg-core", "xserver-xorg-input-libinput", "xauth", "udev")
"""What the display needs besides what script/setup installs."""
NETWORK = "etc/systemd/system/kiosk.service.d/network.conf"


@dataclass(frozen=True)
class Change:
    """One thing that is not yet as it should be: what it is in words, and how it is made so."""

    what: str
    make: Callable[[], None]


class Machine:
    """The machine under ``root``. Commands are run only where that is the running system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.live = root == Path("/")

    def path(self, name: str) -> Path:
        return self.root / name

    def file(self, name: str, content: bytes, mode: int = 0o644) -> Iterator[Change]:
        """A file with this content and mode."""
        path = self.path(name)
        same = path.is_file() and path.read_bytes() == content and path.stat().st_mode & 0o777 == mode
        if not same:
            yield Change(f"write {path} ({mode:o})", lambda: _write(path, content, mode))

    def link(self, name: str, target: str) -> Iterator[Change]:
        """A symbolic link, changed in one step."""
        path = self.path(name)
        if not (path.is_symlink() and str(path.readlink()) == target):
            yield Change(f"link {path} -> {target}", lambda: _link(path, target))

    def gone(self, name: str) -> Iterator[Change]:
        """Nothing under this name."""
        path = self.path(name)
        if path.is_symlink() or path.exists():
            yield Change(f"remove {path}", lambda: _remove(path))

    def command(self, *words: str) -> Iterator[Change]:
        """A command on the running system."""
        if self.live:
            yield Change(f"run {' '.join(words)}", lambda: _run(words))


def install(machine: Machine, site: Path | None) -> Iterator[Change]:
    """Yield what has to be changed, in order; a change is to be made before the next is asked for."""
    if machine.live:
        yield from _debian(machine)
    release = _release()
    folder = f"opt/kiosk/releases/{release}"
    if not machine.path(folder).is_dir():
        yield Change(f"copy the project to {machine.path(folder)}", lambda: _ship(machine.path(folder)))
    if machine.live and not machine.path(f"{folder}/.cache/setup.stamp").is_file():
        yield from machine.command(f"/{folder}/script/setup", "--kiosk")
    changed = False
    for name, place in CONFIGURATION.items():
        for change in machine.file(place, (PROJECT / "systemd/etc" / name).read_bytes()):
            changed = True
            yield change
    if changed:
        yield from machine.command("systemd-sysusers")
        yield from machine.command("udevadm", "control", "--reload")
        yield from machine.command("sysctl", "--quiet", "--system")
    yield from _site(machine, site)
    before = changed
    for name in UNITS:
        for change in machine.file(f"etc/systemd/system/{name}", (PROJECT / "systemd" / name).read_bytes()):
            changed = True
            yield change
    for name in MASKED:
        yield from machine.link(f"etc/systemd/system/{name}", "/dev/null")
    old = machine.path("opt/kiosk/current")
    moved = not (old.is_symlink() and str(old.readlink()) == f"releases/{release}")
    yield from machine.link("opt/kiosk/current", f"releases/{release}")
    if changed or before or moved:
        yield from machine.command("systemctl", "daemon-reload")
        yield from machine.command("systemctl", "enable", *ENABLED)
        # Not restarted: the kiosk ends by itself when the visit under way has ended.
        yield from machine.command("systemctl", "--no-block", "reload-or-restart", "kiosk.service")


def uninstall(machine: Machine, *, purge: bool) -> Iterator[Change]:
    """Yield what has to be taken back."""
    if machine.path("etc/systemd/system/kiosk.service").exists():
        yield from machine.command("systemctl", "disable", "--now", *ENABLED)
    for name in UNITS:
        yield from machine.gone(f"etc/systemd/system/{name}")
    yield from machine.gone("etc/systemd/system/kiosk.service.d")
    for name in MASKED:
        path = machine.path(f"etc/systemd/system/{name}")
        if path.is_symlink() and str(path.readlink()) == "/dev/null":
            yield from machine.gone(f"etc/systemd/system/{name}")
    for place in CONFIGURATION.values():
        yield from machine.gone(place)
    yield from machine.gone("opt/kiosk")
    if purge:
        yield from machine.gone("etc/kiosk")
        yield from machine.gone("var/lib/kiosk")
    yield from machine.command("systemctl", "daemon-reload")


def _site(machine: Machine, site: Path | None) -> Iterator[Change]:
    """The site's own: never overwritten, but for its address of the back office in the unit."""
    own = machine.path("etc/kiosk/site.toml")
    if site is not None or not own.is_file():
        content = (site or PROJECT / "config/sites/example.toml").read_bytes()
        yield from machine.file("etc/kiosk/site.toml", content)
    if not machine.path("etc/kiosk/journal.key").is_file():
        yield from machine.file("etc/kiosk/journal.key", secrets.token_bytes(32), 0o600)
    if not machine.path("etc/kiosk/token").is_file():
        yield from machine.file("etc/kiosk/token", b"", 0o600)
    if own.is_file():
        yield from machine.file(NETWORK, _network(own).encode())


def _network(site: Path) -> str:
    """Return the unit's addition that lets the kiosk reach its back office and its printers, and no more."""
    settings = tomllib.loads(site.read_text("utf-8"))
    urls = [settings.get("back_office", {}).get("url", ""), *settings.get("links", {}).values()]
    hosts = sorted({urlsplit(url).hostname or "" for url in urls if "://" in url} - {"", "localhost"})
    lines = ["# Written by script/install from the site file.", "[Service]"]
    for host in hosts:
        try:
            addresses = sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
        except OSError:
            lines.append(f"# {host}: its address could not be found when this was written")
            continue
        lines += [f"# {host}", *(f"IPAddressAllow={address}" for address in addresses)]
    return "\n".join(lines) + "\n"


def _debian(machine: Machine) -> Iterator[Change]:
    known = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *DEBIAN],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    missing = [name for name in DEBIAN if f"{name} installed" not in known]
    if missing:
        yield from machine.command("apt-get", "install", "--yes", "--no-install-recommends", *missing)


def _release() -> str:
    """Return a name for what is shipped: its content's."""
    digest = hashlib.sha256()
    for path in _shipped():
        digest.update(f"{path.relative_to(PROJECT)} {path.stat().st_mode & 0o111:o}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _shipped() -> Iterator[Path]:
    for name in SHIPPED_FILES:
        yield PROJECT / name
    for name in SHIPPED:
        for path in sorted((PROJECT / name).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _ship(folder: Path) -> None:
    """Copy beside the place first: a copy that was cut off never counts as one."""
    made = folder.with_name(folder.name + ".new")
    shutil.rmtree(made, ignore_errors=True)
    for path in _shipped():
        target = made / path.relative_to(PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    made.rename(folder)


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    made.chmod(mode)
    made.rename(path)


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.new")
    made.unlink(missing_ok=True)
    made.symlink_to(target)
    made.rename(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _run(words: Sequence[str]) -> None:
    subprocess.run(words, check=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="script/install", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dry-run", action="store_true", help="tell what would be changed, change nothing")
    parser.add_argument("--uninstall", action="store_true", help="take it back; the site's own stays")
    parser.add_argument(
        "--purge", action="store_true", help="with --uninstall: configuration and journal too"
    )
    parser.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="lay files under DIR")
    parser.add_argument("--site", type=Path, metavar="FILE", help="the site file to install")
    options = parser.parse_args(arguments)
    if options.purge and not options.uninstall:
        parser.error("--purge goes with --uninstall")
    machine = Machine(options.root.resolve())
    if machine.live and not options.dry_run and os.geteuid() != 0:
        parser.error("root is needed to install on this machine (or --root DIR, or --dry-run)")
    changes = uninstall(machine, purge=options.purge) if options.uninstall else install(machine, options.site)
    count = 0
    for change in changes:
        count += 1
        print(("would " if options.dry_run else "") + change.what, flush=True)
        if not options.dry_run:
            change.make()
    print(f"{count} changes" if count else "Nothing to change.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

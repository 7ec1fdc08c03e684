"""Which program and which configuration this is."""

from __future__ import annotations

import hashlib
import platform
import tomllib
from importlib import metadata
from typing import Final

from kiosk.settings import ROOT, Settings

PACKAGE: Final = "police-kiosk"
LIBRARIES: Final = (
    "kivy",
    "numpy",
    "opencv-python-headless",
    "sqlcipher3",
    "cryptography",
    "pyserial",
    "requests",
)


def program() -> str:
    """Return the program's version."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        with (ROOT / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])


def libraries() -> dict[str, str]:
    """Return the versions of Python and of the libraries that matter when something is wrong."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def configuration(settings: Settings) -> str:
    """Return 16 hex digits of all that is configured: the same everywhere means the same behaviour.

    Taken over every file of ``config/`` and the site's own settings; no secret is in either.
    """
    digest = hashlib.sha256(repr(settings).encode())
    for file in sorted((ROOT / "config").rglob("*.toml")):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]

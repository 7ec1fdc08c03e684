"""Document scanner: SANE's own ``test`` backend, told by its configuration what to get wrong.

The backend is SANE's, not ours; here is only the folder of configuration that it reads at each scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from simulators.faults import Faults

NAME: Final = "document_scanner"
FAULTS: Final[Mapping[str, str]] = {
    "jammed": "state: a sheet is stuck in the feeder",
    "noMedia": "the feeder is empty",
    "coverOpen": "the cover is open",
    "deviceBusy": "another program has the scanner",
    "ioError": "the line to the scanner fails in the middle",
    "accessDenied": "the kiosk may not use the scanner",
    "cancelled": "somebody pressed the scanner's own cancel key",
    "endsEarly": "the picture ends after its first line, and SANE calls it success",
    "noMemory": "SANE has no memory",
}
_STATUS: Final = {
    "jammed": "SANE_STATUS_JAMMED",
    "noMedia": "SANE_STATUS_NO_DOCS",
    "coverOpen": "SANE_STATUS_COVER_OPEN",
    "deviceBusy": "SANE_STATUS_DEVICE_BUSY",
    "ioError": "SANE_STATUS_IO_ERROR",
    "accessDenied": "SANE_STATUS_ACCESS_DENIED",
    "cancelled": "SANE_STATUS_CANCELLED",
    "endsEarly": "SANE_STATUS_EOF",
    "noMemory": "SANE_STATUS_NO_MEM",
}
PICTURES: Final = ("Color pattern", "Grid", "Solid black", "Solid white")


class DocumentScanner:
    """The scanner; ``folder`` becomes its configuration."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self._folder = folder
        self._faults = faults
        self._picture = PICTURES[0]
        self._folder.mkdir(parents=True, exist_ok=True)
        self._configure()
        faults.watch(self._configure)

    @property
    def link(self) -> str:
        """The link's URL."""
        return f"sane:test:0?config={self._folder}&simulated=1"

    def lay(self, picture: str) -> None:
        """Lay one of ``PICTURES`` on the glass."""
        if picture not in PICTURES:
            raise ValueError(f"picture: one of {', '.join(PICTURES)}")
        self._picture = picture
        self._configure()

    def _configure(self) -> None:
        standing = self._faults.standing(NAME)
        status = next((_STATUS[fault] for fault in standing if fault in _STATUS), "Default")
        (self._folder / "dll.conf").write_text("test\n")
        (self._folder / "test.conf").write_text(
            f'read-status-code "{status}"\ntest-picture "{self._picture}"\n'
            "geometry_max 300.0\nresolution_min 50.0\nresolution_max 1200.0\nresolution 200.0\n"
        )

"""A document scanner behind SANE: ``sane:NAME?flatbed=…&feeder=…&config=…&program=…``.

NAME is SANE's name of the device (``scanimage -L``), ``config`` a folder to use instead of /etc/sane.d,
``program`` what to run instead of ``scanimage``. What the two sources are called differs by maker
(``scanimage -A``): ``flatbed`` (default "Flatbed") and ``feeder`` (default "Automatic Document Feeder") give
the names, an empty one means that there is no choice of source. The query may name a trace, too
(``recording.tapped``).

A picture of people's papers: it comes through a pipe and is never a file. Words: XFS4IoT Printer (ReadImage).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, unquote

import numpy as np
from PIL import Image

from devices.base import Capabilities, DeviceError, Fault, Retry, StaffAction, State, Status
from devices.document_scanner import scanimage
from devices.document_scanner.program import ProgramLink
from devices.document_scanner.scanimage import (
    SCANIMAGE,
    NotInstalled,
    Output,
    ScanFailed,
    ScanImage,
    TookTooLong,
    TooMuch,
)
from devices.interfaces import ColourImage, GrayImage, ScanMode, ScanSettings, ScanSource
from devices.recording import tapped

NAME: Final = "document_scanner"

_SCAN_S: Final = 60.0
_ASK_S: Final = 20.0
_MOST_MM: Final = (220.0, 360.0)  # legal paper, and a little
_MM_PER_INCH: Final = 25.4
_RESOLUTIONS: Final = range(50, 601)
_SIZE_TOLERANCE: Final = 0.03
_HEADER: Final = 1024
_MOST_ANSWER: Final = 1 << 16

_MODES: Final = {ScanMode.GRAY: "Gray", ScanMode.COLOUR: "Color"}
_FAULTS: Final = {
    scanimage.Status.UNSUPPORTED: ("unsupportedCommand", StaffAction.CONFIGURATION),
    scanimage.Status.DEVICE_BUSY: ("deviceBusy", StaffAction.RESET),
    scanimage.Status.INVAL: ("unsupportedData", StaffAction.CONFIGURATION),
    scanimage.Status.EOF: ("ioError", StaffAction.RESET),
    scanimage.Status.JAMMED: ("mediaJammed", StaffAction.CLEAR),
    scanimage.Status.COVER_OPEN: ("coverOpen", StaffAction.CLEAR),
    scanimage.Status.IO_ERROR: ("ioError", StaffAction.RESET),
    scanimage.Status.NO_MEM: ("internalError", StaffAction.SUSPEND),
    scanimage.Status.ACCESS_DENIED: ("accessDenied", StaffAction.CONFIGURATION),
}
_RETRIES: Final = {scanimage.Status.NO_DOCS: "noMedia", scanimage.Status.CANCELLED: "cancelled"}
_STATES: Final = {
    "noDevice": State.NO_DEVICE,
    "deviceBusy": State.DEVICE_BUSY,
    "timeOut": State.OFFLINE,
    "ioError": State.HARDWARE_ERROR,
}


class SaneDocumentScanner:
    """``interfaces.DocumentScanner``. ``sources`` are SANE's names of the two, "" for no choice."""

    name: str = NAME

    def __init__(
        self, device: str, program: ScanImage, sources: Mapping[ScanSource, str] | None = None
    ) -> None:
        self._device = device
        self._program = program
        self._sources = {
            ScanSource.FLATBED: "Flatbed",
            ScanSource.FEEDER: "Automatic Document Feeder",
            **(sources or {}),
        }
        self._capabilities = Capabilities()

    # --- as every device -------------------------------------------------------------------------

    def open(self) -> None:
        """See that the scanner is there; raises ``Fault``."""
        self._try_options()
        listed = self._run("-f", "%d\t%v\t%m\t%t%n", timeout_s=_ASK_S, most_bytes=_MOST_ANSWER).data
        for line in listed.decode("utf-8", "replace").splitlines():
            device, *said = line.split("\t")
            if device == self._device and len(said) == 3:
                self._capabilities = Capabilities(maker=said[0], model=said[1], more={"type": said[2]})

    def close(self) -> None:
        """Nothing is held between two scans."""

    def reset(self) -> None:
        """Open the scanner once: SANE's backends begin anew each time."""
        self._try_options()

    def status(self) -> Status:
        """Open the scanner without scanning (a second or two for real ones). Paper shows only in a scan."""
        try:
            self._try_options()
        except DeviceError as error:
            action = error.action if isinstance(error, Fault) else None
            state = _STATES.get(error.code, State.ONLINE)
            return Status(state, {"scanner": "inoperative"}, error.code, action)
        return Status(State.ONLINE, {"scanner": "ok"})

    def capabilities(self) -> Capabilities:
        """Return maker and model as SANE's backend tells them."""
        return self._capabilities

    def counters(self) -> Mapping[str, int]:
        """A scanner counts nothing that is evidence of an effect."""
        return {}

    # --- scanning ------------------------------------------------------------------------------------

    def scan(self, settings: ScanSettings) -> GrayImage | ColourImage:
        """Scan one page (≤ 60 s).

        Raises ``Retry`` noMedia, cancelled; ``Fault`` mediaJammed, coverOpen, deviceBusy, ioError, noDevice,
        accessDenied, unsupportedData (the scanner can't do these settings), unsupportedCommand, timeOut,
        internalError, invalidData. ``ValueError`` for settings that no scan here needs.
        """
        options = self._options(settings)
        output = self._run(*options, "--format=pnm", timeout_s=_SCAN_S, most_bytes=_most_bytes(settings))
        for option, wanted, taken in output.rounded:
            if option == "resolution":
                why = f"{wanted} dpi would become {taken}"
                raise Fault(NAME, "unsupportedData", StaffAction.CONFIGURATION, why)
        picture = self._picture(output.data)
        self._check_size(picture, settings)
        return picture

    def scan_pages(self, settings: ScanSettings, most: int) -> list[GrayImage | ColourImage]:
        """Scan until the feeder is empty or ``most`` pages are there; ``Retry`` noMedia without a first.

        Any other error loses the pages before it: a part of a document is none.
        """
        if settings.source is not ScanSource.FEEDER:
            raise ValueError("only a feeder brings pages")
        pages: list[GrayImage | ColourImage] = []
        while len(pages) < most:
            try:
                pages.append(self.scan(settings))
            except Retry as error:
                if error.code != "noMedia" or not pages:
                    raise
                break
        return pages

    # --- within ------------------------------------------------------------------------------------

    def _options(self, settings: ScanSettings) -> list[str]:
        if settings.resolution_dpi not in _RESOLUTIONS:
            raise ValueError(f"resolution must be {_RESOLUTIONS.start} to {_RESOLUTIONS.stop - 1} dpi")
        options = [f"--mode={_MODES[settings.mode]}", f"--resolution={settings.resolution_dpi}"]
        if source := self._sources[settings.source]:
            options.append(f"--source={source}")
        if settings.area_mm is not None:
            left, top, width, height = settings.area_mm
            if min(left, top) < 0 or min(width, height) <= 0:
                raise ValueError("an area has a place and a size")
            if left + width > _MOST_MM[0] or top + height > _MOST_MM[1]:
                raise ValueError(f"an area lies within {_MOST_MM[0]:g} x {_MOST_MM[1]:g} mm")
            options += ["-l", f"{left:g}", "-t", f"{top:g}", "-x", f"{width:g}", "-y", f"{height:g}"]
        return options

    def _try_options(self) -> None:
        self._run("--dont-scan", timeout_s=_ASK_S, most_bytes=_MOST_ANSWER)

    def _run(self, *options: str, timeout_s: float, most_bytes: int) -> Output:
        try:
            return self._program.run(
                f"--device-name={self._device}", *options, timeout_s=timeout_s, most_bytes=most_bytes
            )
        except ScanFailed as error:
            raise _exception(error) from error
        except NotInstalled as error:
            raise Fault(NAME, "noDevice", StaffAction.CONFIGURATION, str(error)) from error
        except TookTooLong as error:
            raise Fault(NAME, "timeOut", StaffAction.RESET, str(error)) from error
        except TooMuch as error:
            raise Fault(NAME, "invalidData", StaffAction.MAINTENANCE, str(error)) from error

    def _picture(self, data: bytes) -> GrayImage | ColourImage:
        """Return the picture; one that ends early is an error, though the program may call it success."""
        try:
            with Image.open(io.BytesIO(data), formats=("PPM",)) as image:
                image.load()
                if image.mode not in ("L", "RGB"):
                    raise Fault(NAME, "unsupportedData", StaffAction.CONFIGURATION, f"mode {image.mode}")
                pixels = np.asarray(image, dtype=np.uint8)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise Fault(NAME, "ioError", StaffAction.RESET, f"half a picture: {error}") from error
        return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, ::-1])

    def _check_size(self, picture: GrayImage | ColourImage, settings: ScanSettings) -> None:
        if settings.area_mm is None:
            return
        for got, millimetres in zip(
            picture.shape[:2], (settings.area_mm[3], settings.area_mm[2]), strict=True
        ):
            wanted = millimetres / _MM_PER_INCH * settings.resolution_dpi
            if abs(got - wanted) > max(wanted * _SIZE_TOLERANCE, 1 / _MM_PER_INCH * settings.resolution_dpi):
                why = f"{got} dots for {millimetres:g} mm at {settings.resolution_dpi} dpi"
                raise Fault(NAME, "unsupportedData", StaffAction.CONFIGURATION, why)


def open_document_scanner(url: str) -> SaneDocumentScanner:
    """Return the (not yet opened) scanner at ``url``; raises ``ValueError`` when it is no ``sane:`` link."""
    scheme, _, rest = url.partition(":")
    named, _, query_text = rest.partition("?")
    if scheme != "sane" or not named:
        raise ValueError(f"{url!r}: a document scanner's link is sane:NAME")
    query = parse_qs(query_text, keep_blank_values=True)
    sources = {source: query[source.value][0] for source in ScanSource if source.value in query}
    environment = {"SANE_CONFIG_DIR": query["config"][0]} if "config" in query else None
    program = query.get("program", [SCANIMAGE])[0]
    link = tapped(url, ProgramLink(program, environment))
    return SaneDocumentScanner(unquote(named), ScanImage(link), sources)


def _most_bytes(settings: ScanSettings) -> int:
    width_mm, height_mm = settings.area_mm[2:] if settings.area_mm is not None else _MOST_MM
    dots = (width_mm + 2) * (height_mm + 2) * (settings.resolution_dpi / _MM_PER_INCH) ** 2
    return int(dots * (3 if settings.mode is ScanMode.COLOUR else 1)) + _HEADER


def _exception(error: ScanFailed) -> DeviceError:
    if error.opening and error.status is scanimage.Status.INVAL:
        return Fault(NAME, "noDevice", StaffAction.MAINTENANCE, str(error))
    if error.status in _RETRIES:
        return Retry(NAME, _RETRIES[error.status], str(error))
    word, action = _FAULTS[error.status]
    return Fault(NAME, word, action, str(error))

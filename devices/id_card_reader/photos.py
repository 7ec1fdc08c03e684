"""The portrait in the card's 1,024-byte photo block: a port, because its real format is closed.

Real cards hold WLT, which only the vendors' licensed libraries decode. Simulated cards hold an
ordinary WebP, AVIF or JPEG image of the same 102 x 126 pixels, padded with zeros. ``name`` says which
decoder is in use, for the screen, the log and the documents.
"""

from __future__ import annotations

import ctypes
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from PIL import Image, UnidentifiedImageError

from devices.interfaces import ColourImage

WIDTH: Final = 102
HEIGHT: Final = 126

GetBmp = Callable[[bytes, int], int]
"""The vendor's function: path of an ``.wlt`` file (NUL-free bytes), interface 1 serial 2 USB."""


class PhotoError(ValueError):
    """The block could not be decoded; says why."""


class PhotoDecoder(Protocol):
    """Turns a photo block into a picture."""

    name: str

    def decode(self, block: bytes) -> ColourImage:
        """Return (126, 102, 3) blue, green, red; raises ``PhotoError``."""
        ...


class OpenPhotoDecoder:
    """WebP, AVIF or JPEG within the block: the portraits of simulated cards. Works in memory only."""

    name: str = "open-format"

    def decode(self, block: bytes) -> ColourImage:
        """Return (126, 102, 3) blue, green, red; raises ``PhotoError``."""
        try:
            with Image.open(io.BytesIO(_without_padding(block)), formats=("WEBP", "AVIF", "JPEG")) as image:
                return _bgr(image)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise PhotoError(f"no WebP, AVIF or JPEG portrait: {error}") from error


class WltLibrary:
    """The vendors' decoder: ``int GetBmp(char *file, int interface)`` of WltRS and its kin.

    It reads ``NAME.wlt`` and writes ``NAME.bmp`` beside it, so both stand for a moment in a folder of
    mode 0700 in memory (``/dev/shm``) and are overwritten before they go. Returns 1 when done, -1
    decoding failed, -2 wrong suffix, -3 file not opened, -4 wrong format, -5 not licensed or wrong
    device, -6 reader not connected (public headers of that library).

    Unchecked here: neither a library nor a real card's photo was at hand; the call, the codes and the
    wiping are tested with a stand-in function. A library that crashes takes its process with it.
    """

    name: str = "vendor-wlt"

    _MEANING: Final = {
        -1: "decoding failed",
        -2: "wrong file suffix",
        -3: "file not opened",
        -4: "wrong file format",
        -5: "not licensed for this device",
        -6: "reader not connected",
    }

    def __init__(self, get_bmp: GetBmp, usb: bool, memory: Path = Path("/dev/shm")) -> None:
        self._get_bmp: Final = get_bmp
        self._interface: Final = 2 if usb else 1
        self._memory: Final = memory

    @classmethod
    def load(cls, library: Path, usb: bool) -> WltLibrary:
        """Load the shared library a site has; raises ``PhotoError`` when it isn't one."""
        try:
            get_bmp = ctypes.CDLL(str(library)).GetBmp
        except (OSError, AttributeError) as error:
            raise PhotoError(f"{library}: {error}") from error
        get_bmp.argtypes = (ctypes.c_char_p, ctypes.c_int)
        get_bmp.restype = ctypes.c_int
        return cls(get_bmp, usb)

    def decode(self, block: bytes) -> ColourImage:
        """Return (126, 102, 3) blue, green, red; raises ``PhotoError``."""
        with tempfile.TemporaryDirectory(dir=self._memory) as folder:
            packed, picture = Path(folder, "photo.wlt"), Path(folder, "photo.bmp")
            try:
                packed.write_bytes(block)
                outcome = self._get_bmp(str(packed).encode(), self._interface)
                if outcome != 1:
                    meaning = self._MEANING.get(outcome, "unknown outcome")
                    raise PhotoError(f"WLT library returned {outcome}: {meaning}")
                with Image.open(io.BytesIO(picture.read_bytes()), formats=("BMP",)) as image:
                    return _bgr(image)
            except (UnidentifiedImageError, OSError, ValueError) as error:
                raise PhotoError(f"WLT library wrote no picture: {error}") from error
            finally:
                for path in Path(folder).iterdir():
                    path.write_bytes(bytes(path.stat().st_size))


def photo_decoder(library: Path | None, usb: bool) -> PhotoDecoder:
    """Return the vendor's decoder when the site has a ``library``, else the open format's."""
    return OpenPhotoDecoder() if library is None else WltLibrary.load(library, usb)


def _bgr(image: Image.Image) -> ColourImage:
    if image.size != (WIDTH, HEIGHT):
        raise ValueError(f"{image.size[0]} x {image.size[1]} pixels, not {WIDTH} x {HEIGHT}")
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def _without_padding(block: bytes) -> bytes:
    """Cut a RIFF file at its own length; other formats lose the zeros they were padded with.

    A JPEG ends with FF D9 and so in no zero. The last byte of an AVIF file may be a zero of its own:
    a decoder misses nothing but the very end of the entropy-coded data then, and says so.
    """
    if block[:4] == b"RIFF":
        return block[: 8 + int.from_bytes(block[4:8], "little")]
    return block.rstrip(b"\0")

"""The permit a person carries: a printed line, a chip, and a strip that can be erased and printed.

The strip is a bitmap, and its code is whatever a code reader finds in that bitmap: a strip printed
half really has none.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import qrcode
import zxingcpp
from numpy.typing import NDArray
from PIL import Image

from simulators.permit.chip import Chip

ROWS: Final = 200
COLUMNS: Final = 640
WHITE: Final = 255
BLACK: Final = 0
_CODE_BOX: Final = 6  # dots a module of a code drawn at the issuer's

Strip = NDArray[np.uint8]
"""(200, 640) grey, 0 black and 255 white; 8 dots a millimetre, 80 x 25 mm."""


@dataclass(slots=True)
class PermitCard:
    """A card. ``mrz`` is the line on its face ("" for a card without one), ``rewrites`` its erasures."""

    mrz: str
    chip: Chip | None
    strip: Strip = field(default_factory=lambda: blank_strip())
    rewrites: int = 0
    wrong_way_round: bool = False

    @classmethod
    def of(cls, permit: Mapping[str, Any]) -> PermitCard:
        """Make the card that a persona's ``permit`` table describes.

        ``mrz`` 30 characters, ``chip_mrz`` 90, ``endorsements`` hex, ``strip_code`` text or "".
        """
        chip = Chip(str(permit["chip_mrz"]), bytes.fromhex(str(permit.get("endorsements", ""))))
        code = str(permit.get("strip_code", ""))
        return cls(str(permit["mrz"]), chip, strip_with(code) if code else blank_strip())

    @classmethod
    def foreign(cls) -> PermitCard:
        """Make some other chip card of the same size: no printed line, no travel application."""
        return cls("", Chip("<" * 90, application=False))

    def code(self) -> str:
        """Return the text of the strip's code, "" when no reader would find one."""
        return read_code(self.strip)

    def world(self) -> dict[str, Any]:
        """Return what is on the card, as JSON values."""
        return {
            "strip": {"code": self.code(), "rewrites": self.rewrites},
            "chip_endorsements": self.chip.written().hex() if self.chip is not None else "",
        }


def blank_strip() -> Strip:
    """Return an erased strip."""
    return np.full((ROWS, COLUMNS), WHITE, np.uint8)


def strip_with(code: str) -> Strip:
    """Return a strip that carries ``code`` and nothing else."""
    drawn = qrcode.QRCode(box_size=_CODE_BOX, border=0)
    drawn.add_data(code)
    modules = np.array(drawn.get_matrix(), bool)
    dots = np.kron(modules, np.ones((_CODE_BOX, _CODE_BOX), bool))[: ROWS - 8, :]
    strip = blank_strip()
    strip[4 : 4 + dots.shape[0], 24 : 24 + dots.shape[1]][dots] = BLACK
    return strip


def read_code(strip: Strip) -> str:
    """Return the text of the two-dimensional code on ``strip``, "" when there is none."""
    framed = np.pad(strip, 32, constant_values=WHITE)
    found = zxingcpp.read_barcodes(framed, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return str(found[0].text) if found else ""


def as_png(strip: Strip) -> bytes:
    """Return the strip as a PNG picture."""
    buffer = io.BytesIO()
    Image.fromarray(strip).save(buffer, "PNG")
    return buffer.getvalue()

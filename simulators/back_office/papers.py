"""The papers of certificates: a template and a person's data become a signed PDF.

Templates are Typst files in a folder that a bureau edits (``docs/certificates.md``); ``kinds.toml`` beside
them says what each kind is called and how long it is good for. Every paper is made by a compiler of its
own out of the values it was given: nothing is shared between two requests that could be mixed up, and
nothing is written to a disk.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage

from simulators.back_office.seals import PadesSeal, Seal

if TYPE_CHECKING:
    import typst

TEMPLATES: Final = Path(__file__).parent / "certificate_templates"
TEST_SEAL: Final = "公安自助服务机演示单位 测试签章"
FONTS: Final = Path(__file__).parent.parent.parent / ".cache" / "fonts"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of certificate. ``number`` says whether the holder's number stands in ``full`` or ``masked``;
    ``purposes`` are what it may be for, by their word in the API."""

    name: str
    title: str
    authority: str
    number: str
    valid_days: int
    most_copies: int
    purposes: Mapping[str, str]


class Papers:
    """See the module. ``templates`` and ``fonts`` are folders; without ``seal`` it is one for tests."""

    def __init__(self, seal: Seal | None = None, templates: Path = TEMPLATES, fonts: Path = FONTS) -> None:
        self.seal = seal or PadesSeal(TEST_SEAL)
        self._templates, self._font_folder = templates, fonts
        kinds = tomllib.loads((templates / "kinds.toml").read_text("utf-8"))
        self.kinds: Mapping[str, Kind] = {name: Kind(name, **table) for name, table in kinds.items()}

    def make(self, kind: str, data: Mapping[str, Any], address: str = "") -> bytes:
        """Return the signed PDF; ``address`` is what its code leads to, "" for a paper without one.

        Raises ``SealMissing``.
        ``typst.TypstError`` says what is wrong in a template.
        """
        return self.seal.sign(self.render(kind, data, address))

    def render(self, kind: str, data: Mapping[str, Any], address: str = "") -> bytes:
        """Return the PDF without a signature."""
        import typst

        compiler = typst.Compiler(root=str(self._templates), font_paths=self._fonts)
        pdf = compiler.compile(
            input=str(self._templates / f"{kind}.typ"),
            format="pdf",
            sys_inputs={
                "data": json.dumps(data, ensure_ascii=False),
                "code": _code(address) if address else "",
            },
        )
        assert isinstance(pdf, bytes)
        return pdf

    @cached_property
    def _fonts(self) -> typst.Fonts:
        """The project's fonts, and Typst's own; none of whatever the machine happens to have."""
        import typst

        return typst.Fonts(include_system_fonts=False, font_paths=[str(self._font_folder)])


def _code(address: str) -> str:
    """Return the QR code of an address as SVG."""
    picture = qrcode.make(address, image_factory=SvgPathImage, border=0, error_correction=ERROR_CORRECT_M)
    out = BytesIO()
    picture.save(out)
    return out.getvalue().decode()

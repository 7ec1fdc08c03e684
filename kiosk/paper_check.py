"""Is this the paper of the person who stands here? Asked of the very bytes that will be printed.

In 2023 kiosks in Japan printed other people's certificates: requests within the same second overwrote each
other. So before paper moves the PDF's signature is verified against the authority that the site trusts, and
its text, as it will stand on the page, is read back and compared. Whatever cannot be read is not printed.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from cryptography import x509

MOST_PAGES: Final = 4
A4_POINTS: Final = (595, 842)
TOLERANCE_POINTS: Final = 3.0
_ID_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z*])[0-9]{6}(?:[0-9]{8}|\*{8})[0-9]{3}[0-9Xx](?![0-9A-Za-z*])")
_PDFIUM: Final = threading.Lock()
"""PDFium may be used by one thread at a time."""


class PaperDiffers(Exception):
    """The document must not be printed; ``code`` is a word for the journal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, repr=False)
class Expected:
    """What must stand on the paper, as it must be spelt."""

    title: str
    serial: str
    name: str
    number: str


class PaperCheck:
    """Checks documents against ``anchor``, the certificate (PEM) of the authority that vouches for seals.

    Raises ``ValueError`` when the anchor is no certificate.
    """

    def __init__(self, anchor: bytes) -> None:
        self._anchor = x509.load_pem_x509_certificate(anchor)

    @asynccontextmanager
    async def warm(self) -> AsyncIterator[None]:
        """Load what the check needs while the person is still busy; it takes most of a second."""
        loading = asyncio.create_task(asyncio.to_thread(_load))
        try:
            yield
        finally:
            await asyncio.gather(loading, return_exceptions=True)

    async def check(self, pdf: bytes, expected: Expected) -> int:
        """Return how many pages the document has; raises ``PaperDiffers``. Nothing is written to a disk."""
        return await asyncio.to_thread(self._check, pdf, expected)

    def _check(self, pdf: bytes, expected: Expected) -> int:
        try:
            self._verify(pdf)
            pages = _read(pdf)
        except PaperDiffers:
            raise
        except Exception as error:  # what parsers raise at a strange document is no closed list
            raise PaperDiffers("unreadable") from error
        _compare("\n".join(pages), expected)
        return len(pages)

    def _verify(self, pdf: bytes) -> None:
        """Require one signature over the whole file, whole, by somebody whom the anchor vouches for."""
        from asn1crypto.x509 import Certificate
        from cryptography.hazmat.primitives.serialization import Encoding
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.validation import validate_pdf_signature
        from pyhanko.sign.validation.status import SignatureCoverageLevel
        from pyhanko_certvalidator import ValidationContext

        signatures = PdfFileReader(BytesIO(pdf)).embedded_signatures
        if len(signatures) != 1:
            raise PaperDiffers("unsigned" if not signatures else "signed-twice")
        anchor = Certificate.load(self._anchor.public_bytes(Encoding.DER))
        context = ValidationContext(trust_roots=[anchor], allow_fetching=False)
        status: Any = validate_pdf_signature(signatures[0], context)
        if not status.intact or not status.valid:
            raise PaperDiffers("signature-broken")
        if status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
            raise PaperDiffers("signature-partial")
        if not status.bottom_line:
            raise PaperDiffers("signature-untrusted")


def _load() -> None:
    """Import what only a certificate needs: it would slow every start of the kiosk."""
    import pypdfium2  # noqa: F401
    from pyhanko.sign import validation  # noqa: F401


def _read(pdf: bytes) -> list[str]:
    """Return each page's text as it stands there."""
    import pypdfium2

    with _PDFIUM:
        document = pypdfium2.PdfDocument(pdf)
        try:
            if not 1 <= len(document) <= MOST_PAGES:
                raise PaperDiffers("pages")
            pages = []
            for page in document:
                size = page.get_size()
                if any(abs(a - b) > TOLERANCE_POINTS for a, b in zip(size, A4_POINTS, strict=True)):
                    raise PaperDiffers("paper-size")
                pages.append(str(page.get_textpage().get_text_bounded()))
            return pages
        finally:
            document.close()


def _compare(said: str, expected: Expected) -> None:
    """Each of the holder's values must stand alone, as one word, and no other number of a person's."""
    words = said.split()
    if expected.title not in "".join(words):  # a title may be spaced out
        raise PaperDiffers("title-differs")
    if not expected.serial or expected.serial not in words:
        raise PaperDiffers("serial-differs")
    if not expected.name or expected.name not in words:
        raise PaperDiffers("name-differs")
    if expected.number not in words:
        raise PaperDiffers("number-differs")
    # A serial may be as long as a person's number, and look like one.
    numbers = {number.upper() for number in _ID_NUMBER.findall(said)} - {expected.serial}
    if numbers != {expected.number.upper()}:
        raise PaperDiffers("another-number")

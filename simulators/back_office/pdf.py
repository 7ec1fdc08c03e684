"""A PDF in an answer: base64, with a digest of what it holds."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from simulators.back_office.contract import Base64, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.seals import SealMissing


class PdfDocument(Part):
    """``pdf`` is base64; ``digest`` the SHA-256 of the PDF in hex; ``serial`` the document's own number."""

    serial: str
    pdf: Base64
    digest: str


def made_here(office: Office, template: str, data: Mapping[str, Any]) -> PdfDocument:
    """Make a paper of the office and sign it; raises ``Refused`` 503 ``seal-missing``."""
    try:
        pdf = office.papers.make(template, data)
    except SealMissing as error:
        raise Refused(503, "seal-missing") from error
    return pdf_document(str(data["serial"]), pdf)


def pdf_document(serial: str, pdf: bytes) -> PdfDocument:
    """Wrap a PDF up."""
    return PdfDocument(
        serial=serial, pdf=b64encode(pdf).decode("ascii"), digest=hashlib.sha256(pdf).hexdigest()
    )

"""A PDF as the back office answers it: base64 with the SHA-256 of what it holds."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

MAKING_S: Final = 15.0
"""How long a document is asked for that is made and signed meanwhile: the first of a day more slowly."""


def pdf_of(value: Any) -> bytearray:
    """Return the PDF of an answer; raises ``ValueError`` when it was damaged on its way."""
    pdf = bytearray(base64.b64decode(value["pdf"], validate=True))
    if hashlib.sha256(pdf).hexdigest() != value["digest"]:
        raise ValueError("a document that was damaged on its way")
    return pdf

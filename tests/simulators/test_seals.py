"""The seal's signer: one for every document, since what it parses cannot be shared."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pypdfium2
import pytest

from simulators.back_office.seals import PadesSeal

AT_ONCE = 6


@pytest.fixture
def restless() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def empty_page() -> bytes:
    document, written = pypdfium2.PdfDocument.new(), BytesIO()
    try:
        document.new_page(10, 10)
        document.save(written)
    finally:
        document.close()
    return written.getvalue()


@pytest.mark.usefixtures("restless")
def test_a_new_seal_signs_many_documents_at_once() -> None:
    page = empty_page()
    for _ in range(5):
        seal, together = PadesSeal("test"), threading.Barrier(AT_ONCE)

        def sign(number: int, seal: PadesSeal = seal, together: threading.Barrier = together) -> bytes:
            together.wait()
            return seal.sign(page)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            signed = list(pool.map(sign, range(AT_ONCE)))
        assert all(b"/ByteRange" in one for one in signed)

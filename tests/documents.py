"""PDFs for tests: pages with a mark on each, so that one can be told from another."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

A4_AT_100: tuple[int, int] = (827, 1169)


def pdf(pages: int = 2, mark: str = "CASE") -> bytes:
    """Return a PDF of A4 pages; page n has a black bar of n+1 times 80 dots at its top."""
    sheets = []
    for number in range(pages):
        sheet = Image.new("L", A4_AT_100, 255)
        pen = ImageDraw.Draw(sheet)
        pen.rectangle((0, 0, 80 * (number + 1), 40), fill=0)
        pen.text((100, 200), f"{mark} {number + 1}/{pages}", fill=0)
        sheets.append(sheet)
    out = BytesIO()
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:], resolution=100)
    return out.getvalue()

"""What betrays a person: each piece of their data in the encodings in which it occurs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import cv2
import numpy as np
import requests

from simulators.people import FOLDER, Persona
from tests.residue import strokes

ENCODINGS: Final = ("utf-8", "utf-16-le", "gb18030", "utf-32-le")
"""In files and on the network; on the card and inside Python; on printers; inside Python for rare names."""
IN_BASE64: Final = 8
"""Characters of Base64 from which a piece is no chance."""
PIECE: Final = 24
"""Bytes of a picture or template that are looked for: more than chance ever makes."""
FRAMES: Final = 3
PHONE: Final = "13800009927"
"""What the person types where a number is asked for."""

Marks = Mapping[str, frozenset[bytes]]
"""What to look for, by the class of data (the table in docs/personal-data.md)."""


def of(person: Persona, camera_url: str) -> Marks:
    """Return everything of ``person``; the camera at ``camera_url`` must be showing them."""
    card, permit = person.id_card, person.permit
    assert permit is not None
    return {
        "name": frozenset(_text(card.name)),
        "id-number": frozenset(_text(card.number)),
        "phone": frozenset(_text(PHONE)),
        "address": frozenset(_text(card.address)),
        "permit": frozenset({*_text(permit.number), *_text(permit.mrz), *_text(permit.chip_mrz[30:60])}),
        "card-photo": frozenset({*_pieces(card.photo), *_rows(_decoded(card.photo))}),
        "face": frozenset(_frames(camera_url)),
        "finger": frozenset(_fingers(person)),
        "signature": strokes.marks(),
    }


def _text(value: str) -> Iterator[bytes]:
    for encoding in ENCODINGS:
        yield value.encode(encoding)
    yield json.dumps(value)[1:-1].encode()
    yield quote(value).encode()
    yield from _written_out(value.encode())


def _pieces(data: bytes) -> Iterator[bytes]:
    """Give pieces from all over ``data``, without those that are too plain to betray anything."""
    for at in range(PIECE, len(data) - PIECE, max(PIECE, len(data) // 12)):
        piece = data[at : at + PIECE]
        if len(set(piece)) > PIECE // 4:
            yield piece
            yield from _written_out(piece)


def _written_out(data: bytes) -> Iterator[bytes]:
    """Give ``data`` as JSON and links carry it: in hexadecimal, and in Base64 wherever it begins."""
    yield data.hex().encode()
    for before in range(3):
        # What the neighbours of ``data`` share in a character is left away.
        written = base64.b64encode(bytes(before) + data)
        middle = written[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]
        if len(middle) >= IN_BASE64:
            yield middle


def _rows(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Iterator[bytes]:
    """Give pieces of rows in the middle of a picture, in both orders of the colours."""
    for image in (picture, picture[..., ::-1]) if picture.ndim == 3 else (picture,):
        height, width = image.shape[:2]
        for y in range(height // 4, 3 * height // 4, max(1, height // 6)):
            yield from _pieces(np.ascontiguousarray(image[y, width // 4 : 3 * width // 4]).tobytes())


def _decoded(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def _frames(url: str) -> Iterator[bytes]:
    """Give pieces of the pictures that the camera sends again and again, as sent and as decoded."""
    with requests.get(url, stream=True, timeout=10) as stream:
        sent = b""
        for chunk in stream.iter_content(65536):
            sent += chunk
            pictures = re.findall(rb"\r\n\r\n(\xff\xd8.*?\xff\xd9)\r\n", sent, re.DOTALL)
            if len(pictures) >= FRAMES:
                break
    for picture in pictures:
        yield from _pieces(picture[len(picture) // 4 :])  # its tables are everybody's
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    for _ in range(FRAMES):
        read, frame = capture.read()
        assert read
        yield from _rows(np.asarray(frame, np.uint8))
    capture.release()


def _fingers(person: Persona) -> Iterator[bytes]:
    """Give pieces of the templates on the card, and of the print that is laid on the glass."""
    for template in person.templates:
        yield from _pieces(template.record[28:])
    picture = cv2.imread(str(Path(FOLDER) / "fingers" / f"{next(iter(person.fingers.values()))}_2.png"), 0)
    assert picture is not None
    dots = np.asarray(picture, np.uint8) >> 4
    packed = (dots[:, 0::2] << 4 | dots[:, 1::2]).astype(np.uint8)
    for image in (packed, dots << 4, dots * 17):
        yield from _rows(np.asarray(image, np.uint8))

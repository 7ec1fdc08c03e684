"""The client of the traffic police's desk takes only what it can show, and says what it has."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image, ImageFile

from kiosk import traffic_office
from kiosk.prompts import Picture, to_json
from kiosk.texts import verbatim


def picture(size: tuple[int, int] = (64, 40), kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (90, 90, 90)).save(out, kind)
    return out.getvalue()


def answer(data: bytes) -> dict[str, Any]:
    caption = {"zh": "进入路口前", "en": ""}
    shown = {"data": base64.b64encode(data).decode(), "caption": caption, "focus_x": 0.5, "focus_y": 0.7}
    return {"pictures": [shown]}


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pictures_that_a_window_can_show(kind: str) -> None:
    (shown,) = traffic_office._evidence(answer(picture(kind=kind)))
    assert shown.focus == (0.5, 0.7)
    assert shown.caption.text.args["english"] == "进入路口前", "without a translation the original"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg/>",
        picture(kind="GIF"),
        picture()[:-30],
        picture((5000, 4)),
        picture() + bytes(traffic_office.MOST_PICTURE_BYTES),
    ],
    ids=["empty", "markup", "another-format", "cut-off", "too-wide", "too-heavy"],
)
def test_what_is_no_picture_is_no_evidence(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # face_recognition, a peer in other tests, changes this for the whole process when it is loaded.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)
    with pytest.raises(ValueError, match=r"picture|dots"):
        traffic_office._evidence(answer(data))


def test_a_picture_of_a_prompt_is_plain_json() -> None:
    plain = to_json(Picture(b"\x89PNG", verbatim("x")))
    assert base64.b64decode(plain["data"]) == b"\x89PNG"

"""Photo and fingerprint ports: open formats, and how the vendors' library is called."""

import io
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from devices.id_card_reader import (
    OpenPhotoDecoder,
    OpenTemplateDecoder,
    PhotoError,
    TemplateError,
    WltLibrary,
    photo_decoder,
)

RED = (200, 30, 30)


def picture(kind: str, size: tuple[int, int] = (102, 126), **options: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, RED).save(made, kind, **options)
    return made.getvalue()


def padded(data: bytes) -> bytes:
    assert len(data) <= 1024
    return data.ljust(1024, b"\0")


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "JPEG"])
def test_open_formats_are_decoded_to_blue_green_red(kind: str) -> None:
    image = OpenPhotoDecoder().decode(padded(picture(kind, quality=50)))
    assert image.shape == (126, 102, 3)
    assert image.dtype == np.uint8
    assert np.abs(image[60, 50].astype(int) - np.array(RED[::-1])).max() < 20


@pytest.mark.parametrize(
    "block", [bytes(1024), b"\xa5" * 1024, padded(picture("PNG")), padded(picture("WEBP", size=(100, 126)))]
)
def test_what_is_no_portrait_is_refused(block: bytes) -> None:
    with pytest.raises(PhotoError):
        OpenPhotoDecoder().decode(block)


def test_a_portrait_cut_short_is_refused() -> None:
    noisy = np.random.default_rng(5).integers(0, 255, (126, 102, 3), dtype=np.uint8)
    made = io.BytesIO()
    Image.fromarray(noisy).save(made, "WEBP", quality=1)
    with pytest.raises(PhotoError):
        OpenPhotoDecoder().decode(padded(made.getvalue()[:300]))


def test_the_vendor_library_gets_a_private_file_and_leaves_nothing(tmp_path: Path) -> None:
    seen: dict[str, object] = {}

    def get_bmp(path: bytes, interface: int) -> int:
        packed = Path(path.decode())
        seen["mode"] = stat.S_IMODE(packed.parent.stat().st_mode)
        seen["block"] = packed.read_bytes()
        seen["call"] = (packed.suffix, interface)
        packed.with_suffix(".bmp").write_bytes(picture("BMP"))
        return 1

    decoder = WltLibrary(get_bmp, usb=True, memory=tmp_path)
    image = decoder.decode(b"W" * 1024)
    assert tuple(image[0, 0]) == RED[::-1]
    assert seen == {"mode": 0o700, "block": b"W" * 1024, "call": (".wlt", 2)}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("outcome", "why"), [(-5, "not licensed"), (-1, "decoding failed"), (7, "unknown outcome")]
)
def test_the_vendor_librarys_codes_are_told(outcome: int, why: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=why):
        WltLibrary(lambda _path, _interface: outcome, usb=False, memory=tmp_path).decode(bytes(1024))
    assert list(tmp_path.iterdir()) == []


def test_a_vendor_library_that_writes_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no picture"):
        WltLibrary(lambda _path, _interface: 1, usb=False, memory=tmp_path).decode(bytes(1024))


def test_which_decoder_is_in_use_is_told(tmp_path: Path) -> None:
    assert photo_decoder(None, usb=False).name == "open-format"
    with pytest.raises(PhotoError):
        photo_decoder(tmp_path / "libwlt.so", usb=False)


def test_an_open_template_comes_from_byte_8() -> None:
    record = b"FMR\0 20\0" + bytes(92)
    block = (b"C" + bytes(7) + len(record).to_bytes(2, "big") + record).ljust(512, b"\0")
    assert OpenTemplateDecoder().template(block) == record


@pytest.mark.parametrize(
    "block",
    [
        bytes(512),
        (b"C" + bytes(7) + (100).to_bytes(2, "big") + b"GA").ljust(512, b"\x55"),
        (b"C" + bytes(7) + (502).to_bytes(2, "big") + b"FMR\0").ljust(512, b"\0"),
        b"C" + bytes(7) + (100).to_bytes(2, "big") + b"FMR\0",
    ],
)
def test_a_block_without_open_template_is_refused(block: bytes) -> None:
    with pytest.raises(TemplateError):
        OpenTemplateDecoder().template(block)

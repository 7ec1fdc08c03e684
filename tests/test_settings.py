"""Settings: what is accepted, and that every mistake is told with file, line and what is allowed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk import settings
from kiosk.settings import ROOT, SettingsError
from kiosk.toml_table import line_of

SITE = """\
[site]
id = "330212K01"
name = { zh-CN = "示例大厅", en = "Example hall" }
model = "standard"
production = false
hotline = "0574-00000000"
elsewhere = { zh-CN = "民安路 1 号", en = "1 Min'an Road" }
hours = { zh-CN = "24 小时", en = "24 hours" }

[links]
id_card_reader = "usb:0400:c35a?form=bulk"
permit_transport = "serial:///dev/ttyS1?baud=9600"
permit_scanner = "serial:///dev/ttyACM0"
permit_printer = "serial:///dev/ttyS2?baud=9600"
camera = "device:/dev/video0"
fingerprint_pad = "serial:///dev/ttyUSB0"
payment_terminal = "serial:///dev/ttyUSB1"
receipt_printer = "socket://192.0.2.20:9100"
barcode_reader = "serial:///dev/ttyACM1?baud=115200&protocol=honeywell"
card_dispenser = "serial:///dev/ttyS3?baud=9600&address=0,1"
document_printer = "ipp://192.0.2.21/ipp/print"
io_board = "serial:///dev/ttyS4?baud=9600"
ups = "nut://127.0.0.1/ups"

[back_office]
url = "https://back-office.example/"
token_file = "token"

[journal]
path = "journal.db"
key_file = "journal.key"

[state]
folder = "state"
"""

WriteSite = Callable[..., Path]


@pytest.fixture
def site(tmp_path: Path) -> WriteSite:
    """Return a function that writes the site file, with replacements, and returns its path."""

    def write(*changes: tuple[str, str], add: str = "") -> Path:
        text = SITE
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must occur once"
            text = text.replace(old, new)
        file = tmp_path / "site.toml"
        file.write_text(text + add, "utf-8")
        return file

    return write


@pytest.fixture
def production(site: WriteSite, tmp_path: Path) -> WriteSite:
    """Like ``site``, marked as production and with a key file as it should be."""
    key = tmp_path / "journal.key"
    key.write_text("00" * 32)
    key.chmod(0o600)

    def write(*changes: tuple[str, str], add: str = "") -> Path:
        return site(("production = false", "production = true"), *changes, add=add)

    return write


def line_with(file: Path, part: str) -> int:
    return next(n for n, line in enumerate(file.read_text("utf-8").splitlines(), 1) if part in line)


def test_a_site_is_read_whole(site: WriteSite, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("sesame\n")
    read = settings.load(site(add="[debug]\nport = 0\n"))
    assert read.site.name == {"zh-CN": "示例大厅", "en": "Example hall"}
    assert read.model.panel.pixels == (1080, 1920)
    assert read.model.panel.pixels_per_mm == pytest.approx(3.216, abs=0.001)
    assert read.back_office.url == "https://back-office.example"
    assert read.back_office.token() == "sesame"
    assert read.journal.path == tmp_path / "journal.db"
    assert read.journal.may_make_key
    assert (read.site.receipt_url, read.site.guide_url) == ("", "")
    assert read.log.path == tmp_path / "state" / "events.jsonl"
    assert read.debug_port == 0
    assert not read.simulated


def test_without_a_debug_table_there_is_no_debug_link(site: WriteSite) -> None:
    assert settings.load(site()).debug_port is None


@pytest.mark.parametrize("model", sorted((ROOT / "config" / "models").glob("*.toml")), ids=lambda p: p.stem)
def test_every_model_shipped_is_right(model: Path) -> None:
    read = settings.load_model(model)
    assert read.strings.is_dir()
    # What a person touches lies between 800 and 1,200 mm above the floor: the panel must reach there.
    assert read.panel.lower_edge_mm < 1000 < read.panel.lower_edge_mm + read.panel.size_mm[1]


def test_the_example_site_is_right() -> None:
    read = settings.load(ROOT / "config" / "sites" / "example.toml")
    assert read.links["camera"] == "device:/dev/video0"
    assert read.site.receipt_url.startswith("https://")
    assert read.site.guide_url.startswith("https://")


@pytest.mark.parametrize(
    ("old", "new", "line_part", "says"),
    [
        ("production", "produktion", "produktion", "missing|unknown key"),
        ('hotline = "0574-00000000"', "hotline = 5740", "hotline", "must be a text, is a whole number"),
        ("production = false", 'production = "no"', "production", "must be true or false, is a text"),
        ('id = "330212K01"', 'id = "市局-1"', "id =", "letters and digits"),
        ('model = "standard"', 'model = "huge"', "model", "'huge' is not one of: .*standard"),
        (', en = "24 hours"', "", "hours", "site.hours.en: missing; must be a text"),
        ('token_file = "token"', 'token_file = "token"\ntimeout_s = "5"', "timeout_s", "must be a number"),
        ('token_file = "token"', 'token_file = "token"\ntimeout_s = 900', "timeout_s", "between 0.1 and 60"),
        ('token_file = "token"', 'token_file = "token"\ntimeout_s = true', "timeout_s", "is true or false"),
        ("https://back-office", "ftp://back-office", "url", "http or https"),
        *(
            ("hotline =", f'{key} = "{url}"\nhotline =', key, "that ends with / or =")
            for key, url in (
                ("guide_url", "hall.example/guide/"),
                ("guide_url", "https://hall.example/guide"),
                ("guide_url", "https://hall.example/导/"),
                ("receipt_url", "https://hall.example/r/#a="),
                ("receipt_url", "https://"),
            )
        ),
        ('camera = "device:/dev/video0"', 'camera = "/dev/video0"', "camera", "must start with one of"),
        ('camera = "device:/dev/video0"\n', "", "[links]", "links.camera: missing"),
        ("serial:///dev/ttyUSB0", "usb:0400:c35a", "fingerprint_pad", "one of: serial:, socket:"),
        ("192.0.2.20:9100", "[192.0.2.20:9100", "receipt_printer", "must start with one of"),
        ("camera = ", "kamera = ", "[links]", "links.camera: missing"),
        (
            'receipt_printer = "socket',
            'laminator = "x"\nreceipt_printer = "socket',
            "laminator",
            "unknown key",
        ),
        (
            'folder = "state"',
            'folder = "state"\n[extra]\na = 1',
            "[extra]",
            "extra: unknown key; .*back_office",
        ),
        ('folder = "state"', "folder = ", "folder", "no valid TOML"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(
    site: WriteSite, old: str, new: str, line_part: str, says: str
) -> None:
    file = site((old, new))
    with pytest.raises(SettingsError, match=says) as raised:
        settings.load(file)
    expected = 1 if old == "production" else line_with(file, line_part)
    assert str(raised.value).startswith(f"{file}:{expected}: ")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.load(tmp_path / "nowhere.toml")


def test_pixels_that_are_not_square_are_a_mistake(tmp_path: Path) -> None:
    model = (ROOT / "config" / "models" / "standard.toml").read_text("utf-8")
    file = tmp_path / "flat.toml"
    file.write_text(model.replace("[336.0, 597.0]", "[597.0, 336.0]"), "utf-8")
    with pytest.raises(SettingsError, match="square"):
        settings.load_model(file)


def test_a_device_that_is_not_fitted_needs_no_link(site: WriteSite, tmp_path: Path) -> None:
    models = tmp_path / "config" / "models"
    models.mkdir(parents=True)
    model = (ROOT / "config" / "models" / "standard.toml").read_text("utf-8")
    (models / "small.toml").write_text(model.replace('"fingerprint_pad", ', ""), "utf-8")
    file = site(('"standard"', '"small"'), ('fingerprint_pad = "serial:///dev/ttyUSB0"\n', ""))
    assert "fingerprint_pad" not in settings.load(file, root=tmp_path).links


def test_production_accepts_real_links(production: WriteSite) -> None:
    read = settings.load(production())
    assert read.site.production
    assert not read.journal.may_make_key


def test_production_sends_nobody_to_an_address_without_a_seal(production: WriteSite) -> None:
    for key in ("receipt_url", "guide_url"):
        with pytest.raises(SettingsError, match=f"{key}: a production site must use https"):
            settings.load(production(("hotline =", f'{key} = "http://hall.example/?case="\nhotline =')))
        read = settings.load(production(("hotline =", f'{key} = "https://hall.example/?case="\nhotline =')))
        assert getattr(read.site, key) == "https://hall.example/?case="


@pytest.mark.parametrize(
    ("link", "real", "url"),
    [
        ("payment_terminal", "serial:///dev/ttyUSB1", "serial:///dev/ttyUSB0?simulated=1"),
        ("payment_terminal", "serial:///dev/ttyUSB1", "serial:///dev/pts/3?baud=9600"),
        ("receipt_printer", "socket://192.0.2.20:9100", "socket://127.0.0.1:4000"),
        ("receipt_printer", "socket://192.0.2.20:9100", "socket://127.8.8.8:4000"),
        ("receipt_printer", "socket://192.0.2.20:9100", "socket://127.1:4000"),
        ("receipt_printer", "socket://192.0.2.20:9100", "socket://0.0.0.0:4000"),
        ("receipt_printer", "socket://192.0.2.20:9100", "socket://[::1]:4000"),
        ("receipt_printer", "socket://192.0.2.20:9100", "socket://[::ffff:127.0.0.1]:4000"),
        ("receipt_printer", "socket://192.0.2.20:9100", "socket://localhost:4000"),
        ("camera", "device:/dev/video0", "http://bench.localhost/video"),
        ("camera", "device:/dev/video0", "device:/dev/pts/3"),
        ("id_card_reader", "usb:0400:c35a?form=bulk", "usb:0400:c35a?form=bulk&backend=tcp"),
    ],
)
def test_production_refuses_links_of_the_bench(production: WriteSite, link: str, real: str, url: str) -> None:
    file = production((f'{link} = "{real}"', f'{link} = "{url}"'))
    with pytest.raises(SettingsError, match="production site must not use") as raised:
        settings.load(file)
    assert raised.value.line == line_with(file, f"{link} = ")


def test_production_sees_through_a_symbolic_link_to_a_pty(production: WriteSite, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        disguise = tmp_path / "ttyUSB9"
        disguise.symlink_to(os.ttyname(theirs))
        file = production(("/dev/ttyUSB1", str(disguise)))
        with pytest.raises(SettingsError, match="pseudo-terminal"):
            settings.load(file)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_bench_site_knows_that_it_is_simulated(site: WriteSite) -> None:
    file = site(("socket://192.0.2.20:9100", "socket://127.0.0.1:9100?simulated=1"))
    assert settings.load(file).simulated


@pytest.mark.parametrize("port", [0, 9000])
def test_production_refuses_a_debug_link(production: WriteSite, port: int) -> None:
    with pytest.raises(SettingsError, match="debug link"):
        settings.load(production(add=f"[debug]\nport = {port}\n"))


def test_only_a_bench_can_set_the_clock_wrong(site: WriteSite, production: WriteSite) -> None:
    add = '[bench]\nclock_file = "clock"\n'
    written = site(add=add)
    assert settings.load(written).clock_file == written.parent / "clock"
    assert settings.load(site()).clock_file is None
    with pytest.raises(SettingsError, match=r"bench.clock_file.*own"):
        settings.load(production(add=add))


def test_production_refuses_an_unprotected_back_office(production: WriteSite) -> None:
    with pytest.raises(SettingsError, match="https"):
        settings.load(production(("https://", "http://")))


def test_production_refuses_a_missing_or_readable_key(production: WriteSite, tmp_path: Path) -> None:
    file, key = production(), tmp_path / "journal.key"
    key.chmod(0o640)
    with pytest.raises(SettingsError, match="0600"):
        settings.load(file)
    key.unlink()
    with pytest.raises(SettingsError, match="never makes its key") as raised:
        settings.load(file)
    assert raised.value.line == line_with(file, "key_file")


def test_lines_are_found_in_every_way_of_writing_a_key() -> None:
    text = '# top\n[a]\nb.c = 1\n[[d]]\n"e" = 2\n[a.f]\ng = { h = 3 }\n'
    assert line_of(text, ("a", "b", "c")) == 3
    assert line_of(text, ("d", "e")) == 5
    assert line_of(text, ("a", "f", "g", "h")) == 7
    assert line_of(text, ("a", "missing")) == 2
    assert line_of(text, ("nothing",)) == 1


def test_a_bench_in_haste_waits_less_and_a_production_site_never(
    site: WriteSite, production: WriteSite
) -> None:
    hasty = settings.load(site(add="\n[haste]\nidle_s = 2.5\npatience = 0.1\n"))
    assert (hasty.times.idle_s, hasty.patience) == (2.5, 0.1)
    assert hasty.times.pay_s == hasty.model.times.pay_s
    assert settings.load(site()).times == hasty.model.times
    with pytest.raises(SettingsError, match=r"site.toml:.*unknown key"):
        settings.load(site(add="\n[haste]\nidle = 2\n"))
    with pytest.raises(SettingsError, match=r"site.toml:.*haste\.idle_s: a production site"):
        settings.load(
            production(
                ("https://back-office.example/", "https://office.example/"), add="\n[haste]\nidle_s = 2.5\n"
            )
        )

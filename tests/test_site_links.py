"""Which links can lead to a real device: a production site takes no other."""

from __future__ import annotations

import pytest

from kiosk.site_links import not_real


@pytest.mark.parametrize(
    "url",
    [
        "nut://localhost:3493/kiosk",  # upsd runs on the kiosk itself
        "ipp://127.0.0.1:60000/ipp/print",  # so does ipp-usb
        "ipp://192.168.7.20/ipp/print",
        "serial:///dev/ttyS1?baud=9600",
    ],
)
def test_a_device_can_be_there(url: str) -> None:
    assert not_real(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "nut://127.0.0.1:40001/kiosk?simulated=1",
        "ipp://127.0.0.1:40001/ipp/print?simulated=1",
        "ipp://192.168.7.20/ipp/print?simulated=1",
        "socket://127.0.0.1:40001",
        "serial:///dev/pts/3?baud=9600",
        "sane:epson2:libusb:001:004?program=/opt/scanimage",
        "sane:epson2:libusb:001:004?replay=/tmp/scanner.trace",
        "ipp://192.168.7.20/ipp/print?replay=/tmp/printer.trace",
        "nut://localhost:3493/kiosk?record=/tmp/ups.trace",
    ],
)
def test_nothing_but_a_program_can_be_there(url: str) -> None:
    assert not_real(url)

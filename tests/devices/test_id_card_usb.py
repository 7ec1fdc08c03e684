"""Both USB forms through pyusb's own backend seam, with an adversary behind the endpoints."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import usb.backend
import usb.core

from devices.base import Fault
from devices.id_card_reader import SamIdCardReader, UsbLink, open_card_link
from devices.link import LinkLost
from tests.devices.test_id_card_driver import GOOD

HERE = "tests.devices.test_id_card_usb:backend"
BULK, PIPES = (0x81, 0x02), (0x81, 0x02, 0x85, 0x06)


class Reader(usb.backend.IBackend):  # type: ignore[misc]
    """A reader with the given endpoints; ``piece`` is the longest transfer it makes."""

    def __init__(self, endpoints: tuple[int, ...], piece: int = 4096) -> None:
        self.endpoints = endpoints
        self.piece = piece
        self.written: list[tuple[int, bytes]] = []
        self.waiting: dict[int, list[bytes]] = {address: [] for address in endpoints}
        self.gone = False
        self._request = b""

    def enumerate_devices(self) -> Iterator[str]:
        return iter(["reader"])

    def get_device_descriptor(self, dev: Any) -> Any:
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x110,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=64,
            idVendor=0x0400,
            idProduct=0xC35A,
            bcdDevice=0x100,
            iManufacturer=0,
            iProduct=0,
            iSerialNumber=0,
            bNumConfigurations=1,
            address=1,
            bus=1,
            port_number=1,
            port_numbers=(1,),
            speed=2,
        )

    def get_configuration_descriptor(self, dev: Any, config: int) -> Any:
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=0,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, dev: Any, intf: int, alt: int, config: int) -> Any:
        if intf or alt:
            raise IndexError
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=len(self.endpoints),
            bInterfaceClass=255,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, dev: Any, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=self.endpoints[ep],
            bmAttributes=2,
            wMaxPacketSize=64,
            bInterval=0,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, dev: Any) -> Any:
        return dev

    def close_device(self, dev_handle: Any) -> None: ...

    def set_configuration(self, dev_handle: Any, config_value: int) -> None: ...

    def get_configuration(self, dev_handle: Any) -> int:
        return 1

    def claim_interface(self, dev_handle: Any, intf: int) -> None: ...

    def release_interface(self, dev_handle: Any, intf: int) -> None: ...

    def is_kernel_driver_active(self, dev_handle: Any, intf: int) -> bool:
        return False

    def bulk_write(self, dev_handle: Any, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._plugged()
        self.written.append((ep, bytes(data)))
        self._request += bytes(data)
        if len(self._request) >= 10:
            self._answer(GOOD[self._request[7:9]])
            self._request = b""
        return len(data)

    def bulk_read(self, dev_handle: Any, ep: int, intf: int, buff: Any, timeout: int) -> int:
        self._plugged()
        assert timeout > 0, "libusb would wait for ever"
        if not self.waiting[ep]:
            raise usb.core.USBTimeoutError("timeout", -7, 110)
        piece = self.waiting[ep].pop(0)
        buff[: len(piece)] = type(buff)("B", piece)
        return len(piece)

    def _answer(self, frame: bytes) -> None:
        inward = [address for address in self.endpoints if address & 0x80]
        if len(inward) == 1:
            self._send(inward[0], frame)
        else:
            self._send(inward[0], frame[:7])
            self._send(inward[1], frame[7:])

    def _send(self, ep: int, data: bytes) -> None:
        self.waiting[ep] += [data[at : at + self.piece] for at in range(0, len(data), self.piece)]

    def _plugged(self) -> None:
        if self.gone:
            raise usb.core.USBError("no such device", -4, 19)


_plugged_in: list[Reader] = []
_queries: list[dict[str, str]] = []


def backend(query: dict[str, str]) -> Reader:
    """What the URL's ``backend`` names."""
    _queries.append(query)
    return _plugged_in[-1]


def plug_in(form: str, endpoints: tuple[int, ...], piece: int = 4096) -> tuple[SamIdCardReader, Reader]:
    _plugged_in.append(Reader(endpoints, piece))
    link = open_card_link(f"usb:0400:c35a?form={form}&backend={HERE}&port=7")
    return SamIdCardReader(link), _plugged_in[-1]


@pytest.mark.parametrize(("form", "endpoints"), [("bulk", BULK), ("pipes", PIPES)])
@pytest.mark.parametrize("piece", [4096, 64, 5, 1])
def test_a_card_is_read_whole_or_in_short_transfers(
    form: str, endpoints: tuple[int, ...], piece: int
) -> None:
    driver, _ = plug_in(form, endpoints, piece)
    driver.open()
    assert driver.find()
    assert [f.finger for f in driver.read(fingerprints=True).fingerprints] == [11, 16]
    assert _queries[-1] == {"form": form, "port": "7"}


def test_bulk_sends_a_frame_a_transfer() -> None:
    driver, device = plug_in("bulk", BULK)
    driver.find()
    assert device.written == [(0x02, bytes.fromhex("AAAAAA96690003200122"))]


def test_pipes_send_header_and_body_apart() -> None:
    driver, device = plug_in("pipes", PIPES)
    driver.find()
    assert device.written == [(0x02, bytes.fromhex("AAAAAA96690003")), (0x06, bytes.fromhex("200122"))]


def test_late_transfers_do_not_spoil_the_next_exchange() -> None:
    driver, device = plug_in("pipes", PIPES, piece=3)
    driver.open()
    device._answer(GOOD[b"\x30\x01"])
    assert driver.find()
    assert driver.read().name == "李文静"


def test_silence_and_unplugging_are_faults() -> None:
    driver, device = plug_in("bulk", BULK)
    driver.open()
    device._answer = lambda frame: None  # type: ignore[method-assign]
    with pytest.raises(Fault) as silent:
        driver.find()
    assert silent.value.code == "timeOut"
    device.gone = True
    with pytest.raises(Fault) as gone:
        driver.find()
    assert gone.value.code == "noDevice"


def test_a_reader_without_the_pipes_of_its_form_is_told() -> None:
    driver, _ = plug_in("pipes", BULK)
    with pytest.raises(Fault, match="1 OUT and 1 IN"):
        driver.open()


def test_another_device_is_not_taken_for_the_reader() -> None:
    _plugged_in.append(Reader(BULK))
    with pytest.raises(LinkLost, match="no such device"):
        UsbLink(f"usb:0400:0001?backend={HERE}").open()


def test_the_urls_scheme_chooses_the_link() -> None:
    assert not isinstance(open_card_link("serial:///dev/ttyUSB0?baud=115200"), UsbLink)
    assert open_card_link("serial:///dev/ttyUSB0?baud=115200").url == "serial:///dev/ttyUSB0?baud=115200"
    with pytest.raises(ValueError, match="form"):
        open_card_link("usb:0400:c35a?form=hid")

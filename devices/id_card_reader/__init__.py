"""Resident ID-card reader (居民身份证阅读器): SAM_V frames over serial or USB."""

from devices.id_card_reader.driver import SamIdCardReader
from devices.id_card_reader.fingerprints import OpenTemplateDecoder, TemplateDecoder, TemplateError
from devices.id_card_reader.frames import wire_s
from devices.id_card_reader.photos import (
    OpenPhotoDecoder,
    PhotoDecoder,
    PhotoError,
    WltLibrary,
    photo_decoder,
)
from devices.id_card_reader.usb import UsbLink, open_card_link

__all__ = [
    "OpenPhotoDecoder",
    "OpenTemplateDecoder",
    "PhotoDecoder",
    "PhotoError",
    "SamIdCardReader",
    "TemplateDecoder",
    "TemplateError",
    "UsbLink",
    "WltLibrary",
    "open_card_link",
    "photo_decoder",
    "wire_s",
]

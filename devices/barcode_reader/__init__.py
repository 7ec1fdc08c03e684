"""Barcode reader (扫码器): a serial scanner of printed and displayed codes."""

from devices.barcode_reader.driver import SerialBarcodeReader, open_barcode_reader

__all__ = ["SerialBarcodeReader", "open_barcode_reader"]

"""Receipt printer: ESC/POS over a serial or TCP link."""

from devices.receipt_printer.driver import CUTTER_OPERATIONS, EscPosPrinter

__all__ = ["CUTTER_OPERATIONS", "EscPosPrinter"]

"""Document (laser) printer: IPP over HTTP."""

from devices.document_printer.driver import IMPRESSIONS, SHEETS, IppPrinter

__all__ = ["IMPRESSIONS", "SHEETS", "IppPrinter"]

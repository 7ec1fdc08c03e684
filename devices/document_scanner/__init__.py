"""Document scanner (扫描仪): any that SANE knows, through its own program ``scanimage``."""

from devices.document_scanner.driver import SaneDocumentScanner, open_document_scanner

__all__ = ["SaneDocumentScanner", "open_document_scanner"]

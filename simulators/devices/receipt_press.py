"""The press of a receipt printer: what the styling and printing commands make of the paper."""

from __future__ import annotations

import threading
from typing import Final

import numpy as np

from simulators.devices.receipt_paper import (
    WIDTH_DOTS,
    Block,
    Feed,
    Line,
    Receipt,
    Run,
    Style,
    cells,
    qr_block,
)

DEFAULT_FEED_DOTS: Final = 30


class Press:
    """The paper under the head. Text is GB 18030 in Kanji mode, code page 437 otherwise.

    ``lines`` counts lines printed, ``unknown`` commands that this printer does not know.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lines = 0
        self.unknown = 0
        self._receipt = Receipt()
        self._current = Line()
        self.setup()

    @property
    def waiting(self) -> bool:
        """Tell whether characters wait for their line feed."""
        return bool(self._current.runs)

    @property
    def empty(self) -> bool:
        """Tell whether nothing was put on this piece of paper."""
        return self._receipt.empty

    def piece(self) -> Receipt:
        """Return a copy of the piece of paper as it is now, not cut off."""
        with self._lock:
            return Receipt(list(self._receipt.elements), torn=True)

    def cut_off(self, torn: bool) -> Receipt | None:
        """Begin a new piece of paper; return the old one, None when it is blank."""
        with self._lock:
            old, self._receipt = self._receipt, Receipt()
            self._current = Line()
        old.torn = torn
        return None if old.empty else old

    def tab(self) -> None:
        """Go on at the next multiple of eight cells."""
        self.write(b" " * (8 - cells(self._current.text) % 8))

    def setup(self) -> None:
        """Forget all styles, as ``ESC @`` does."""
        self._style = Style()
        self._kanji = True
        self._feed_dots = DEFAULT_FEED_DOTS
        self._qr_module, self._qr_level, self._qr_data = 3, "L", b""
        self._graphic: Block | None = None
        self._pending = b""

    def write(self, data: bytes) -> None:
        """Put characters into the line; a full line is printed and goes on in the next."""
        data = self._pending + data
        self._pending = b""
        if self._kanji:
            text = data.decode("gb18030", "replace")
            if text.endswith("\ufffd"):
                # The rest of a character may come with the next bytes.
                for size in (1, 2, 3):
                    try:
                        text = data[:-size].decode("gb18030")
                    except UnicodeDecodeError:
                        continue
                    self._pending = data[-size:]
                    break
        else:
            text = data.decode("cp437")
        for character in text:
            if (cells(self._current.text) + cells(character)) * self._style.width * 12 > WIDTH_DOTS:
                self.put_line()
            self._current.runs.append(Run(character, self._style))

    def put_line(self) -> None:
        """Print the line and feed."""
        self.lines += 1
        self._current.feed_dots = self._feed_dots
        self._put(self._current)
        self._current = Line()

    def feed(self, dots: int) -> None:
        """Feed blank paper."""
        self._put(Feed(dots))

    def _put(self, element: Line | Block | Feed) -> None:
        with self._lock:
            self._receipt.elements.append(element)

    def symbol(self, args: bytes) -> None:
        """``GS ( k`` for QR codes (cn = 49)."""
        if len(args) < 2 or args[0] != 49:
            self.unknown += 1
            return
        match args[1]:
            case 65:
                pass  # the model: only model 2 is made
            case 67:
                self._qr_module = max(1, min(16, args[2]))
            case 69:
                self._qr_level = "LMQH"[(args[2] - 48) % 4]
            case 80:
                self._qr_data = args[3:]
            case 81:
                self._put(qr_block(self._qr_data, self._qr_module, self._qr_level, self._style.align))
            case _:
                self.unknown += 1

    def raster(self, args: bytes) -> int:
        """``GS v 0``: print a picture; return its rows."""
        rows = int.from_bytes(args[4:6], "little")
        if rows:
            self._put(self._dots(args[6:], rows, 1 + (args[0] & 1), 1 + (args[0] >> 1 & 1)))
        return rows

    def graphics(self, args: bytes) -> int:
        """``GS ( L``, ``GS 8 L``: store raster graphics (function 112), print them (2, 50); return rows."""
        if len(args) >= 10 and args[1] == 112:
            rows = int.from_bytes(args[8:10], "little")
            self._graphic = self._dots(args[10:], rows, args[3], args[4])
            return 0
        if len(args) >= 2 and args[1] in (2, 50) and self._graphic is not None:
            block, self._graphic = self._graphic, None
            self._put(block)
            return int(block.dots.shape[0])
        self.unknown += 1
        return 0

    def bit_image(self, args: bytes) -> None:
        """``ESC *``: columns of 8 or 24 dots, put on the paper as a block of its own."""
        deep = 3 if args[0] in (32, 33) else 1
        columns = np.frombuffer(args[3:], np.uint8).reshape(-1, deep)
        dots = np.unpackbits(columns, axis=1).T.astype(np.bool_)
        self._put(Block(dots[:, :WIDTH_DOTS], self._style.align))

    def styling(self, code: bytes, args: bytes) -> None:
        """Change how the next characters are printed."""
        s, n = self._style, args[0] if args else 0
        match code:
            case b"\x1b!":
                s = Style(bool(n & 8), bool(n & 128), s.invert, 1 + (n >> 5 & 1), 1 + (n >> 4 & 1), s.align)
            case b"\x1bE" | b"\x1bG":
                s = Style(bool(n & 1), s.underline, s.invert, s.width, s.height, s.align)
            case b"\x1b-" | b"\x1c-":
                s = Style(s.bold, n % 48 > 0, s.invert, s.width, s.height, s.align)
            case b"\x1dB":
                s = Style(s.bold, s.underline, bool(n & 1), s.width, s.height, s.align)
            case b"\x1d!":
                s = Style(s.bold, s.underline, s.invert, (n >> 4 & 7) + 1, (n & 7) + 1, s.align)
            case b"\x1c!":
                s = Style(s.bold, bool(n & 128), s.invert, 1 + (n >> 2 & 1), 1 + (n >> 3 & 1), s.align)
            case b"\x1cW":
                s = Style(s.bold, s.underline, s.invert, 1 + (n & 1), 1 + (n & 1), s.align)
            case b"\x1ba":
                s = Style(s.bold, s.underline, s.invert, s.width, s.height, n % 48)
            case b"\x1b2":
                self._feed_dots = DEFAULT_FEED_DOTS
            case b"\x1b3":
                self._feed_dots = n
            case b"\x1c&":
                self._kanji = True
            case b"\x1c.":
                self._kanji = False
            case _ if code not in _HARMLESS:
                self.unknown += 1
        self._style = s

    def _dots(self, data: bytes, rows: int, scale_x: int, scale_y: int) -> Block:
        bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(rows, -1), axis=1).astype(np.bool_)
        scaled = np.kron(bits, np.ones((scale_y, scale_x), dtype=np.bool_))
        return Block(scaled[:, :WIDTH_DOTS], self._style.align)


_HARMLESS: Final = frozenset(
    {b"\x1b" + bytes([c]) for c in b"MtR{ 3=c$\\DLSpV<Urv%?TWKe\x06"}
    | {b"\x1c" + bytes([c]) for c in b"SCp("}
    | {b"\x1d" + bytes([c]) for c in b"bfhwHLWPT:/^E$\\("}
    | {b"\x1b("}
)

"""Basic Access Control and secure messaging with 3DES, as ICAO Doc 9303-11 sections 4.3, 9.7, 9.8 define.

Checked byte by byte against the worked example of that document's Appendix D.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

Exchange = Callable[[bytes], bytes]
"""Sends a command APDU to the chip, returns its response with SW1 SW2 last."""

_BLOCK: Final = 8
_NO_IV: Final = bytes(_BLOCK)
_OK: Final = b"\x90\x00"


class AccessDeniedError(Exception):
    """The chip does not accept the key made from the printed line, or does not know it itself."""


class ChannelBrokenError(Exception):
    """An answer is not protected as it must be: the session is over."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Two 16-byte 3DES keys: one to encrypt, one to authenticate."""

    encryption: bytes
    authentication: bytes


def derive(seed: bytes) -> Keys:
    """Return the keys derived from a 16-byte seed (9303-11, 9.7.1), parity bits adjusted."""

    def key(counter: int) -> bytes:
        digest = sha1(seed + counter.to_bytes(4, "big")).digest()[:16]
        return bytes(byte & 0xFE | (bin(byte >> 1).count("1") + 1) % 2 for byte in digest)

    return Keys(key(1), key(2))


def access_keys(number: str, birth: str, expiry: str) -> Keys:
    """Return the document's access keys from its printed line.

    Each argument carries its check digit: number (9 + 1), birth and expiry (6 + 1, YYMMDD).
    """
    return derive(sha1((number + birth + expiry).encode("ascii")).digest()[:16])


class Session:
    """A secured channel: protects commands, checks and opens responses. ``counter`` is the SSC."""

    def __init__(self, keys: Keys, counter: bytes) -> None:
        self._keys = keys
        self._counter = int.from_bytes(counter, "big")

    def protect(self, header: bytes, data: bytes = b"", expected: int | None = None) -> bytes:
        """Return the protected APDU of a command: ``header`` is CLA INS P1 P2, ``expected`` its Le."""
        header = bytes([header[0] | 0x0C]) + header[1:]
        objects = b""
        if data:
            objects += _tlv(0x87, b"\x01" + _encrypt(self._keys.encryption, _pad(data)))
        if expected is not None:
            objects += _tlv(0x97, bytes([expected & 0xFF]))
        check = self._mac(_pad(header) + objects if objects else header)
        body = objects + _tlv(0x8E, check)
        return header + bytes([len(body)]) + body + b"\x00"

    def open(self, response: bytes) -> tuple[bytes, int]:
        """Return (data, status word) of a protected response; raises ``ChannelBrokenError``."""
        body, outer = response[:-2], response[-2:]
        parts = _objects(body)
        if 0x99 not in parts or body[-10:-8] != b"\x8e\x08":
            raise ChannelBrokenError(f"unprotected answer {outer.hex()}")
        if not hmac.compare_digest(self._mac(body[:-10]), body[-8:]):
            raise ChannelBrokenError("wrong check on the answer")
        data = b""
        if 0x87 in parts:
            data = _unpad(_decrypt(self._keys.encryption, parts[0x87][1:]))
        return data, int.from_bytes(parts[0x99], "big")

    def _mac(self, message: bytes) -> bytes:
        self._counter = (self._counter + 1) % 2**64
        return _retail_mac(self._keys.authentication, self._counter.to_bytes(_BLOCK, "big") + message)


def authenticate(
    exchange: Exchange, keys: Keys, random: Callable[[int], bytes] = secrets.token_bytes
) -> Session:
    """Prove to the chip, and have it prove, that both know ``keys``; return the session.

    Raises ``AccessDeniedError`` when either does not, ``ChannelBrokenError`` when no challenge comes.
    """
    challenge = exchange(bytes.fromhex("0084000008"))
    if len(challenge) != 10 or challenge[-2:] != _OK:
        raise ChannelBrokenError(f"no challenge: {challenge.hex()}")
    theirs = challenge[:8]
    ours, our_half = random(8), random(16)
    secret = _encrypt(keys.encryption, ours + theirs + our_half)
    token = secret + _retail_mac(keys.authentication, secret)
    answer = exchange(bytes.fromhex("0082000028") + token + b"\x28")
    if answer[-2:] != _OK:
        raise AccessDeniedError(f"status word {answer[-2:].hex()}")
    secret, check = answer[:32], answer[32:-2]
    if len(answer) != 42 or not hmac.compare_digest(_retail_mac(keys.authentication, secret), check):
        raise AccessDeniedError("the chip's proof has a wrong check")
    proof = _decrypt(keys.encryption, secret)
    if proof[:16] != theirs + ours:
        raise AccessDeniedError("the chip's proof answers another challenge")
    seed = bytes(a ^ b for a, b in zip(our_half, proof[16:], strict=True))
    return Session(derive(seed), theirs[4:] + ours[4:])


def _encrypt(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(TripleDES(key + key[:8]), modes.CBC(_NO_IV)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _decrypt(key: bytes, data: bytes) -> bytes:
    if not data or len(data) % _BLOCK:
        raise ChannelBrokenError("encrypted data of a wrong length")
    decryptor = Cipher(TripleDES(key + key[:8]), modes.CBC(_NO_IV)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _retail_mac(key: bytes, message: bytes) -> bytes:
    """ISO/IEC 9797-1 MAC algorithm 3 with DES, padding method 2."""
    first, second = key[:8], key[8:]
    single = Cipher(TripleDES(first * 3), modes.CBC(_NO_IV)).encryptor()
    last = single.update(_pad(message))[-_BLOCK:]
    inner = Cipher(TripleDES(second * 3), modes.ECB()).decryptor().update(last)
    return Cipher(TripleDES(first * 3), modes.ECB()).encryptor().update(inner)


def _pad(data: bytes) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % _BLOCK)


def _unpad(data: bytes) -> bytes:
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise ChannelBrokenError("wrong padding")
    return stripped[:-1]


def _tlv(tag: int, value: bytes) -> bytes:
    length = bytes([len(value)]) if len(value) < 0x80 else bytes([0x81, len(value)])
    return bytes([tag]) + length + value


def _objects(body: bytes) -> dict[int, bytes]:
    """Return the one-byte-tag data objects of ``body``; raises ``ChannelBrokenError`` when it is none."""
    parts: dict[int, bytes] = {}
    at = 0
    while at < len(body):
        tag, at = body[at], at + 1
        length, at = body[at : at + 1], at + 1
        if length == b"\x81":
            length, at = body[at : at + 1], at + 1
        value = body[at : at + int.from_bytes(length, "big")]
        if not length or len(value) != length[0] or tag in parts:
            raise ChannelBrokenError("answer is not made of data objects")
        parts[tag] = value
        at += len(value)
    return parts

"""Basic Access Control and secure messaging as the chip's side does them (ICAO 9303-11, 4.3 and 9.8).

Two-key 3DES in CBC mode with a zero IV, retail MAC (ISO/IEC 9797-1 algorithm 3, padding method 2).
Checked against the worked example of ICAO 9303-11 Appendix D.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

ENCRYPTION: Final = 1
MACKING: Final = 2
BLOCK: Final = 8


class NotAuthentic(Exception):
    """A cryptogram or MAC that was not made with the right key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """A pair of 16-byte 3DES keys."""

    encryption: bytes
    mac: bytes

    @classmethod
    def of_seed(cls, seed: bytes) -> Keys:
        """Derive both keys from a 16-byte seed."""
        return cls(_derive(seed, ENCRYPTION), _derive(seed, MACKING))

    @classmethod
    def of_document(cls, number: str, birth: str, expiry: str) -> Keys:
        """Derive the access keys from three MRZ fields, each with its check digit."""
        return cls.of_seed(sha1(f"{number}{birth}{expiry}".encode("ascii")).digest()[:16])


def authenticate(keys: Keys, challenge: bytes, command: bytes, key_half: bytes) -> bytes:
    """Answer EXTERNAL AUTHENTICATE: check the 40-byte ``command``, return the chip's 40 bytes.

    ``challenge`` is what GET CHALLENGE gave, ``key_half`` the chip's 16 bytes for the session that
    ``session_of`` returns. Raises ``NotAuthentic``.
    """
    cryptogram, tag = command[:32], command[32:]
    if len(command) != 40 or not hmac.compare_digest(retail_mac(keys.mac, pad(cryptogram)), tag):
        raise NotAuthentic("MAC")
    plain = decrypt(keys.encryption, cryptogram)
    reader_nonce, returned = plain[:8], plain[8:16]
    if returned != challenge:
        raise NotAuthentic("challenge")
    answer = encrypt(keys.encryption, challenge + reader_nonce + key_half)
    return answer + retail_mac(keys.mac, pad(answer))


def session_of(keys: Keys, challenge: bytes, command: bytes, key_half: bytes) -> Session:
    """Return the session that an accepted EXTERNAL AUTHENTICATE opens."""
    plain = decrypt(keys.encryption, command[:32])
    reader_nonce, reader_half = plain[:8], plain[16:]
    seed = bytes(a ^ b for a, b in zip(reader_half, key_half, strict=True))
    return Session(Keys.of_seed(seed), int.from_bytes(challenge[4:] + reader_nonce[4:], "big"))


@dataclass(slots=True)
class Session:
    """Secure messaging on the chip's side. ``counter`` is the send sequence counter."""

    keys: Keys
    counter: int

    def unwrap(self, apdu: bytes) -> bytes:
        """Return the plain command APDU inside a protected one; raises ``NotAuthentic``."""
        self.counter = (self.counter + 1) % (1 << 64)
        header = apdu[:4]
        objects = _objects(apdu[5 : 5 + apdu[4]]) if len(apdu) > 5 else {}
        if 0x8E not in objects:
            raise NotAuthentic("no MAC")
        covered = b"".join(_object(tag, objects[tag]) for tag in (0x87, 0x97) if tag in objects)
        text = self._counter() + pad(header) + (pad(covered) if covered else b"")
        if not hmac.compare_digest(retail_mac(self.keys.mac, text), objects[0x8E]):
            raise NotAuthentic("MAC")
        plain = bytes([header[0] & 0xF0]) + header[1:]
        if 0x87 in objects:
            data = unpad(decrypt(self.keys.encryption, objects[0x87][1:]))
            plain += bytes([len(data)]) + data
        return plain + objects.get(0x97, b"")

    def wrap(self, response: bytes) -> bytes:
        """Protect a plain response APDU (data and status word)."""
        self.counter = (self.counter + 1) % (1 << 64)
        data, status = response[:-2], response[-2:]
        objects = b""
        if data:
            objects += _object(0x87, b"\x01" + encrypt(self.keys.encryption, pad(data)))
        objects += _object(0x99, status)
        tag = retail_mac(self.keys.mac, self._counter() + pad(objects))
        return objects + _object(0x8E, tag) + status

    def _counter(self) -> bytes:
        return self.counter.to_bytes(8, "big")


def retail_mac(key: bytes, padded: bytes) -> bytes:
    """Return the 8-byte MAC over ``padded`` (a whole number of blocks) under a 16-byte key."""
    first, second = key[:8], key[8:]
    chained = _des_cbc(first, padded)[-BLOCK:]
    return _single_block(first, _single_block(second, chained, encrypting=False), encrypting=True)


def pad(data: bytes) -> bytes:
    """Append 80 and zeros up to a whole number of blocks."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


def unpad(data: bytes) -> bytes:
    """Take the padding off; raises ``NotAuthentic`` when there is none."""
    body = data.rstrip(b"\x00")
    if not body.endswith(b"\x80"):
        raise NotAuthentic("padding")
    return body[:-1]


def encrypt(key: bytes, data: bytes) -> bytes:
    """3DES-CBC with a zero IV; ``data`` is a whole number of blocks."""
    encryptor = Cipher(TripleDES(key + key[:8]), CBC(bytes(BLOCK))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decrypt(key: bytes, data: bytes) -> bytes:
    """Undo ``encrypt``; raises ``NotAuthentic`` for a broken length."""
    if not data or len(data) % BLOCK:
        raise NotAuthentic("length")
    decryptor = Cipher(TripleDES(key + key[:8]), CBC(bytes(BLOCK))).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _derive(seed: bytes, number: int) -> bytes:
    digest = sha1(seed + number.to_bytes(4, "big")).digest()[:16]
    return bytes(_odd_parity(byte) for byte in digest)


def _odd_parity(byte: int) -> int:
    return byte if byte.bit_count() % 2 else byte ^ 1


def _des_cbc(key: bytes, data: bytes) -> bytes:
    # Three times the same key makes 3DES the single DES that this MAC is built of.
    encryptor = Cipher(TripleDES(key * 3), CBC(bytes(BLOCK))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _single_block(key: bytes, block: bytes, *, encrypting: bool) -> bytes:
    cipher = Cipher(TripleDES(key * 3), CBC(bytes(BLOCK)))
    context = cipher.encryptor() if encrypting else cipher.decryptor()
    return context.update(block) + context.finalize()


def _object(tag: int, value: bytes) -> bytes:
    length = bytes([len(value)]) if len(value) < 0x80 else bytes([0x81, len(value)])
    return bytes([tag]) + length + value


def _objects(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 2 <= len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length == 0x81 and at < len(data):
            length, at = data[at], at + 1
        elif length >= 0x80:
            raise NotAuthentic("length")
        if at + length > len(data):
            raise NotAuthentic("length")
        found[tag] = data[at : at + length]
        at += length
    return found

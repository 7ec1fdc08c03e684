"""Key pairs of the simulated hosts and of their one merchant; RSA 2048 with SHA-256 as both hosts demand."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """An RSA key with the two operations that the hosts' protocols are made of."""

    private: RSAPrivateKey

    @classmethod
    def generate(cls) -> KeyPair:
        return cls(generate_private_key(public_exponent=65537, key_size=2048))

    def sign(self, text: str) -> str:
        """Return the base64 SHA256withRSA signature of ``text`` in UTF-8."""
        return b64encode(self.private.sign(text.encode(), PKCS1v15(), SHA256())).decode("ascii")

    def verifies(self, text: str, signature: str) -> bool:
        """Tell whether ``signature`` (base64) is this pair's over ``text``."""
        try:
            self.private.public_key().verify(
                b64decode(signature, validate=True), text.encode(), PKCS1v15(), SHA256()
            )
        except (InvalidSignature, ValueError):
            return False
        return True

    def private_pem(self) -> str:
        """Return the private key as PKCS#8 PEM."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    def public_pem(self) -> str:
        """Return the public key as SubjectPublicKeyInfo PEM."""
        return (
            self.private.public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode("ascii")
        )

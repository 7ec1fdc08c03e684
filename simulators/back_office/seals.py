"""Electronic seals (电子签章): who signs a certificate's bytes, so that whoever has them can tell.

``PadesSeal`` is the international form: ETSI EN 319 142-1 (PAdES, baseline B-B) with ECDSA P-256, made by
pyHanko. Its keys are for tests: made when the program starts, never kept. A bureau in China seals with SM2
after GB/T 38540, by a device that holds the key: ``Sm2Seal`` is the place for it. Without the device it
refuses; an unsigned certificate is never issued.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pyhanko.sign.signers import SimpleSigner

LIFETIME: Final = timedelta(days=398)
FIELD: Final = "Seal"


class SealMissing(Exception):
    """There is nothing here that could sign."""


class Seal(Protocol):
    """Signs documents."""

    @property
    def anchor(self) -> bytes:
        """The certificate (PEM) of the authority by which signatures of this seal are trusted."""
        ...

    def sign(self, document: bytes) -> bytes:
        """Return the PDF with its signature; raises ``SealMissing``."""
        ...


class PadesSeal:
    """Signs as ``holder`` with keys of its own, certified by an authority of its own. For tests."""

    def __init__(self, holder: str, *, since: datetime | None = None) -> None:
        first = (since or datetime.now(UTC)) - timedelta(hours=1)
        authority_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._authority = _certificate("Test authority for seals", authority_key, None, authority_key, first)
        self._certificate = _certificate(holder, self._key, self._authority, authority_key, first)

    @property
    def anchor(self) -> bytes:
        return self._authority.public_bytes(Encoding.PEM)

    def sign(self, document: bytes) -> bytes:
        """Return the PDF with its signature; takes some 25 ms."""
        # pyHanko takes most of a second to load: only where something is signed.
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign.fields import SigSeedSubFilter
        from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf

        how = PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
        signed: BytesIO = sign_pdf(
            IncrementalPdfFileWriter(BytesIO(document)), how, signer=self._signer(), in_place=False
        )
        return signed.getvalue()

    def _signer(self) -> SimpleSigner:
        """Return a signer for one document: what asn1crypto parses as it is asked is not for two threads."""
        from asn1crypto.keys import PrivateKeyInfo
        from asn1crypto.x509 import Certificate
        from pyhanko.sign.signers import SimpleSigner
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        key = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return SimpleSigner(
            signing_cert=Certificate.load(self._certificate.public_bytes(Encoding.DER)),
            signing_key=PrivateKeyInfo.load(key),
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        )


class Sm2Unit(Protocol):
    """A seal device (电子签章服务器): it keeps the SM2 key and the picture of the seal."""

    @property
    def anchor(self) -> bytes: ...

    def seal(self, document: bytes) -> bytes:
        """Return the document sealed after GB/T 38540."""
        ...


class Sm2Seal:
    """The seal of a device that a bureau connects; without one every signing is refused."""

    def __init__(self, unit: Sm2Unit | None = None) -> None:
        self._unit = unit

    @property
    def anchor(self) -> bytes:
        return self._connected().anchor

    def sign(self, document: bytes) -> bytes:
        return self._connected().seal(document)

    def _connected(self) -> Sm2Unit:
        if self._unit is None:
            raise SealMissing("no SM2 seal device is connected")
        return self._unit


def _certificate(
    holder: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    first: datetime,
) -> x509.Certificate:
    """Return a certificate for ``holder``: an authority's own without an ``issuer``, else for signing."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, holder)])
    signs = issuer is not None
    usage: dict[str, Any] = dict.fromkeys(
        (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    usage["content_commitment" if signs else "key_cert_sign"] = True
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer is not None else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(first + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=not signs, path_length=None if signs else 0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
    )
    return builder.sign(issuer_key, hashes.SHA256())

"""A time authority whose clock a test moves: its certificates end, and it gets new ones in time.

It writes its tokens (RFC 3161 in CMS, RFC 5652) by itself, since `openssl ts` knows no clock but the machine's.
"""

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from processors.rfc3161.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    children,
    element_at,
    encoded,
)
from processors.rfc3161.signing_certificate import ALGORITHMS
from tests.openssl_authority import TimeAuthorityOfOpenssl

OIDS = {name: oid for oid, name in ALGORITHMS.items()}
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")
ECDSA = {"sha256": bytes.fromhex("2a8648ce3d040302"), "sha512": bytes.fromhex("2a8648ce3d040304")}
HASHES: dict[str, Any] = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}
POLICY = bytes.fromhex("2b060104018d9d6f01")
YEAR = timedelta(days=365)


class MovingAuthority(TimeAuthorityOfOpenssl):
    """Its signer's certificate lasts 3 years and is replaced after 2, its root 8; ``roots`` has every root."""

    def __init__(self, folder: Path, *, at: datetime, responder: str | None = None) -> None:
        folder.mkdir()
        self.folder = folder
        self.at = at
        self.digest = "sha256"
        self.responder = responder
        self.roots = folder / "roots.pem"
        self.answer = self.reply
        self.queries = []
        self._one_at_a_time = threading.Lock()
        self._port = 0
        self._server = None
        self._serial = 1
        self.new_root()
        self.new_signer()

    def new_root(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"Moving root {self.at:%Y}")
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = self._builder(name, name, self.root_key, 8 * YEAR)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        own = x509.SubjectKeyIdentifier.from_public_key(self.root_key.public_key())
        builder = builder.add_extension(own, critical=False)
        self.root = builder.add_extension(usage, critical=True).sign(self.root_key, HASHES[self.digest])
        with self.roots.open("ab") as file:
            file.write(self.root.public_bytes(Encoding.PEM))

    def new_signer(self) -> None:
        self.signer_key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name("Moving signer"), self.root.subject, self.signer_key, 3 * YEAR)
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
        # two roots of one year have one name: as RFC 5280, section 4.2.1.1, asks, the key tells which one signed
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if self.responder is not None:
            ocsp = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"{self.responder}/ocsp")
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([ocsp]), critical=False)
            place = x509.DistributionPoint(
                [x509.UniformResourceIdentifier(f"{self.responder}/root.crl")], None, None, None
            )
            builder = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)
        self.signer = builder.sign(self.root_key, HASHES[self.digest])

    def move(self, by: timedelta) -> None:
        """Move the clock; what would end within a year is made anew."""
        self.at += by
        if self.root.not_valid_after_utc < self.at + 4 * YEAR:
            self.new_root()
            self.new_signer()
        elif self.signer.not_valid_after_utc < self.at + YEAR:
            self.new_signer()

    def status(self, *, revoked: bool = False, by: "MovingAuthority | None" = None) -> bytes:
        """An OCSP response about the signer's certificate (DER), signed by its issuer or by another one."""
        signing = by or self
        reason = x509.ReasonFlags.key_compromise if revoked else None
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.signer,
            issuer=self.root,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=self.at,
            next_update=self.at + timedelta(days=7),
            revocation_time=self.at if revoked else None,
            revocation_reason=reason,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signing.root)
        return builder.sign(signing.root_key, HASHES[self.digest]).public_bytes(Encoding.DER)

    def revocation_list(self, *, revoked: bool = False) -> bytes:
        """A CRL of the root (DER)."""
        builder = x509.CertificateRevocationListBuilder(self.root.subject, self.at, self.at + timedelta(days=7))
        if revoked:
            entry = x509.RevokedCertificateBuilder(self.signer.serial_number, self.at).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.root_key, HASHES[self.digest]).public_bytes(Encoding.DER)

    def reply(self, query: bytes) -> bytes:
        with self._one_at_a_time:
            self._serial += 1
            parts = children(query, element_at(query, 0, len(query)))
            imprint, nonce = parts[1], next(each for each in parts[2:] if each.tag == INTEGER)
            info = encoded(
                SEQUENCE,
                encoded(INTEGER, b"\x01"),
                encoded(OBJECT_IDENTIFIER, POLICY),
                query[imprint.start : imprint.end],
                encoded(INTEGER, self._serial.to_bytes(self._serial.bit_length() // 8 + 1, "big")),
                encoded(0x18, f"{self.at:%Y%m%d%H%M%SZ}".encode()),
                query[nonce.start : nonce.end],
            )
            return encoded(SEQUENCE, encoded(SEQUENCE, encoded(INTEGER, b"\x00")), self._token(info))

    def _token(self, info: bytes) -> bytes:
        certificate = self.signer.public_bytes(Encoding.DER)
        named = encoded(SEQUENCE, encoded(OCTET_STRING, hashlib.sha256(certificate).digest()))
        digest = hashlib.new(self.digest, info).digest()
        attributes = b"".join(
            sorted(
                (
                    _attribute(CONTENT_TYPE, encoded(OBJECT_IDENTIFIER, TST_INFO)),
                    _attribute(MESSAGE_DIGEST, encoded(OCTET_STRING, digest)),
                    _attribute(SIGNING_CERTIFICATE_V2, encoded(SEQUENCE, encoded(SEQUENCE, named))),
                )
            )
        )
        signature = self.signer_key.sign(encoded(SET, attributes), ec.ECDSA(HASHES[self.digest]))
        algorithm = encoded(SEQUENCE, encoded(OBJECT_IDENTIFIER, OIDS[self.digest]))
        serial = self.signer.serial_number
        signer = encoded(
            SEQUENCE,
            encoded(INTEGER, b"\x01"),
            encoded(
                SEQUENCE,
                self.signer.issuer.public_bytes(),
                encoded(INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1, "big")),
            ),
            algorithm,
            encoded(0xA0, attributes),
            encoded(SEQUENCE, encoded(OBJECT_IDENTIFIER, ECDSA[self.digest])),
            encoded(OCTET_STRING, signature),
        )
        content = encoded(
            SEQUENCE, encoded(OBJECT_IDENTIFIER, TST_INFO), encoded(0xA0, encoded(OCTET_STRING, info))
        )
        signed = encoded(
            SEQUENCE,
            encoded(INTEGER, b"\x03"),
            encoded(SET, algorithm),
            content,
            encoded(0xA0, certificate),
            encoded(SET, signer),
        )
        return encoded(SEQUENCE, encoded(OBJECT_IDENTIFIER, SIGNED_DATA), encoded(0xA0, signed))

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: timedelta
    ) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(
            issuer,
            subject,
            key.public_key(),
            x509.random_serial_number(),
            self.at.astimezone(UTC) - timedelta(days=1),
            self.at.astimezone(UTC) + lasts,
        )


def _attribute(name: bytes, value: bytes) -> bytes:
    return encoded(SEQUENCE, encoded(OBJECT_IDENTIFIER, name), encoded(SET, value))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])

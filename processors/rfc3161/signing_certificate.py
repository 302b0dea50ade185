"""Which certificate a time token itself names as its signer's, by digest.

In: a response as received. Out: `NamedSigner`s, one for each attribute that names one. A signature names its
certificate by issuer and serial number, which is not signed: another certificate with the same two and the same
key would do. The digest among the signed attributes is signed, and RFC 3161 demands it. Raises ``ValueError`` and
``IndexError`` on what cannot be walked.
Sources: RFC 3161 section 2.4.1; RFC 5816 section 2.2.1; RFC 5035 sections 3 to 5.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from processors.rfc3161.cms import signed_attributes
from processors.rfc3161.der import OCTET_STRING, SEQUENCE, Element, children, inside, only

BY_SHA1: Final = bytes.fromhex("2a864886f70d010910020c")
"""id-aa-signingCertificate, 1.2.840.113549.1.9.16.2.12: what RFC 3161 asks for."""
BY_ANY: Final = bytes.fromhex("2a864886f70d010910022f")
"""id-aa-signingCertificateV2, 1.2.840.113549.1.9.16.2.47, of RFC 5816."""

SHA256: Final = bytes.fromhex("608648016503040201")
ALGORITHMS: Final = {
    bytes.fromhex("2b0e03021a"): "sha1",
    SHA256: "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
"""Object identifiers (DER content) of the digests that authorities use; retrieved 2026-11-27."""


@dataclass(frozen=True, slots=True)
class NamedSigner:
    """The digest of the signer's certificate; ``algorithm`` is a name, or the identifier in hex of one unknown."""

    algorithm: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value.hex()}"

    def of(self, certificate: bytes) -> "NamedSigner":
        """The digest of this certificate (DER) by the same algorithm; raises ``ValueError`` if it is unknown."""
        if self.algorithm not in ALGORITHMS.values():
            raise ValueError(f"a digest by an unknown algorithm, {self.algorithm}")
        return NamedSigner(
            self.algorithm, hashlib.new(self.algorithm, certificate, usedforsecurity=False).digest()
        )


def named_signers(answer: bytes) -> tuple[NamedSigner, ...]:
    """What each attribute names first, which is the signer's own certificate; its chain may follow."""
    return tuple(
        _named(answer, only(answer, only(answer, value, SEQUENCE), SEQUENCE), name)
        for name, value in signed_attributes(answer)
        if name in (BY_SHA1, BY_ANY)
    )


def _named(answer: bytes, certificate_id: Element, attribute: bytes) -> NamedSigner:
    """The second kind tells its algorithm first, unless that is SHA-256."""
    first, *rest = children(answer, certificate_id)
    algorithm = "sha1"
    if attribute == BY_ANY:
        algorithm = "sha256"
        if first.tag == SEQUENCE:
            identifier = inside(answer, children(answer, first)[0])
            algorithm, first = ALGORITHMS.get(identifier, identifier.hex()), rest[0]
    if first.tag != OCTET_STRING:
        raise ValueError(f"a certificate's name at {certificate_id.start} without a digest")
    return NamedSigner(algorithm, inside(answer, first))

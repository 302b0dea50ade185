"""How long a time token can be relied upon by itself: the certificates behind it, and the algorithms it rests on.

In: a response that `read_token` has taken, the roots (PEM) that it was checked against. Out: `TokenLifetime`.
Raises `TokenRefusedError`. A certificate that has ended vouches for nothing any more, unless a newer token
covers this one and was given before (RFC 4998 section 1.1).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from processors.rfc3161.cms import in_der_order, signed_data
from processors.rfc3161.der import OBJECT_IDENTIFIER, SEQUENCE, children, inside, only
from processors.rfc3161.signing_certificate import ALGORITHMS
from processors.rfc3161.token import (
    IMPRINTS,
    TokenRefusedError,
    decoded,
    foreign_bytes,
    signing_certificates,
    token_certificates,
)

LONGEST_PATH: Final = 10


@dataclass(frozen=True, slots=True)
class TokenLifetime:
    """``path`` leads from the signer's certificate to its root; ``valid_until`` is when the first of them ends.

    ``algorithms`` are names such as ``sha256``, ``rsa-2048`` and ``ecdsa-256``, sorted.
    """

    path: tuple[x509.Certificate, ...]
    valid_until: datetime
    algorithms: tuple[str, ...]


def lifetime_of(answer: bytes, roots: bytes) -> TokenLifetime:
    """The lifetime of a token."""
    with foreign_bytes("trusted roots", "readable certificates"):
        trusted = x509.load_pem_x509_certificates(roots)
    with foreign_bytes("answer", "a time token"):
        response = decoded(answer)
        signer = next(signing_certificates(response), None)
        if signer is None:
            raise TokenRefusedError("signer's certificate", "one in the token", "none")
        path = _path(signer, (*trusted, *token_certificates(response)))
        oid = response.tst_info.message_imprint.hash_algorithm.dotted_string
        imprint = next((name for name, known in IMPRINTS.items() if known == oid), oid)
        names = {imprint, _signing_digest(answer), *map(_key_name, path)}
        names |= {each.signature_hash_algorithm.name for each in path if each.signature_hash_algorithm is not None}
        return TokenLifetime(path, min(each.not_valid_after_utc for each in path), tuple(sorted(names)))


def _path(signer: x509.Certificate, known: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
    path = [signer]
    while path[-1].issuer != path[-1].subject and len(path) < LONGEST_PATH:
        above = next((each for each in known if each not in path and _issued(path[-1], each)), None)
        if above is None:
            break
        path.append(above)
    return tuple(path)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _key_name(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ecdsa-{key.key_size}"
    return type(key).__name__.removesuffix("PublicKey").lower()


def _signing_digest(answer: bytes) -> str:
    """The digest by which the signer signed (SignerInfo, RFC 5652 section 5.3)."""
    ordered = in_der_order(answer)
    signer = only(ordered, signed_data(ordered)[-1], SEQUENCE)
    identifier = inside(ordered, only(ordered, children(ordered, signer)[2], OBJECT_IDENTIFIER))
    return ALGORITHMS.get(identifier, identifier.hex())

"""Time tokens (RFC 3161): the query for one, and what an answer says once it has been checked.

In: bytes, digests, certificates as PEM. Out: `TimeQuery`, `TimeToken`. Raises `TokenRefusedError`, which says
what was expected and what was found. Guaranteed: a `TimeToken` was signed by a certificate fit for time-stamping
whose chain ends in one of the trusted roots and was valid at the token's time, that very certificate is the one
whose digest stands among what was signed, and its imprint is the digest asked for.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from processors.digest import Digest
from processors.rfc3161.cms import in_der_order
from processors.rfc3161.signing_certificate import named_signers

IMPRINTS: Final = {"sha256": "2.16.840.1.101.3.4.2.1", "sha512": "2.16.840.1.101.3.4.2.3"}
"""Digests that tokens are asked over, as object identifiers (RFC 5754 section 2)."""
REQUESTED: Final = {"sha256": HashAlgorithm.SHA256, "sha512": HashAlgorithm.SHA512}
PEM_BLOCK: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
GRANTED: Final = 0
STATUSES: Final = ("granted", "granted with changes", "rejection", "waiting", "revocation soon", "revoked")
"""PKIStatus, RFC 3161 section 2.4.2."""
NAMED_ROOTS: Final = 3


class TokenRefusedError(Exception):
    """The answer is no token for this; whoever asked asks again, or looks at the authority."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class TimeQuery:
    """What is sent (DER) and the nonce that the answer has to repeat."""

    content: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class TimeToken:
    """What was signed: ``imprint`` existed at ``at``. ``serial`` is decimal text, as it has up to 160 bits."""

    imprint: Digest
    at: datetime
    serial: str
    policy: str
    signer: str


def time_query(content: bytes, algorithm: str = "sha256") -> TimeQuery:
    """The query for a token over the digest of ``content``; the content itself does not leave."""
    request = TimestampRequestBuilder(data=content, hash_algorithm=REQUESTED[algorithm]).build()
    if request.nonce is None:
        raise AssertionError("a time query without a nonce, though one was asked for")
    return TimeQuery(request.as_bytes(), request.nonce)


def read_token(answer: bytes, *, imprint: Digest, trusted: bytes, nonce: int | None = None) -> TimeToken:
    """Check an answer; ``trusted`` are roots (PEM), ``nonce`` is None where the query is not at hand."""
    with foreign_bytes("trusted roots", "readable certificates"):
        roots = x509.load_pem_x509_certificates(trusted)
    with foreign_bytes("answer", "a time token"):
        response = decoded(answer)
        if response.status != GRANTED:
            explanation = " ".join([_status_name(response.status), *response.status_string])
            raise TokenRefusedError("status of the answer", STATUSES[GRANTED], explanation)
        token = _checked(response, imprint, roots, nonce)
        _require_named_signer(answer, response)
        return token


def root_of(answer: bytes, *, imprint: Digest, roots: bytes, nonce: int | None = None) -> bytes:
    """The one root (PEM) among many that vouches for the answer."""
    with foreign_bytes("answer", "a time token"):
        response = decoded(answer)
        issuers = {certificate.issuer for certificate in token_certificates(response)}
        signer = _signer(response)
    refused: TokenRefusedError | None = None
    for pem in PEM_BLOCK.findall(roots):
        try:
            if x509.load_pem_x509_certificate(pem).subject in issuers:
                read_token(answer, imprint=imprint, trusted=pem, nonce=nonce)
                return bytes(pem)
        except ValueError:
            continue  # a root that this library cannot read vouches for nothing
        except TokenRefusedError as refusal:
            refused = refusal
    raise refused or TokenRefusedError("signature", "one that leads to a public root", signer)


def decoded(answer: bytes) -> TimeStampResponse:
    """A response as the library has it; what it raises is for `foreign_bytes`."""
    return decode_timestamp_response(in_der_order(answer))


@contextmanager
def foreign_bytes(what: str, expected: str) -> Iterator[None]:
    """Raises `TokenRefusedError` where something cannot be read.

    Two libraries read here, field by field as they are asked for.

    What they raise on broken bytes is not documented: over every single turned bit of a token it was
    ``ValueError``, ``KeyError`` and ``InvalidVersion``.
    """
    try:
        yield
    except TokenRefusedError:
        raise
    except Exception as problem:
        raise TokenRefusedError(what, expected, f"{type(problem).__name__}: {problem}") from problem


def _checked(
    response: TimeStampResponse, imprint: Digest, roots: Sequence[x509.Certificate], nonce: int | None
) -> TimeToken:
    info = response.tst_info
    algorithm, wanted = info.message_imprint.hash_algorithm.dotted_string, IMPRINTS[imprint.algorithm]
    if algorithm != wanted:
        raise TokenRefusedError("algorithm of the imprint", f"{imprint.algorithm} ({wanted})", algorithm)
    found = Digest(imprint.algorithm, info.message_imprint.message)
    if found != imprint:
        raise TokenRefusedError("imprint", str(imprint), str(found))
    if nonce is not None and info.nonce != nonce:
        raise TokenRefusedError("nonce", str(nonce), str(info.nonce))
    signer = _signer(response)
    try:
        VerifierBuilder(roots=list(roots)).build().verify(response, imprint.value)
    except VerificationError as problem:
        names = " or ".join(sorted({root.subject.rfc4514_string() for root in roots})[:NAMED_ROOTS])
        raise TokenRefusedError("signature", f"one that leads to {names}", f"{signer} ({problem})") from problem
    return TimeToken(found, info.gen_time, str(info.serial_number), info.policy.dotted_string, signer)


def _require_named_signer(answer: bytes, response: TimeStampResponse) -> None:
    """See that the signature speaks of the very certificate that it was checked with."""
    what, named = "digest of the signer's certificate", named_signers(answer)
    if not named:
        raise TokenRefusedError(what, "one among the signed attributes", "none")
    for certificate in signing_certificates(response):
        for each in named:
            found = each.of(certificate.public_bytes(Encoding.DER))
            if found != each:
                raise TokenRefusedError(what, str(each), str(found))


def signing_certificates(response: TimeStampResponse) -> Iterator[x509.Certificate]:
    """Every certificate that the signature may mean: it names issuer and serial number, no more."""
    for signer in response.signed_data.signer_infos:
        for certificate in token_certificates(response):
            if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
                yield certificate


def token_certificates(response: TimeStampResponse) -> tuple[x509.Certificate, ...]:
    """Every certificate that came along."""
    return tuple(x509.load_der_x509_certificate(each) for each in response.signed_data.certificates)


def _signer(response: TimeStampResponse) -> str:
    """Who signed: the certificate that the signature names by issuer and serial number."""
    for certificate in signing_certificates(response):
        return f"{certificate.subject.rfc4514_string()}, issued by {certificate.issuer.rfc4514_string()}"
    for signer in response.signed_data.signer_infos:
        return f"a certificate that is not there, issued by {signer.issuer.rfc4514_string()}"
    return "nobody"


def _status_name(status: int) -> str:
    return STATUSES[status] if 0 <= status < len(STATUSES) else str(status)

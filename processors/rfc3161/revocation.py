"""Whether a certificate was revoked: what to ask whom, and what an answer says once it has been checked.

In: a certificate and its issuer's, answers (DER) as received, the moment that is now. Out: `Responder`s,
`RevocationAnswer`s. Raises `RevocationRefusedError`. Guaranteed: an answer is about this very certificate, is in
its time, and is signed by the issuer or by a responder that the issuer has certified for it. Sources: RFC 6960
sections 2.2, 3.2 and 4.2.2.2 (OCSP); RFC 5280 sections 4.2.1.13, 4.2.2.1 and 5 (CRL).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

CLOCKS_DIFFER: Final = timedelta(minutes=10)


class AnswerKind(StrEnum):
    """By which protocol revocation is asked."""

    OCSP = "ocsp"
    CRL = "crl"


class RevocationStatus(StrEnum):
    """What an answer says."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class RevocationRefusedError(Exception):
    """The answer says nothing that can be relied on; whoever asked asks again, or another responder."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Responder:
    """Where a certificate says that its revocation can be asked; ``url`` is as the certificate has it."""

    kind: AnswerKind
    url: str


@dataclass(frozen=True, slots=True)
class RevocationAnswer:
    """What was said about a certificate; ``content`` is what was signed, ``revoked_at`` is None unless it was."""

    kind: AnswerKind
    status: RevocationStatus
    this_update: datetime
    revoked_at: datetime | None
    content: bytes


def responders(certificate: x509.Certificate) -> tuple[Responder, ...]:
    """OCSP responders first, then lists; web addresses alone."""
    found: list[Responder] = []
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        for each in access:
            if each.access_method == AuthorityInformationAccessOID.OCSP:
                found += [Responder(AnswerKind.OCSP, url) for url in _addresses([each.access_location])]
    except x509.ExtensionNotFound:
        pass
    try:
        places = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        for place in places:
            found += [Responder(AnswerKind.CRL, url) for url in _addresses(place.full_name or [])]
    except x509.ExtensionNotFound:
        pass
    return tuple(found)


def ocsp_question(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The question about a certificate (DER), by SHA-1 as responders know it (RFC 5019 section 2.1.1)."""
    sha1 = hashes.SHA1()  # noqa: S303 - it names the issuer, and protects nothing
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, sha1).build().public_bytes(Encoding.DER)


def read_answer(
    kind: AnswerKind, content: bytes, certificate: x509.Certificate, issuer: x509.Certificate, *, now: datetime
) -> RevocationAnswer:
    """Check an answer of either kind."""
    with _foreign_bytes(kind):
        if kind is AnswerKind.OCSP:
            return _read_ocsp(content, certificate, issuer, now)
        return _read_crl(content, certificate, issuer, now)


def _read_ocsp(
    content: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> RevocationAnswer:
    response = ocsp.load_der_ocsp_response(content)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise RevocationRefusedError("OCSP response", "successful", response.response_status.name.lower())
    wanted, question = certificate.serial_number, ocsp.load_der_ocsp_request(ocsp_question(certificate, issuer))
    single = next((each for each in response.responses if each.serial_number == wanted), None)
    if single is None:
        raise RevocationRefusedError("OCSP response", f"about serial number {wanted:x}", "another")
    if isinstance(single.hash_algorithm, hashes.SHA1) and single.issuer_key_hash != question.issuer_key_hash:
        raise RevocationRefusedError("OCSP response", "about a certificate of this issuer", "of another")
    _require_in_time("OCSP response", single.this_update_utc, single.next_update_utc, now)
    responder = _responder_of(response, issuer, now)
    _verify(responder, response.signature, response.tbs_response_bytes, response.signature_hash_algorithm)
    status = {
        ocsp.OCSPCertStatus.GOOD: RevocationStatus.GOOD,
        ocsp.OCSPCertStatus.REVOKED: RevocationStatus.REVOKED,
    }.get(single.certificate_status, RevocationStatus.UNKNOWN)
    return RevocationAnswer(AnswerKind.OCSP, status, single.this_update_utc, single.revocation_time_utc, content)


def _responder_of(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> x509.Certificate:
    """Who signed: the issuer, or whom it has certified for that (RFC 6960 section 4.2.2.2)."""
    for each in response.certificates:
        if each == issuer:
            return issuer
        try:
            each.verify_directly_issued_by(issuer)
            usage = each.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (InvalidSignature, TypeError, ValueError, x509.ExtensionNotFound):
            continue
        in_time = each.not_valid_before_utc - CLOCKS_DIFFER <= now <= each.not_valid_after_utc
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage and in_time:
            return each
    return issuer


def _read_crl(
    content: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> RevocationAnswer:
    pem = content.lstrip().startswith(b"-----BEGIN")
    listed = x509.load_pem_x509_crl(content) if pem else x509.load_der_x509_crl(content)
    if listed.issuer != issuer.subject:
        raise RevocationRefusedError(
            "CRL", f"of {issuer.subject.rfc4514_string()}", listed.issuer.rfc4514_string()
        )
    key = issuer.public_key()
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)) or not listed.is_signature_valid(key):
        raise RevocationRefusedError(
            "signature of the CRL", f"one of {issuer.subject.rfc4514_string()}", "another"
        )
    _require_in_time("CRL", listed.last_update_utc, listed.next_update_utc, now)
    entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    status = RevocationStatus.GOOD if entry is None else RevocationStatus.REVOKED
    revoked_at = None if entry is None else entry.revocation_date_utc
    return RevocationAnswer(AnswerKind.CRL, status, listed.last_update_utc, revoked_at, content)


def _require_in_time(what: str, since: datetime, until: datetime | None, now: datetime) -> None:
    if since > now + CLOCKS_DIFFER or (until is not None and until < now - CLOCKS_DIFFER):
        found = f"{since:%Y-%m-%d %H:%M} to {'open' if until is None else f'{until:%Y-%m-%d %H:%M}'}"
        raise RevocationRefusedError(f"time of the {what}", f"one that holds on {now:%Y-%m-%d %H:%M}", found)


def _verify(
    signer: x509.Certificate, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm | None
) -> None:
    key: Any = signer.public_key()
    try:
        if algorithm is None:
            key.verify(signature, signed)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        else:
            key.verify(signature, signed, ec.ECDSA(algorithm))
    except InvalidSignature as problem:
        expected = f"one of {signer.subject.rfc4514_string()}"
        raise RevocationRefusedError("signature of the OCSP response", expected, "another") from problem


@contextmanager
def _foreign_bytes(kind: AnswerKind) -> Iterator[None]:
    """What the library raises on broken bytes is not documented."""
    try:
        yield
    except RevocationRefusedError:
        raise
    except Exception as problem:
        found = f"{type(problem).__name__}: {problem}"
        raise RevocationRefusedError(kind.upper(), "an answer that can be read", found) from problem


def _addresses(names: list[x509.GeneralName]) -> list[str]:
    found = [each.value for each in names if isinstance(each, x509.UniformResourceIdentifier)]
    return [each for each in found if each.startswith(("http://", "https://"))]

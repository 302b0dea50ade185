"""That a crawl's browser speaks TLS with the sites itself, and what it needs for that. Light to import."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawlers.model.browser_exchange import BrowserExchange


@dataclass(frozen=True, slots=True)
class DirectMode:
    """``hand_over`` gives what the browser reports to the recorder's process; ``trusted_keys`` are the sha256
    (base64) of the keys of authorities that the browser trusts besides those it knows.
    """

    hand_over: Callable[[BrowserExchange], None]
    trusted_keys: tuple[str, ...] = ()


def keys_of(authority: Path | None) -> tuple[str, ...]:
    """The keys of the certificates in a file (PEM); none where there is no file."""
    if authority is None:
        return ()
    return tuple(_key(each) for each in x509.load_pem_x509_certificates(authority.read_bytes()))


def _key(certificate: x509.Certificate) -> str:
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()

"""A crawl's signatures over its files: what is signed, the key that lives in memory, the check.

In: the state of a file (how many bytes, their sha256) while it is written and when it is closed. Out: `Signature`.
The key is made for one crawl, its public half stands in custody before the first byte, and it is gone when the
crawl ends: afterwards nobody can sign other bytes as that crawl's. What is signed names crawl and file, so that no
signature speaks for another. Source: Ed25519, RFC 8032. Raises ``ValueError`` on text that is no public key.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from processors.digest import Digest

SECRET_BYTES: Final = 32
ALGORITHM: Final = "ed25519"
HEADLINE: Final = "letapis: signed file of a crawl, version 1"


@dataclass(frozen=True, slots=True)
class FileState:
    """The first ``length_bytes`` bytes of a crawl's file; ``closed`` where its crawl says that these are all."""

    crawl_id: str
    file_name: str
    length_bytes: int
    sha256: Digest
    closed: bool

    def statement(self) -> bytes:
        """The bytes that are signed."""
        ending = "closed" if self.closed else "open"
        lines = (HEADLINE, self.crawl_id, self.file_name, str(self.length_bytes), str(self.sha256), ending)
        return "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True, slots=True)
class Signature:
    """A state and 64 bytes that are said to sign it."""

    state: FileState
    value: bytes

    def is_by(self, public_key: str) -> bool:
        """Whether the key whose public half this is made it."""
        try:
            read_public_key(public_key).verify(self.value, self.state.statement())
        except InvalidSignature:
            return False
        return True


class CrawlKey:
    """The signing key of one crawl; it is written nowhere."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)

    @staticmethod
    def new_secret() -> bytes:
        """The 32 bytes of a fresh key, to be handed to the crawl's own process."""
        return Ed25519PrivateKey.generate().private_bytes_raw()

    @property
    def public(self) -> str:
        """The public half, as custody names it: ``ed25519:<64 hex>``."""
        return f"{ALGORITHM}:{self._key.public_key().public_bytes_raw().hex()}"

    def sign(self, state: FileState) -> Signature:
        """Sign one state of one file."""
        return Signature(state, self._key.sign(state.statement()))


def read_public_key(text: str) -> Ed25519PublicKey:
    """The key that custody names; raises ``ValueError``."""
    algorithm, _, digits = text.partition(":")
    if algorithm != ALGORITHM:
        raise ValueError(f"a public key: expected {ALGORITHM}:<64 hex>, found {text!r}")
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits))

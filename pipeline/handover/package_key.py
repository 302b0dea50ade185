"""The key that signs the WACZ files of packages: a file of its owner alone (PKCS#8 in PEM, ECDSA P-384).

In: a path outside store and database. Out: `PackageKey`. A lost key is no loss of evidence: packages that were
signed with it can still be checked with the public key inside them, and a new key signs the next ones. Raises
`PackageKeyError`; no message contains a secret.
"""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from processors.digest import sha256
from storage.errors import StorageError
from storage.private_file import NotPrivateError, make_private_file, read_private_file

CURVE: Final = ec.SECP384R1
"""ReplayWeb.page (wabac, ``verifyWACZSignature``, read 2026-11) imports anonymous keys of this curve alone."""
NUMBER_BYTES: Final = 48
LARGEST_BYTES: Final = 1 << 16


class PackageKeyError(StorageError):
    """The key of packages cannot be used; its owner mends or names the file."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        super().__init__(
            f"Key of packages {path}: expected {expected}, found {found}. Nothing was signed and nothing was "
            "changed. Bring the file back, or name another with LETAPIS_PACKAGE_KEY; `letapis prepare` makes one."
        )
        self.path = path
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class PackageKey:
    """Signs the same bytes with the same signature each time (RFC 6979)."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> "PackageKey":
        """A fresh key."""
        return cls(ec.generate_private_key(CURVE()))

    @property
    def public_base64(self) -> str:
        """The public key as SubjectPublicKeyInfo (DER) in base64."""
        return base64.b64encode(
            self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode("ascii")

    @property
    def public_pem(self) -> bytes:
        """The same in PEM, as `openssl` reads it."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def name(self) -> str:
        """Sixteen hexadecimal digits of the digest of the public key, by which people compare it."""
        return sha256(base64.b64decode(self.public_base64)).hex[:16]

    def private_pem(self) -> bytes:
        """The bytes of the key's file."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, content: bytes) -> bytes:
        """ECDSA with SHA-256, as r and s behind each other (IEEE P1363), which browsers take."""
        r, s = decode_dss_signature(self.sign_der(content))
        return r.to_bytes(NUMBER_BYTES, "big") + s.to_bytes(NUMBER_BYTES, "big")

    def sign_der(self, content: bytes) -> bytes:
        """The same signature in DER, which `openssl` takes."""
        return self.private.sign(content, ec.ECDSA(SHA256(), deterministic_signing=True))


def read_package_key(path: Path) -> PackageKey:
    """The key in the file, which must be its owner's alone."""
    try:
        content = read_private_file(path, LARGEST_BYTES)
    except NotPrivateError as problem:
        raise PackageKeyError(path, problem.expected, problem.found) from problem
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError) as problem:
        raise PackageKeyError(path, "a private key in PEM (PKCS#8), not encrypted", "something else") from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, CURVE):
        raise PackageKeyError(path, "an ECDSA key of the curve P-384", "another key")
    return PackageKey(key)


def prepare_package_key(path: Path) -> tuple[PackageKey, bool]:
    """The key in the file, or a fresh one where there is none; and whether it was made now."""
    if os.path.lexists(path):
        return read_package_key(path), False
    key = PackageKey.generate()
    try:
        make_private_file(path, key.private_pem())
    except FileExistsError:
        return read_package_key(path), False
    except OSError as problem:
        raise PackageKeyError(
            path, "a folder with room for a new key", problem.strerror or str(problem)
        ) from problem
    return key, True

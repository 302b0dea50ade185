"""The key that signs the WACZ files of packages: a file of its owner alone (PKCS#8 in PEM, ECDSA P-384).

In: a path outside store and database. Out: `PackageKey`. A lost key is no loss of evidence: packages that were
signed with it can still be checked with the public key inside them, and a new key signs the next ones. Raises
`PackageKeyError`; no message contains a secret.
"""

import base64
import os
import stat
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
from storage.private_folder import OTHERS, closed_folder

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
        r, s = decode_dss_signature(self.private.sign(content, ec.ECDSA(SHA256(), deterministic_signing=True)))
        return r.to_bytes(NUMBER_BYTES, "big") + s.to_bytes(NUMBER_BYTES, "big")


def read_package_key(path: Path) -> PackageKey:
    """The key in the file, which must be its owner's alone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as problem:
        raise PackageKeyError(path, "a file that can be read", problem.strerror or str(problem)) from problem
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise PackageKeyError(path, "a file", "something else")
        if mode & OTHERS:
            found = f"mode {stat.S_IMODE(mode):04o}"
            raise PackageKeyError(path, "a file of its owner alone (mode 0600)", found)
        content = os.read(descriptor, LARGEST_BYTES)
    finally:
        os.close(descriptor)
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
    closed_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return read_package_key(path), False
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_pem())
        file.flush()
        os.fsync(file.fileno())
    return key, True

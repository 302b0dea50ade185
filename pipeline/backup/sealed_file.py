"""The file of a backup: bytes under a passphrase, so that whoever finds the file has nothing.

In: content, a passphrase. Out: the bytes of the file: a line with the format, a line of JSON with the parameters
of the key, the sealed content, and a digest of all of it, so that damage is told from a wrong passphrase. The key
is made by scrypt (RFC 7914), and content is sealed by AES-256-GCM (NIST SP 800-38D) with both lines as additional
data. Raises `BackupFileError`. No message contains a byte of content or passphrase.
"""

import hashlib
import json
import re
import secrets
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from storage.errors import StorageError

FORMAT: Final = b"letapis-backup/1\n"
_ANY_FORMAT: Final = re.compile(rb"letapis-backup/(\d{1,6})\n")

COST, BLOCK, PARALLEL = 2**17, 8, 1
"""Parameters of scrypt that the OWASP password storage cheat sheet asks for (read 2026-11-30): 128 MB."""

MOST_MEMORY: Final = 1 << 30
"""A file that asks for more is not one of ours: 128 * N * r bytes (RFC 7914, section 2)."""

LARGEST_BYTES: Final = 64 << 20
LONGEST_HEADER: Final = 1000
SHORTEST_PASSPHRASE: Final = 12

_DIGEST_BYTES: Final = 32
_TAG_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class BackupFileError(StorageError):
    """A file is no backup that can be opened; whoever has another copy or the passphrase tries again."""

    def __init__(self, expected: str, found: str, way_out: str) -> None:
        super().__init__(f"expected {expected}, found {found}. Nothing was changed. {way_out}")
        self.expected = expected
        self.found = found


ANOTHER_COPY: Final = "Take another copy of the backup; without one the store alone gives the catalogue again."


def seal_backup(content: bytes, passphrase: str) -> bytes:
    """The bytes of a file that holds ``content``; raises `BackupFileError` of a passphrase that is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BackupFileError(
            f"a passphrase of {SHORTEST_PASSPHRASE} characters or more",
            f"{len(passphrase)}",
            "Choose a longer one, such as six words that nobody else would put together.",
        )
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE_BYTES)
    parameters = {"kdf": "scrypt", "n": COST, "r": BLOCK, "p": PARALLEL, "salt": salt.hex(), "nonce": nonce.hex()}
    head = FORMAT + json.dumps(parameters).encode() + b"\n"
    key = Scrypt(salt=salt, length=_KEY_BYTES, n=COST, r=BLOCK, p=PARALLEL).derive(passphrase.encode())
    sealed = head + AESGCM(key).encrypt(nonce, content, head)
    return sealed + hashlib.sha256(sealed).digest()


def open_backup(file: bytes, passphrase: str) -> bytes:
    """The content of the bytes of a file; raises `BackupFileError`."""
    head, parameters, sealed = _parts(file)
    key = Scrypt(
        salt=parameters["salt"], length=_KEY_BYTES, n=parameters["n"], r=parameters["r"], p=parameters["p"]
    ).derive(passphrase.encode())
    try:
        return AESGCM(key).decrypt(parameters["nonce"], sealed, head)
    except InvalidTag as refused:
        raise BackupFileError(
            "the passphrase of this backup",
            "another one",
            "The file is whole. Try the passphrase that was in use when it was made.",
        ) from refused


def _parts(file: bytes) -> tuple[bytes, dict[str, Any], bytes]:
    """The two lines at the beginning, the parameters in the second, and what is sealed."""
    if len(file) > LARGEST_BYTES:
        raise BackupFileError(f"at most {LARGEST_BYTES} bytes", "more", "This is another file.")
    named = _ANY_FORMAT.match(file)
    if named is None:
        raise BackupFileError(
            "a backup of Letapis", "something else" if file else "an empty file", "Name the file of a backup."
        )
    if named[0] != FORMAT:
        raise BackupFileError(
            "a backup in format 1",
            f"format {int(named[1])}, which a newer version of Letapis has made",
            "Install that version, and use the backup with it.",
        )
    if len(file) < _DIGEST_BYTES or hashlib.sha256(file[:-_DIGEST_BYTES]).digest() != file[-_DIGEST_BYTES:]:
        raise BackupFileError("a whole file", f"one that was cut off or damaged ({len(file)} bytes)", ANOTHER_COPY)
    end = file.find(b"\n", len(FORMAT), len(FORMAT) + LONGEST_HEADER)
    head, sealed = file[: end + 1], file[end + 1 : -_DIGEST_BYTES]
    try:
        return head, _parameters(head[len(FORMAT) :]), sealed
    except (ValueError, KeyError, TypeError) as problem:
        raise BackupFileError("parameters of scrypt and AES-GCM", "something else", ANOTHER_COPY) from problem


def _parameters(line: bytes) -> dict[str, Any]:
    """The second line, held to what scrypt and this machine can do; raises ``ValueError`` and its like."""
    stated = json.loads(line)
    if stated["kdf"] != "scrypt":
        raise ValueError(stated["kdf"])
    n, r, p = (stated[name] for name in "nrp")
    if not all(type(each) is int and each > 0 for each in (n, r, p)) or n < 2 or n & (n - 1):
        raise ValueError((n, r, p))
    if 128 * n * r > MOST_MEMORY or p > 16:
        raise ValueError((n, r, p))
    salt, nonce = bytes.fromhex(stated["salt"]), bytes.fromhex(stated["nonce"])
    if len(nonce) != _NONCE_BYTES or not salt:
        raise ValueError("salt or nonce")
    return {"n": n, "r": r, "p": p, "salt": salt, "nonce": nonce}

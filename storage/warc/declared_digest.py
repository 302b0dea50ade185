"""The digest that a record declares of its block, to be compared with the block itself.

In: the text of a digest field. Out: algorithm and bytes, or a running hash of that algorithm. Tools write sha1 in
base32 (what the standard shows), and any algorithm in hexadecimal.
"""

import hashlib
import re
from base64 import b32decode
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hashlib import _Hash

DIGEST_BYTES: Final = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
HASHES: Final[dict[str, Callable[[], "_Hash"]]] = {
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}
SHA1_BASE32: Final = re.compile("sha1:([A-Z2-7]{32})")
"""What most tools write: read ten times as fast as by ``b32decode``, which is Python."""
DIGITS_OF_BASE32: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")
"""From the letters of RFC 4648 to the digits that ``int`` reads."""


def declared_digest(text: str | None) -> tuple[str, bytes] | None:
    """``sha1:<base32>`` or ``sha256:<hex or base32>``; None where the field is absent or not in a form we know."""
    if text is None:
        return None
    usual = SHA1_BASE32.fullmatch(text)
    if usual is not None:
        return "sha1", int(usual[1].translate(DIGITS_OF_BASE32), 32).to_bytes(20)
    algorithm, colon, value = text.partition(":")
    algorithm = algorithm.strip().lower().replace("-", "")
    if not colon or algorithm not in DIGEST_BYTES:
        return None
    length = DIGEST_BYTES[algorithm]
    value = value.strip()
    try:
        if len(value) == 2 * length:
            return algorithm, bytes.fromhex(value)
        decoded = b32decode(value.upper() + "=" * (-len(value) % 8))
    except ValueError:
        return None
    return (algorithm, decoded) if len(decoded) == length else None

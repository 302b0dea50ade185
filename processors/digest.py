"""Digests that carry their algorithm.

A digest is never a bare string: its text form is ``sha256:<64 hex>``, and two digests are equal
only when algorithm and bytes are. Raises ``ValueError`` on an unknown algorithm or a wrong length.
"""

import hashlib
from dataclasses import dataclass

LENGTH_BYTES = {"sha1": 20, "sha256": 32, "sha512": 64}


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """Algorithm (``sha256``) and digest bytes."""

    algorithm: str
    value: bytes

    def __post_init__(self) -> None:
        expected = LENGTH_BYTES.get(self.algorithm)
        if expected is None:
            known = ", ".join(LENGTH_BYTES)
            raise ValueError(f"digest algorithm: expected one of {known}, found {self.algorithm!r}")
        if len(self.value) != expected:
            raise ValueError(f"{self.algorithm} digest: expected {expected} bytes, found {len(self.value)}")

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value.hex()}"

    @property
    def hex(self) -> str:
        """The digest bytes in lower-case hexadecimal, without the algorithm."""
        return self.value.hex()

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read ``algorithm:hex``."""
        algorithm, separator, value = text.partition(":")
        if not separator:
            raise ValueError(f"digest: expected algorithm:hex, found {text!r}")
        return cls(algorithm, bytes.fromhex(value))


def sha256(content: bytes | memoryview) -> Digest:
    """Digest of the bytes in hand."""
    return Digest("sha256", hashlib.sha256(content).digest())

"""The request by which a log asks a witness to cosign: the size it last cosigned, a proof, the checkpoint.

In: an old size, the hashes of a consistency proof, the bytes of a signed checkpoint. Out: the body of a request,
and the same read again. Raises ``ValueError`` on other bytes. Source: C2SP tlog-witness, "add-checkpoint".
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Self

from processors.transparency_log.checkpoint import SIZE
from processors.transparency_log.merkle import HASH_BYTES

LONGEST_PROOF: Final = 63
"""Hashes; a tree of 2**63 leaves needs no more (tlog-witness)."""
LARGEST_BYTES: Final = 64 << 10
"""A proof has at most 3 KB; the rest is for signatures."""
SIZE_TYPE: Final = "text/x.tlog.size"
"""The content type of the answer 409 that says which size the witness has cosigned."""


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """``old_size`` is what the log believes that the witness has cosigned last; 0: nothing yet."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __bytes__(self) -> bytes:
        lines = (f"old {self.old_size}", *(base64.b64encode(each).decode() for each in self.proof), "")
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read the body of a request."""
        head, blank, checkpoint = body.partition(b"\n\n")
        lines = head.decode("ascii").split("\n")  # UnicodeDecodeError is a ValueError
        word, _, size = lines[0].partition(" ")
        if not blank or word != "old" or not SIZE.fullmatch(size) or len(lines) - 1 > LONGEST_PROOF:
            raise ValueError("expected `old`, a size, at most 63 hashes, an empty line and a checkpoint")
        return cls(int(size), tuple(map(_hash, lines[1:])), checkpoint)


def _hash(line: str) -> bytes:
    try:
        found = base64.b64decode(line, validate=True)
    except binascii.Error as problem:
        raise ValueError(f"expected a hash in base64, found {line[:80]!r}") from problem
    if len(found) != HASH_BYTES:
        raise ValueError(f"expected a hash of {HASH_BYTES} bytes, found {len(found)}")
    return found

"""Cosignatures: the statement of a witness that, at a time, a checkpoint was the largest consistent one it knew.

In: a checkpoint as a note, the key of a witness, a time in seconds. Out: `SignatureLine`, `Cosignature`. Raises
`NoteRefusedError` where a line names a known witness and is not its signature. Source: C2SP tlog-cosignature,
``cosignature/v1`` (Ed25519, signature type 0x04).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from processors.transparency_log.signed_note import (
    COSIGNATURE_V1,
    Note,
    NoteRefusedError,
    SignatureLine,
    Signer,
    VerifierKey,
)

TIME_BYTES: Final = 8
SIGNED_BYTES: Final = TIME_BYTES + 64
LATEST_S: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cosignature:
    """The witness ``key`` has signed at ``at_s`` (POSIX seconds), as its own clock said."""

    key: VerifierKey
    at_s: int

    @property
    def at(self) -> datetime:
        """The same as a moment in UTC; raises ``OverflowError`` or ``ValueError`` far from our time."""
        return datetime.fromtimestamp(self.at_s, UTC)


def cosign(text: str, witness: Signer, at_s: int) -> SignatureLine:
    """The line that a witness adds to the checkpoint with this text."""
    key = witness.verifier_key
    if key.kind != COSIGNATURE_V1 or not 0 <= at_s <= LATEST_S:
        raise ValueError(
            f"cosignature of {key.name}: expected a key of kind 4 and a time, found {key.kind}, {at_s}"
        )
    signature = witness.sign(_message(text, at_s))
    return SignatureLine(key.name, key.key_id, at_s.to_bytes(TIME_BYTES) + signature)


def cosignatures(note: Note, witnesses: Sequence[VerifierKey]) -> tuple[Cosignature, ...]:
    """Which of the witnesses have signed the note, and when; lines of unknown keys are passed over."""
    found: dict[VerifierKey, Cosignature] = {}
    for line in note.signatures:
        for key in witnesses:
            if key.kind == COSIGNATURE_V1 and key.is_named_by(line):
                read = Cosignature(key, _time_of(line, note.text, key))
                found.setdefault(key, read)
    return tuple(found.values())


def _time_of(line: SignatureLine, text: str, key: VerifierKey) -> int:
    at_s = int.from_bytes(line.signature[:TIME_BYTES])
    if len(line.signature) != SIGNED_BYTES or at_s > LATEST_S:
        raise NoteRefusedError("cosignature", f"a time and 64 bytes by {key}", f"the line {line}")
    if not key.verifies(line.signature[TIME_BYTES:], _message(text, at_s)):
        raise NoteRefusedError("cosignature", f"one by {key}", f"another, in the line {line}")
    return at_s


def _message(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()

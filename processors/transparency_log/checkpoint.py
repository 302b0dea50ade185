"""Checkpoints: the size and the root of a log's tree, signed by the log.

In: origin, size, root; bytes of signed notes; verifier keys. Out: `Checkpoint`. Guaranteed: what `open_checkpoint`
returns was signed by a key whose name is the checkpoint's origin. Raises `NoteRefusedError`. Source: C2SP
tlog-checkpoint.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from processors.transparency_log.merkle import EMPTY_ROOT, HASH_BYTES
from processors.transparency_log.signed_note import (
    Note,
    NoteRefusedError,
    Signer,
    VerifierKey,
    open_note,
    parse_note,
    sign_note,
)

SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
"""Decimal without leading zeros, up to 63 bits."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of a log: its origin, how many leaves it has, its root (32 bytes); extension lines, if any."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(lines) or any("\n" in line for line in lines) or not SIZE.fullmatch(str(self.size)):
            raise ValueError(f"a checkpoint: expected an origin, a size, lines that are not empty, found {self!r}")
        if len(self.root) != HASH_BYTES or (self.size == 0 and self.root != EMPTY_ROOT):
            raise ValueError(
                f"root of a checkpoint: expected the {HASH_BYTES} bytes of one, found {self.root.hex()}"
            )

    def text(self) -> str:
        """The text that is signed."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), root, *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not SIZE.fullmatch(lines[1]):
            raise NoteRefusedError("checkpoint", "lines with origin, size and root", repr(text[:200]))
        try:
            found = cls(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True), tuple(lines[3:]))
        except ValueError as problem:
            raise NoteRefusedError("checkpoint", "lines with origin, size and root", str(problem)) from problem
        if found.text() != text:
            raise NoteRefusedError("checkpoint", repr(found.text()), repr(text[:200]))
        return found


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> Note:
    """The checkpoint as a note of its log, whose key has the origin as its name."""
    if signer.verifier_key.name != checkpoint.origin:
        raise ValueError(
            f"a checkpoint of {checkpoint.origin}: expected a key of that name, found {signer.verifier_key.name}"
        )
    return sign_note(checkpoint.text(), signer)


def open_checkpoint(content: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint that one of the log's keys has signed."""
    checkpoint = read_checkpoint(content)
    _, signed = open_note(content, keys)
    if not any(key.name == checkpoint.origin for key in signed):
        names = ", ".join(key.name for key in signed)
        raise NoteRefusedError("checkpoint", f"a key named {checkpoint.origin}, as its origin", names)
    return checkpoint


def read_checkpoint(content: bytes) -> Checkpoint:
    """What the bytes say, whoever has signed them; to be believed only after `open_checkpoint`."""
    return Checkpoint.parse(parse_note(content).text)

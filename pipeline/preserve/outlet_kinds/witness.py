"""A witness as an outlet: it is shown that the log only grew, and cosigns the checkpoint.

In: the witness's address and verifier key, the store with the log's tiles. Out: the checkpoint with the witness's
cosignature as proof. Raises `OutletError`. Source: C2SP tlog-witness and tlog-cosignature.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import quote

from pipeline.preserve.outlet_kinds.requests import ask, require_ok
from processors.transparency_log.checkpoint import read_checkpoint
from processors.transparency_log.cosignature import cosignatures
from processors.transparency_log.signed_note import (
    Note,
    NoteRefusedError,
    VerifierKey,
    parse_note,
    parse_signature,
)
from processors.transparency_log.witness_request import SIZE_TYPE, WitnessRequest
from storage.log.outlets import COSIGNATURE, OutletError, OutletProof
from storage.log.tree_reader import LogTree
from storage.objects.reader import StoreReader

ROUNDS = 3
"""How often a witness may answer that it has cosigned another size than was thought."""


@dataclass(frozen=True, slots=True)
class WitnessOutlet:
    """``url`` is the address below which the witness answers; ``origin`` is that of our log."""

    name: str
    url: str
    key: VerifierKey
    origin: str | None
    objects: StoreReader
    witnesses: ClassVar[bool] = True

    def deliver(self, checkpoint: bytes) -> OutletProof:
        """Have the checkpoint cosigned."""
        doing = "cosigning a checkpoint"
        size = read_checkpoint(checkpoint).size
        tree = LogTree(self.objects, size)
        old = self._size_known_to_it()
        for _ in range(ROUNDS):
            if old > size:
                found = f"a witness that has cosigned {old} entries"
                raise OutletError(self.name, doing, f"one that knows at most {size}", found)
            request = WitnessRequest(old, tree.consistency(old) if 0 < old < size else (), checkpoint)
            response = ask(self.name, doing, "POST", f"{self.url}/add-checkpoint", content=bytes(request))
            other = response.headers.get("content-type", "").partition(";")[0] == SIZE_TYPE
            if response.status_code != HTTPStatus.CONFLICT or not other:
                require_ok(self.name, doing, response)
                return OutletProof(self._cosigned(checkpoint, response.text), COSIGNATURE)
            old = int(response.text) if response.text.strip().isdecimal() else size + 1
        raise OutletError(self.name, doing, "one size that it has cosigned", "another with each answer")

    def newest(self) -> bytes | None:
        """The newest checkpoint that the witness has cosigned."""
        if self.origin is None:
            return None
        doing = "showing its newest checkpoint"
        response = ask(self.name, doing, "GET", f"{self.url}/checkpoint?origin={quote(self.origin, safe='')}")
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        require_ok(self.name, doing, response)
        return self._require_cosigned(response.content, doing)

    def _size_known_to_it(self) -> int:
        """How many entries it has cosigned, where it shows that; 0 where it does not."""
        try:
            newest = self.newest()
        except OutletError:
            return 0  # the specification has no address that shows it; the answer 409 does
        return 0 if newest is None else read_checkpoint(newest).size

    def _cosigned(self, checkpoint: bytes, lines: str) -> bytes:
        """The checkpoint with the lines of the witness, its own signature among them."""
        doing = "cosigning a checkpoint"
        try:
            note = parse_note(checkpoint)
            added = tuple(parse_signature(line) for line in lines.splitlines() if line)
        except NoteRefusedError as problem:
            raise OutletError(self.name, doing, "lines with signatures", str(problem)) from problem
        return self._require_cosigned(bytes(Note(note.text, (*note.signatures, *added))), doing)

    def _require_cosigned(self, content: bytes, doing: str) -> bytes:
        try:
            signed = cosignatures(parse_note(content), (self.key,))
        except NoteRefusedError as problem:
            raise OutletError(self.name, doing, f"a cosignature by {self.key}", str(problem)) from problem
        if not signed:
            raise OutletError(self.name, doing, f"a cosignature by {self.key}", "none by that key")
        return content

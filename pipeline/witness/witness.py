"""Decides about one checkpoint: cosign it, or say why not.

In: the body of a request, the witness's folder. Out: `WitnessAnswer`, with the status, the body and, where the log
contradicts itself, a sentence for the person who runs the witness. Guaranteed: of each log, what is cosigned now
extends everything that was cosigned before. Source: C2SP tlog-witness, "add-checkpoint".
"""

import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pipeline.witness.folder import WitnessFolder
from processors.transparency_log.checkpoint import Checkpoint, read_checkpoint
from processors.transparency_log.cosignature import cosign
from processors.transparency_log.merkle import extends
from processors.transparency_log.signed_note import Note, NoteRefusedError, SigningKey, open_note, parse_note
from processors.transparency_log.witness_request import SIZE_TYPE, WitnessRequest

TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What the log is told. ``alarm``: what the person who runs the witness has to know, None as a rule."""

    status: HTTPStatus
    body: bytes
    media_type: str = TEXT
    alarm: str | None = None


class Witness:
    """One witness over its folder; requests are decided one at a time."""

    def __init__(self, folder: WitnessFolder, key: SigningKey) -> None:
        self.folder = folder
        self.key = key
        self._one_at_a_time = threading.Lock()

    def answer(self, body: bytes) -> WitnessAnswer:
        """Decide about one request."""
        try:
            request = WitnessRequest.parse(body)
            checkpoint = read_checkpoint(request.checkpoint)
        except ValueError as problem:
            return _refusal(HTTPStatus.BAD_REQUEST, f"not a request to cosign: {problem}")
        if request.old_size > checkpoint.size:
            return _refusal(HTTPStatus.BAD_REQUEST, "the old size is larger than that of the checkpoint")
        keys = [key for key in self.folder.logs() if key.name == checkpoint.origin]
        if not keys:
            return _refusal(HTTPStatus.NOT_FOUND, f"this witness knows no log {checkpoint.origin!r}")
        try:
            note, _ = open_note(request.checkpoint, keys)
        except NoteRefusedError as problem:
            return _refusal(HTTPStatus.FORBIDDEN, str(problem))
        with self._one_at_a_time:
            return self._decide(request, checkpoint, note)

    def _decide(self, request: WitnessRequest, checkpoint: Checkpoint, note: Note) -> WitnessAnswer:
        kept = self.folder.newest(checkpoint.origin)
        last = None if kept is None else read_checkpoint(kept)
        size = 0 if last is None else last.size
        if request.old_size != size:
            known = f"{size}\n".encode()
            return WitnessAnswer(HTTPStatus.CONFLICT, known, SIZE_TYPE)
        if last is not None and checkpoint.size == size and checkpoint.root != last.root:
            return self._contradiction(HTTPStatus.CONFLICT, checkpoint, request.checkpoint, last)
        if last is not None and not extends(size, last.root, checkpoint.size, checkpoint.root, request.proof):
            return self._contradiction(HTTPStatus.UNPROCESSABLE_ENTITY, checkpoint, request.checkpoint, last)
        if last is None and request.proof:
            return _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "a proof from nothing has no hashes")
        line = cosign(note.text, self.key, int(time.time()))
        signed = parse_note(request.checkpoint)
        self.folder.keep(checkpoint.origin, bytes(Note(signed.text, (*signed.signatures, line))))
        return WitnessAnswer(HTTPStatus.OK, f"{line}\n".encode())

    def _contradiction(
        self, status: HTTPStatus, checkpoint: Checkpoint, note: bytes, last: Checkpoint
    ) -> WitnessAnswer:
        """Keep the signed statement that the log cannot take back, and tell both sides."""
        reason = (
            f"The log {checkpoint.origin} has signed a checkpoint over {checkpoint.size} entries (root "
            f"{checkpoint.root.hex()}) and did not prove that it extends the one over {last.size} entries (root "
            f"{last.root.hex()}) that this witness has cosigned. Entries may have been cut or rewritten."
        )
        path = self.folder.keep_contradiction(checkpoint.origin, note, reason)
        return WitnessAnswer(status, f"{reason}\n".encode(), alarm=f"{reason} Kept as {path}.")


def _refusal(status: HTTPStatus, words: str) -> WitnessAnswer:
    return WitnessAnswer(status, f"{words}\n".encode())

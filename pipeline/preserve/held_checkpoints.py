"""Checkpoints that lie outside store and database, and holding them against the archive.

In: `Settings`, an archive or a store, files, verifier keys. Out: `Verified`s. `letapis verify` uses every
checkpoint that a configured outlet can still show, and the last one beside the key; `letapis verify
--checkpoint` uses files. An outlet that cannot be asked is a mismatch of its own. Raises ``ValueError`` on text
that is no verifier key, and the errors of the store.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.log_signer import open_signer
from pipeline.config.settings import Settings
from pipeline.preserve.outlets import configured_outlets
from processors.transparency_log.signed_note import VerifierKey
from storage.archive import Archive
from storage.errors import StorageError
from storage.findings import Mismatch, Verified
from storage.integrity.held_checkpoint import hold_checkpoint, leaves_of_chain
from storage.ledger.chain import Chain, read_chain
from storage.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class OutsideCheckpoint:
    """The bytes of a checkpoint and where they lie; or why that place could not be asked."""

    where: str
    note: bytes | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class OutsideLog:
    """Checkpoints and keys that were not taken from the store and the database that are verified."""

    checkpoints: tuple[OutsideCheckpoint, ...] = ()
    keys: tuple[VerifierKey, ...] = ()

    def held(self, chain: Chain, store: ObjectStore, others: Sequence[ObjectStore] = ()) -> Iterator[Verified]:
        """Each checkpoint against the chain of a store; ``others`` may have tiles that this store has lost."""
        if not self.checkpoints:
            return
        leaves = leaves_of_chain(chain)
        for each in self.checkpoints:
            subject = f"checkpoint of {each.where}"
            if each.note is None:
                found = (Mismatch("newest checkpoint", "to be shown", str(each.problem)),)
                yield Verified(subject, found if each.problem else ())
            else:
                yield hold_checkpoint(store, chain, leaves, each.note, self.keys, subject=subject, others=others)


def outside_log(settings: Settings, archive: Archive) -> OutsideLog:
    """What the configured outlets can show, and the state beside the key."""
    try:
        signer = open_signer(settings)
        last = None if signer is None else signer.state.read()
    except StorageError as problem:
        return OutsideLog((OutsideCheckpoint(str(settings.log_key_file), None, str(problem)),))
    found: list[OutsideCheckpoint] = []
    if last is not None:
        found.append(OutsideCheckpoint("the file beside the key of the log", last))
    for outlet in configured_outlets(settings, archive):
        try:
            note = outlet.newest()
        except StorageError as problem:
            found.append(OutsideCheckpoint(f"the outlet {outlet.name}", None, str(problem)))
        else:
            if note is not None:
                found.append(OutsideCheckpoint(f"the outlet {outlet.name}", note))
    return OutsideLog(tuple(found), () if signer is None else (signer.key.verifier_key,))


def verify_checkpoints(
    store: ObjectStore, files: Sequence[Path], keys: Sequence[str], *, others: Sequence[ObjectStore] = ()
) -> tuple[Verified, ...]:
    """Files with checkpoints against one store; ``keys`` are verifier keys, or files that hold one."""
    known = tuple(map(read_verifier_key, keys))
    chain = read_chain(store)
    log = OutsideLog(tuple(OutsideCheckpoint(str(path), path.read_bytes()) for path in files), known)
    return tuple(log.held(chain, store, others))


def read_verifier_key(text: str) -> VerifierKey:
    """A verifier key in the form ``<name>+<hash>+<key>``, or the first line of a file that holds one."""
    path = Path(text)
    content = path.read_text("utf-8").strip().partition("\n")[0] if "+" not in text or path.is_file() else text
    return VerifierKey.parse(content.strip())

"""Hands the log over from its signing key to a new one, as an entry of custody that the old key signs.

In: an archive, the key's file. Out: the new `VerifierKey`. Order: the new key beside the old one, the entry
``log_key_rotated``, a checkpoint over it by the old key, the new key in the place of the old. A run that was
killed is finished by the next: until the last step the old key signs. The old secret is then gone. Raises
`LogRefusedError`, `LogKeyError` and what signing raises.
"""

import os
from collections.abc import Callable
from pathlib import Path

from processors.transparency_log.signed_note import VerifierKey
from storage.archive import Archive
from storage.ledger.custody import append, lock_chain
from storage.log.checkpoints import log_keys
from storage.log.key_file import NEXT_KEY, SigningState, make_signing_key, read_signing_key, sync_folder
from storage.log.log_keys import KEY_ROTATED, rotation_details
from storage.log.signing import LogSigner, only_signer, sign_next_checkpoint
from storage.objects.keys import CUSTODY_PREFIX


def rotate_key(
    archive: Archive, path: Path, *, actor: str, on_step: Callable[[str], None] = lambda _: None
) -> VerifierKey:
    """Let a new key sign from now on; returns its public half, to be told to whoever noted the old one."""
    old = LogSigner(read_signing_key(path), SigningState.beside(path))
    sign_next_checkpoint(archive, old, actor=actor)  # refuses first of all where the log cannot go on
    beside = path.with_name(f"{path.name}{NEXT_KEY}")
    new = read_signing_key(beside) if os.path.lexists(beside) else make_signing_key(beside, old.origin)
    on_step("new key")
    with archive.writer.begin() as connection:
        lock_chain(connection)
        if new.verifier_key not in log_keys(connection).keys:
            details = rotation_details(old.key, new.verifier_key)
            append(
                connection,
                KEY_ROTATED,
                keys=archive.sealing,
                subject_id=CUSTODY_PREFIX,
                actor=actor,
                details=details,
            )
    on_step("entry")
    sign_next_checkpoint(archive, old, actor=actor)
    on_step("checkpoint")
    with only_signer(archive):
        beside.replace(path)
        sync_folder(path.parent)
    return new.verifier_key

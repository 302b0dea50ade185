"""Lets another key sign a log whose own key is lost for good, and says in custody that nobody vouches for it.

In: an archive, where the key's file was. Out: the new `VerifierKey`. An entry ``log_key_lost`` names both keys.
Unlike after a rotation, no signature leads from the old key to the new one: whoever noted the old one trusts the
new one only if its owner is believed, or if a witness goes on cosigning. Order: the new key beside, the entry, the
new key in its place, a checkpoint. A run that was killed is finished by the next. Raises `LogKeyError`,
`LogRefusedError` and what signing raises.
"""

import os
from collections.abc import Callable
from pathlib import Path

from processors.transparency_log.signed_note import VerifierKey
from storage.archive import Archive
from storage.ledger.custody import append, lock_chain
from storage.log.checkpoints import log_keys
from storage.log.key_file import (
    NEXT_KEY,
    LogKeyError,
    SigningState,
    make_signing_key,
    read_signing_key,
    sync_folder,
)
from storage.log.log_keys import KEY_LOST, lost_details
from storage.log.signing import LogSigner, only_signer, require_extended, sign_next_checkpoint
from storage.objects.keys import CUSTODY_PREFIX


def replace_lost_key(
    archive: Archive, path: Path, *, actor: str, on_step: Callable[[str], None] = lambda _: None
) -> VerifierKey:
    """Make a key that signs from now on; returns its public half, to be told to whoever noted the old one."""
    with archive.reader.connect() as connection:
        lost = log_keys(connection).newest
    if os.path.lexists(path):
        way_out = "`letapis custody --rotate-key` exchanges a key that is there; the old one vouches for the new."
        raise LogKeyError(path, "none, as only a lost key is replaced so", "a file", way_out)
    if lost is None:
        raise LogKeyError(path, "a log that has begun", "none", "`letapis prepare` makes its first key.")
    beside = path.with_name(f"{path.name}{NEXT_KEY}")
    new = read_signing_key(beside) if os.path.lexists(beside) else make_signing_key(beside, lost.name)
    signer = LogSigner(new, SigningState.beside(path))
    require_extended(archive, signer)  # an older database, or an older store, is set right first
    on_step("new key")
    with archive.writer.begin() as connection:
        lock_chain(connection)
        keys = log_keys(connection)
        if new.verifier_key not in keys.keys and keys.newest is not None:
            details = lost_details(keys.newest, new.verifier_key)
            append(
                connection, KEY_LOST, keys=archive.sealing, subject_id=CUSTODY_PREFIX, actor=actor, details=details
            )
    on_step("entry")
    with only_signer(archive):
        beside.replace(path)
        sync_folder(path.parent)
    on_step("key in place")
    sign_next_checkpoint(archive, signer, actor=actor)
    return new.verifier_key

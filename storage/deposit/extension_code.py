"""Stores an operator's code, so that even years later one can see which parser read a page.

In: an extension. Out: the custody entry of its deposit, the earlier one where there is one.
Guaranteed as for WARC files: the archive is stored under lock and read back by its digest before custody says so,
and its copy in a second store is made or pending. Raises `storage.objects.errors`.
"""

from crawlers.model.iso_time import time_text
from processors.extension.code import ExtensionCode
from storage.archive import Archive
from storage.deposit.replication import replicate
from storage.ledger.custody import append, entries, lock_chain, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.extensions import EXTENSION_DEPOSITED
from storage.objects.keys import extension_key


def deposit_extension(archive: Archive, code: ExtensionCode, *, actor: str) -> CustodyEntry:
    """Deposit an extension once for each digest."""
    key = extension_key(code.name, code.digest)
    with archive.reader.connect() as connection:
        known = entries(connection, subject_id=key)
    if known:
        return known[0]
    stored = archive.objects.put_new(key, code.archive, sha256=code.digest)
    with archive.writer.begin() as connection:
        lock_chain(connection)
        known = entries(connection, subject_id=key)  # another process may have been faster
        entry = (
            known[0]
            if known
            else append(
                connection,
                EXTENSION_DEPOSITED,
                keys=archive.sealing,
                subject_id=key,
                subject_digest=code.digest,
                actor=actor,
                details={
                    "extension": code.name,
                    "files": sorted(code.files),
                    "object_version": stored.version_id,
                    "length_bytes": stored.length_bytes,
                    "locked_until": time_text(stored.locked_until),
                },
            )
        )
    publish_pending_entries(archive)
    if archive.replica is not None:
        replicate(archive, actor=actor, only=key)
    return entry

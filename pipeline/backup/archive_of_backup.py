"""Whether a store is that of the archive to which a backup belongs, and whether it still holds what was signed.

In: a store, what the backup says of its archive, the last checkpoint in it. Out: findings. Keys must never come to
another archive: what they would seal and sign there nobody could set right. Raises `AnotherArchiveError` and the
errors of `storage.objects.errors`. Reads only.
"""

from pipeline.backup.contents import OfArchive
from processors.digest import Digest, sha256
from processors.transparency_log.signed_note import VerifierKey
from storage.errors import StorageError
from storage.findings import Verified
from storage.integrity.held_checkpoint import hold_checkpoint, leaves_of_chain
from storage.ledger.chain import Chain
from storage.objects.keys import CUSTODY_PREFIX, custody_key
from storage.objects.reader import StoreReader

LARGEST_ENTRY_BYTES = 16 << 20
SUBJECT = "the last checkpoint in the backup"


class AnotherArchiveError(StorageError):
    """The store holds another archive than the backup's, or less of it; the operator names the right store."""

    def __init__(self, store: str, expected: str, found: str) -> None:
        super().__init__(
            f"{store}: expected the archive of this backup, with {expected}; found {found}. Nothing was changed. "
            "Set LETAPIS_S3_* to the store of that archive, or to its second copy, and run this again; "
            "--no-catalogue puts keys and settings in place without looking at a store."
        )
        self.expected = expected
        self.found = found


def require_archive_of(objects: StoreReader, of: OfArchive) -> bool:
    """See that the store has the custody entry that was the newest; False where the backup names none."""
    if not of.custody_entries or of.newest_digest is None:
        return False
    key = custody_key(of.custody_entries)
    expected = f"{key} as {of.newest_digest}"
    store = f"{objects.endpoint}, bucket {objects.bucket}"
    wanted, found = Digest.parse(of.newest_digest), []
    for version in objects.list(key):
        if version.key != key or version.delete_marker or version.length_bytes > LARGEST_ENTRY_BYTES:
            continue
        digest = sha256(objects.read(key, version.version_id))
        if digest == wanted:
            return True
        found.append(str(digest))
    if found:
        raise AnotherArchiveError(store, expected, f"{', '.join(found)}: another archive")
    if next(iter(objects.list(CUSTODY_PREFIX)), None) is None:
        raise AnotherArchiveError(store, expected, "no custody at all: this store is empty")
    raise AnotherArchiveError(store, expected, "no such entry: another archive, or an older copy of this one")


def held_checkpoint(objects: StoreReader, chain: Chain, note: bytes, keys: tuple[VerifierKey, ...]) -> Verified:
    """The checkpoint that the log had signed last when the backup was made, against the chain in the store."""
    return hold_checkpoint(objects, chain, leaves_of_chain(chain), note, keys, subject=SUBJECT)

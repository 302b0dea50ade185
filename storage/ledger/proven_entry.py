"""A custody entry that may be relied on, since it is not taken from the database alone.

In: an archive, a subject, an event. Out: the first such entry, once the locked object in the store gives the same
digest and every entry from it to the end of the chain names the digest of the one before. Whoever owns the
database can write a row; the chain that others have copied and time authorities have stamped would then not match.
Raises `EntryInDoubtError` and `storage.objects.errors`.
"""

from typing import Final

from sqlalchemy import select

from processors.digest import sha256
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.custody import entry_of, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody, custody_objects
from storage.objects.keys import custody_key

ROWS: Final = 1000


class EntryInDoubtError(StorageError):
    """Database and store, or two entries, contradict each other; a person runs `letapis verify`."""

    def __init__(self, seq: int, what: str, expected: str, found: str) -> None:
        super().__init__(
            f"{custody_key(seq)}: {what}: expected {expected}, found {found}. Nothing was concluded from it, and "
            "nothing was changed; run `letapis verify`."
        )
        self.seq = seq
        self.what = what
        self.expected = expected
        self.found = found


def proven_entry(archive: Archive, event: str, subject_id: str) -> CustodyEntry | None:
    """The first entry of this kind about the subject; None where there is none."""
    named = select(custody.c.seq).where(custody.c.event == event, custody.c.subject_id == subject_id)
    publish_pending_entries(archive)
    with archive.writer.connect() as connection:
        seq = connection.execute(named.order_by(custody.c.seq).limit(1)).scalar_one_or_none()
        if seq is None:
            return None
        later = select(custody).where(custody.c.seq >= seq).order_by(custody.c.seq)
        wanted, before = None, None
        for row in connection.execute(later.execution_options(yield_per=ROWS)):
            entry = entry_of(row)
            if str(entry.digest) != row.digest:
                raise EntryInDoubtError(entry.seq, "digest of the row", row.digest, str(entry.digest))
            if (false := next(entry.false_values(), None)) is not None:
                raise EntryInDoubtError(entry.seq, false, "the value that the entry commits to", "another")
            if before is not None and (entry.seq, entry.previous) != (before.seq + 1, before.digest):
                expected = f"{before.digest} in entry {before.seq + 1}"
                raise EntryInDoubtError(entry.seq, "entry before", expected, f"{entry.previous} in {entry.seq}")
            wanted, before = wanted or entry, entry
        confirmed = select(custody_objects.c.key, custody_objects.c.object_version).where(
            custody_objects.c.seq == seq, custody_objects.c.store == archive.objects.name
        )
        place = connection.execute(confirmed).one()
    assert wanted is not None
    found = archive.objects.read(place.key, place.object_version)
    if found != wanted.canonical():
        raise EntryInDoubtError(seq, "object in the store", str(wanted.digest), str(sha256(found)))
    return wanted

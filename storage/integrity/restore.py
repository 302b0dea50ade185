"""Restores the catalogue's index and the ledger's custody entries from the store alone.

In: an archive whose database may be empty. Out: what was restored. Guaranteed: rows and ids are those the deposits
made; the ledger only gains what it lacks, and a ledger that contradicts the store is left unchanged and reported.
What a sealed object holds is known again where its key is here; elsewhere the rows say why it is not, and files
get the strictest access label. Raises `ContradictionError`.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from storage.archive import Archive
from storage.catalogue.tables import warcs
from storage.deposit.placement import captures_of_file, insert_captures, warc_row
from storage.errors import StorageError
from storage.integrity.deposited_file import inspect_deposited, location_of
from storage.ledger.chain import Chain, ChainLink
from storage.ledger.custody import LOCK_KEY, entry_row, ledger_digests
from storage.ledger.entry import CustodyEntry
from storage.ledger.file_custody import file_in_custody
from storage.ledger.sealed_chain import SealedLink
from storage.ledger.tables import custody, custody_objects, sealed_objects
from storage.objects.errors import ObjectMissingError
from storage.objects.find_version import find_version
from storage.objects.keys import custody_key
from storage.objects.parallel import map_bounded


class ContradictionError(StorageError):
    """Store and database, or entry and object, contradict each other; nothing was restored from them."""

    def __init__(self, subject: str, what: str, expected: str, found: str) -> None:
        super().__init__(
            f"{subject}: {what}: expected {expected}, found {found}. The evidence in the store was not touched; "
            "run `letapis verify`, and compare with another copy of the store or the database."
        )
        self.subject = subject
        self.what = what
        self.expected = expected
        self.found = found


def restore_custody(archive: Archive, chain: Chain) -> int:
    """Restore the entries of the chain in the ledger; returns how many it lacked."""
    with archive.writer.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        known = ledger_digests(connection)
        missing = [chained for chained in chain.entries if chained.entry.seq not in known]
        for chained in chain.entries:
            digest = str(chained.entry.digest)
            if known.get(chained.entry.seq, digest) != digest:
                key = custody_key(chained.entry.seq)
                raise ContradictionError(key, "digest in the ledger", digest, known[chained.entry.seq])
        if missing:
            connection.execute(insert(custody), [entry_row(chained.entry) for chained in missing])
        _restore_sealed_objects(archive, connection, missing)
        if chain.entries:
            confirmed = insert_or_keep(custody_objects).on_conflict_do_nothing()
            connection.execute(confirmed, [_confirmation(archive, chained) for chained in chain.entries])
    return len(missing)


def _restore_sealed_objects(archive: Archive, connection: Connection, missing: Sequence[ChainLink]) -> None:
    """The bytes that stores are owed, should another store come; those that are lost are not restored."""
    links = [(chained.entry.seq, link) for chained in missing for link in chained.sealed]

    def read(each: tuple[int, SealedLink]) -> dict[str, object]:
        seq, link = each
        content = archive.objects.read(link.key, link.version_id)
        return {"key": link.key, "seq": seq, "content": content}

    for row in map_bounded(read, links):
        connection.execute(insert_or_keep(sealed_objects).values(**row).on_conflict_do_nothing())


def _confirmation(archive: Archive, chained: ChainLink) -> dict[str, object]:
    return {
        "seq": chained.entry.seq,
        "store": archive.objects.name,
        "key": custody_key(chained.entry.seq),
        "object_version": chained.version_id,
    }


def restore_file(archive: Archive, entry: CustodyEntry) -> int:
    """Read one deposited file from the store and write its rows; returns how many captures it has.

    Of a file that was written anew this is the newest version. Rows name the version in the store they were read
    from, which in a second copy is not the one custody names.
    """
    key = entry.subject_id
    with archive.reader.connect() as connection:
        file = file_in_custody(connection, key)
    if file is None:
        raise LookupError(f"{key}: expected an entry of custody that tells of its deposit, found none")
    head = find_version(archive.objects, key, file.version_id, file.sha256)
    if head is None:
        raise ObjectMissingError(key, file.version_id)
    version_id = head.version_id
    inspection = inspect_deposited(archive.objects, file, version_id)
    for what, expected, found in (
        ("sha256", file.sha256, inspection.sha256),
        ("sha512", file.sha512, inspection.sha512),
    ):
        if str(expected) != str(found):
            raise ContradictionError(key, what, str(expected), str(found))
    location = location_of(entry)
    with archive.writer.begin() as connection:
        insert_captures(connection, location.key, captures_of_file(inspection, location, version_id, file))
        connection.execute(insert(warcs).values(**warc_row(inspection, location, version_id, entry.seq)))
    return len(inspection.rows)

"""An archive with a log, for tests: entries, a signer with its key file, sizes and roots as they should be."""

from pathlib import Path

from sqlalchemy import insert

from processors.transparency_log.merkle import leaf_hash, merkle_root
from storage.archive import Archive
from storage.ledger.custody import append, entries
from storage.ledger.tables import custody_objects
from storage.log.key_file import SigningState, make_signing_key, read_signing_key
from storage.log.signing import LogSigner
from storage.objects.keys import custody_key

ORIGIN = "log.letapis.example/test"


def signer_at(path: Path, origin: str = ORIGIN) -> LogSigner:
    """The signer whose key is in this file, which is made where there is none."""
    key = read_signing_key(path) if path.exists() else make_signing_key(path, origin)
    return LogSigner(key, SigningState.beside(path))


def add_entries(archive: Archive, count: int, *, about: str = "x", published: bool = True) -> None:
    """Append entries that say nothing, in one transaction.

    Without ``published`` the database says that the store has them, which it has not: where only the log matters,
    hundreds of objects are not written.
    """
    with archive.writer.begin() as connection:
        for number in range(count):
            entry = append(
                connection,
                "received",
                keys=archive.sealing,
                subject_id=f"{about}{number}",
                actor="tester",
                details={},
            )
            if not published:
                connection.execute(
                    insert(custody_objects).values(
                        seq=entry.seq,
                        store=archive.objects.name,
                        key=custody_key(entry.seq),
                        object_version="none",
                    )
                )


def expected_root(archive: Archive, size: int) -> bytes:
    """The root over the first entries of the ledger."""
    with archive.reader.connect() as connection:
        return merkle_root([leaf_hash(entry.canonical()) for entry in entries(connection)[:size]])

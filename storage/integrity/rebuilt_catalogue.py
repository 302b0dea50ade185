"""The catalogue that `rebuild` builds beside the one in use, and the one step in which it takes its place.

In: an archive. Out: the same archive over the catalogue beside, and what that lacks. Guaranteed: until
`swap_catalogues` has returned true, no query sees a change; the exchange happens as a whole or not at all. What
was built stays when the work is interrupted, file by file, and is continued where it was made for the same
(``made_for``): the same store, tables and software. Rights of roles, and views of others, go over to the new
catalogue. Raises `RebuildRunsError`, `ExchangeRefusedError`.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from storage.archive import Archive
from storage.catalogue.hiding import apply_hiding
from storage.catalogue.tables import SCHEMA, captures, warcs
from storage.catalogue.write_gate import close
from storage.errors import StorageError
from storage.ledger.custody import entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody
from storage.similarity.compare import begin_epoch, group_all_judged
from storage.similarity.hash_index import take_over

NEXT: Final = "catalogue_next"
REBUILD_KEY: Final = 7_305_510_008
"""Advisory lock, held while one process rebuilds."""

ENDS_WITHIN_S: Final = 10.0
"""Seconds that the database may take to notice that a rebuilding process was killed."""


class RebuildRunsError(StorageError):
    """Another process rebuilds this catalogue; wait for it, or end it."""

    def __init__(self) -> None:
        super().__init__(
            "Another `letapis rebuild` is running on this database. Nothing was changed; wait until it ended."
        )


class ExchangeRefusedError(StorageError):
    """The database refuses to replace the old catalogue by the new one; its owner corrects what is named."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The new catalogue is whole, but cannot take the place of the old one: {reason}. The catalogue in "
            "use was not changed, and what was built is kept; correct that, then run `letapis rebuild` again."
        )
        self.reason = reason


@contextmanager
def one_at_a_time(archive: Archive) -> Iterator[None]:
    """Let no other process rebuild while the block runs."""
    query = text("SELECT pg_try_advisory_lock(:key)")
    with archive.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        deadline = time.monotonic() + ENDS_WITHIN_S
        while not connection.scalar(query, {"key": REBUILD_KEY}):
            if time.monotonic() > deadline:
                raise RebuildRunsError
            time.sleep(0.2)
        try:
            yield
        finally:
            with suppress(DBAPIError):  # the lock has gone with its connection
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": REBUILD_KEY})


def open_next_catalogue(archive: Archive, made_for: str) -> tuple[Archive, bool]:
    """The archive over the catalogue beside the one in use, and whether work that was interrupted is in it."""
    with archive.writer.begin() as connection:
        before = connection.scalar(text(f"SELECT obj_description(to_regnamespace('{NEXT}'), 'pg_namespace')"))
    there = _over_next(archive)
    if before != made_for:
        with there.writer.begin() as connection:
            connection.execute(text("SELECT rebuilding.begin_next(:made_for)"), {"made_for": made_for})
            begin_epoch(connection)
    return there, before == made_for


def work_in_next_catalogue(archive: Archive) -> str | None:
    """For what the catalogue beside was made, None where there is none."""
    with archive.writer.connect() as connection:
        query = text(f"SELECT obj_description(to_regnamespace('{NEXT}'), 'pg_namespace')")
        found: str | None = connection.scalar(query)
        return found


def leave_next_catalogue(archive: Archive) -> None:
    """Take away all rows of the catalogue beside; what is left of it is empty tables."""
    with archive.writer.begin() as connection:
        connection.execute(text("SELECT rebuilding.begin_next('nothing')"))


def deposits_of(archive: Archive, keys: Collection[str] | None) -> tuple[CustodyEntry, ...]:
    """The entries of deposits, of these files or of all, in the order of custody."""
    query = select(custody).where(custody.c.event == "deposited").order_by(custody.c.seq)
    if keys is not None:
        query = query.where(custody.c.subject_id.in_(list(keys)))
    with archive.reader.connect() as connection:
        return tuple(entry_of(row) for row in connection.execute(query))


def files_of_payloads(archive: Archive, keys: Collection[str]) -> frozenset[str]:
    """The files that hold the payloads to which revisits in these files refer."""
    target = captures.alias("target")
    query = (
        select(target.c.warc_key)
        .distinct()
        .join(captures, captures.c.refers_to_id == target.c.id)
        .where(captures.c.warc_key.in_(list(keys)), captures.c.record_type == "revisit")
    )
    with archive.reader.connect() as connection:
        return frozenset(connection.scalars(query))


def deposits_without_rows(archive: Archive) -> tuple[CustodyEntry, ...]:
    """Deposits of the ledger that the catalogue of this archive has no file of, in the order of custody."""
    known = select(warcs.c.custody_seq).where(warcs.c.custody_seq == custody.c.seq)
    query = select(custody).where(custody.c.event == "deposited", ~known.exists()).order_by(custody.c.seq)
    with archive.reader.connect() as connection:
        return tuple(entry_of(row) for row in connection.execute(query))


def counts(archive: Archive) -> tuple[int, int]:
    """How many files and captures the catalogue of this archive has."""
    with archive.reader.connect() as connection:
        files, rows = (
            int(connection.scalar(select(func.count()).select_from(each)) or 0) for each in (warcs, captures)
        )
    return files, rows


def all_processed(archive: Archive, keys: Collection[str]) -> frozenset[str]:
    """Which of these files the catalogue of this archive has read."""
    query = select(warcs.c.key).where(warcs.c.key.in_(list(keys)), warcs.c.processed_with.is_not(None))
    with archive.reader.connect() as connection:
        return frozenset(connection.scalars(query))


Index = Callable[[Sequence[CustodyEntry]], None]


def swap_catalogues(archive: Archive, there: Archive, *, index: Index | None = None) -> bool:
    """Let the catalogue beside take the place of the one in use; False, and nothing done, where it lacks a file.

    Nobody writes into the one in use while it is done: what comes waits for a moment, and then finds the new one.
    ``index`` brings the files that are lacking into the new one while nobody can deposit more.
    """
    with there.writer.begin() as connection:
        connection.execute(text("SELECT rebuilding.analyze_next()"))
    try:
        with archive.writer.begin() as connection:
            close(connection)
            if lacking := deposits_without_rows(there):
                if index is None:
                    return False
                index(lacking)
            with there.writer.begin() as beside_it:
                group_all_judged(beside_it)
                apply_hiding(beside_it)  # what was withdrawn since its files were read
            connection.execute(text("SELECT rebuilding.exchange()"))
    except DBAPIError as problem:
        if problem.connection_invalidated:
            raise
        raise ExchangeRefusedError(str(problem.orig).strip().splitlines()[0]) from problem
    with archive.writer.connect() as connection:
        take_over(connection, archive.hash_folder, there.hash_folder)
    return True


def drop_replaced(archive: Archive) -> None:
    """Remove the catalogue that was in use before, once those who still read it have ended."""
    with archive.writer.begin() as connection:
        connection.execute(text("SELECT rebuilding.drop_before()"))


def _over_next(archive: Archive) -> Archive:
    def translated(engine: Engine) -> Engine:
        return engine.execution_options(schema_translate_map={SCHEMA: NEXT})

    return replace(
        archive,
        writer=translated(archive.writer),
        reader=translated(archive.reader),
        hash_folder=archive.hash_folder / "next",
    )

"""What custody says of a deposited file now: its deposit, and the times it was written anew without some records.

In: entries of custody, or a connection. Out: `FileInCustody`. An entry ``purged`` names the new version of a file,
its digests, which version it takes the place of, which captures are gone and, as cuts, where every other record
stands since; so ids of imports, which are made of the first file's digest and places, stay what they were. An
entry ``purge_removed`` says that a store no longer has the old version. Source: docs/decisions/0041-law.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from sqlalchemy import Connection, select

from processors.digest import Digest
from storage.ledger.custody import entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody
from storage.warc.places import Place, PlaceMap, cut_of

DEPOSITED: Final = "deposited"
PURGED: Final = "purged"
REMOVED: Final = "purge_removed"


@dataclass(frozen=True, slots=True)
class SupersededVersion:
    """A version that is in the way of a purge: ``purge`` is the entry that names the one in its place."""

    purge: CustodyEntry
    key: str
    version_id: str
    sha256: Digest


@dataclass(frozen=True)
class FileInCustody:
    """A file by its key. ``purges`` are its entries ``purged``, oldest first; none as a rule."""

    deposited: CustodyEntry
    purges: tuple[CustodyEntry, ...] = ()

    @property
    def key(self) -> str:
        """The key, which never changes."""
        return self.deposited.subject_id

    @property
    def newest(self) -> CustodyEntry:
        """The entry that names the version which counts."""
        return self.purges[-1] if self.purges else self.deposited

    @property
    def version_id(self) -> str:
        """The version that counts, as the first store calls it."""
        return str(self.newest.details["object_version"])

    @property
    def sha256(self) -> Digest:
        """The digest of that version."""
        return Digest.parse(str(self.newest.subject_digest))

    @property
    def sha512(self) -> str:
        """Its other digest, as text."""
        return str(self.newest.details["sha512"])

    @property
    def length_bytes(self) -> int:
        """Its length."""
        return int(self.newest.details["length_bytes"])

    @property
    def named_at(self) -> datetime:
        """When custody named that version."""
        return self.newest.at

    @property
    def records(self) -> int:
        """How many records reading finds in it; of a file that is damaged, up to the damage."""
        return int(self.newest.details["records"])

    @property
    def first_sha256(self) -> Digest:
        """The digest of the file as it was deposited, of which ids of imports are made."""
        return Digest.parse(str(self.deposited.subject_digest))

    @cached_property
    def _maps(self) -> tuple[PlaceMap, ...]:
        return tuple(PlaceMap(tuple(map(cut_of, each.details["cuts"]))) for each in self.purges)

    def first_place(self, place: Place) -> Place:
        """Where a record of the version that counts stood in the file as it was deposited."""
        return self.earlier_place(place, 0)

    def earlier_place(self, place: Place, purges: int) -> Place:
        """Where a record of the version that counts stood when the file had been written anew so often."""
        for places in reversed(self._maps[purges:]):
            found = places.old(place)
            if found is None:
                raise ValueError(f"{self.key}: no record of the file before it was written anew stands at {place}")
            place = found
        return place

    def as_of(self, at: datetime | None) -> "FileInCustody":
        """What custody said of the file at a moment; None: says now."""
        if at is None:
            return self
        return FileInCustody(self.deposited, tuple(each for each in self.purges if each.at <= at))

    def until(self, seq: int) -> "FileInCustody":
        """What custody said of the file up to this entry."""
        return FileInCustody(self.deposited, tuple(each for each in self.purges if each.seq <= seq))

    def superseded(self) -> Iterator[SupersededVersion]:
        """The versions that were to go, oldest first."""
        for entry in self.purges:
            before = entry.details["before"]
            yield SupersededVersion(entry, self.key, before["object_version"], Digest.parse(before["sha256"]))


def files_in_custody(entries: Iterable[CustodyEntry]) -> dict[str, FileInCustody]:
    """Every deposited file by its key."""
    deposits: dict[str, CustodyEntry] = {}
    purges: dict[str, list[CustodyEntry]] = {}
    for entry in entries:
        if entry.event == DEPOSITED:
            deposits[entry.subject_id] = entry
        elif entry.event == PURGED:
            purges.setdefault(entry.subject_id, []).append(entry)
    return {key: FileInCustody(entry, tuple(purges.get(key, ()))) for key, entry in deposits.items()}


def file_in_custody(connection: Connection, key: str) -> FileInCustody | None:
    """One file; None where custody tells of no deposit under this key."""
    query = select(custody).where(custody.c.event.in_((DEPOSITED, PURGED)), custody.c.subject_id == key)
    rows = connection.execute(query.order_by(custody.c.seq))
    return files_in_custody(entry_of(row) for row in rows).get(key)


def removals(entries: Iterable[CustodyEntry]) -> frozenset[tuple[int, str]]:
    """Number of an entry ``purged``, and store: where custody says that the old version is gone."""
    return frozenset(
        (entry.details["purge"], entry.details["store"]) for entry in entries if entry.event == REMOVED
    )


def removals_in_ledger(connection: Connection) -> frozenset[tuple[int, str]]:
    """The same of the ledger."""
    query = select(custody).where(custody.c.event == REMOVED)
    return removals(entry_of(row) for row in connection.execute(query))


def purged_file_of(connection: Connection, sha256: Digest) -> CustodyEntry | None:
    """The purge that took the place of a file with these bytes; None where none has."""
    query = select(custody).where(
        custody.c.event == PURGED, custody.c.details["before"]["sha256"].as_string() == str(sha256)
    )
    row = connection.execute(query.order_by(custody.c.seq).limit(1)).first()
    return None if row is None else entry_of(row)

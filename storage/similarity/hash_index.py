"""The worker's files of hashes, kept level with the catalogue, and searched in place of it.

In: a folder of this worker's own and a connection. Out: an index for `processors.similarity.match`. The catalogue
is the truth: `refresh` appends what was compared since, by this worker or another, and makes the files anew
where they are missing, damaged, of another epoch or of another database. Processes of one machine take turns at
that by a lock on the folder; reading needs none. Guaranteed: what `search` finds is what comparing with every
compared row of the catalogue would find, as of the turn that was the last one when it was brought up to date.
"""

import fcntl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select, text, tuple_

from processors.digest import Digest
from processors.fingerprints.fingerprint import Fingerprint
from processors.similarity.hamming_search import near_columns
from processors.similarity.index import FingerprintTable, Hashes, Matches, no_matches, tables
from processors.similarity.index_rows import TABLES
from storage.catalogue.tables import fingerprints
from storage.private_folder import closed_folder
from storage.similarity.hash_file import (
    MOST_SEGMENTS,
    Batch,
    HashFile,
    IndexPosition,
    UnfitHashFile,
    new_hash_file,
)
from storage.similarity.tables import compared, epoch

BATCH_MEDIA: Final = 20_000
MEDIA_PER_QUERY: Final = 10_000


class HashIndex:
    """The files as they stood when they were brought up to date; an ``Index`` of `processors.similarity.index`."""

    def __init__(self, connection: Connection, files: Mapping[str, HashFile]) -> None:
        self.connection, self.files = connection, files

    def search(self, table: str, rows: NDArray[np.uint8], within_bits: int) -> Matches:
        """Every row of the table near one of the queried rows; owners are numbered over all tables."""
        file = self.files[table]
        if not len(rows) or not file.rows:
            return no_matches()
        found = near_columns(rows, [segment.columns for segment in file.segments], within_bits)
        owner, at_ms = _owners_at(file, found.known_index)
        return Matches(found.new_index, owner + self._first_owner(table), at_ms, found.distance_bits)

    def owner(self, number: int) -> Digest:
        """The medium with this number."""
        for name, file in self.files.items():
            first = self._first_owner(name)
            if first <= number < first + file.owners:
                return file.owner(number - first)
        raise IndexError(f"hash files: no owner {number}")

    def hashes_of(self, files: Collection[Digest]) -> Mapping[Digest, Hashes]:
        """All fingerprints of these media, from the catalogue."""
        names = iter(sorted(str(file) for file in files))
        found: dict[Digest, Hashes] = dict.fromkeys(files, ())
        while part := list(islice(names, MEDIA_PER_QUERY)):
            found |= hashes_by_medium(self.connection, fingerprints.c.sha256.in_(part))
        return found

    def _first_owner(self, table: str) -> int:
        before = list(self.files)[: list(self.files).index(table)]
        return sum(self.files[name].owners for name in before)


def refresh(connection: Connection, folder: Path) -> HashIndex:
    """The index over this worker's files, brought level with the catalogue first."""
    now = current_epoch(connection)
    place = closed_folder(closed_folder(folder) / _database_name(connection))
    with _locked(place):
        files = {table: _opened(place, table, now) for table in TABLES}
        lowest = min(file.position for file in files.values())
        for turn, media in _compared_since(connection, lowest):
            found = tables([hashes for _, hashes in media])
            last = media[-1][0].value
            for name, file in files.items():
                _append_later(file, found.get(name), media, IndexPosition(turn, last))
        for file in files.values():
            if len(file.segments) > MOST_SEGMENTS:
                file.merge()
    return HashIndex(connection, files)


def take_over(connection: Connection, folder: Path, beside: Path) -> None:
    """Files that were made beside, for the catalogue that is in use now, take the place of those here."""
    place, from_place = (each / _database_name(connection) for each in (folder, beside))
    if not from_place.is_dir():
        return
    closed_folder(closed_folder(folder) / place.name)
    with _locked(place), _locked(from_place):
        for table in TABLES:
            with suppress(FileNotFoundError):
                _path(from_place, table).replace(_path(place, table))


def hashes_by_medium(connection: Connection, condition: Any) -> dict[Digest, Hashes]:
    """Media with their fingerprints, in the order of their digests."""
    by_name: dict[str, list[Fingerprint]] = {}
    query = select(fingerprints).where(condition).order_by(fingerprints.c.sha256, fingerprints.c.algorithm)
    for row in connection.execute(query):
        found = Fingerprint(row.algorithm, row.version, bytes(row.bits), row.quality)
        by_name.setdefault(row.sha256, []).append(found)
    return {Digest.parse(name): tuple(hashes) for name, hashes in by_name.items()}


def current_epoch(connection: Connection) -> int:
    """The epoch of the comparisons; 0 before the first."""
    return int(connection.scalar(select(epoch.c.epoch)) or 0)


def _append_later(
    file: HashFile, found: FingerprintTable | None, media: list[tuple[Digest, Hashes]], position: IndexPosition
) -> None:
    """Append the rows of the media that lie beyond the file's own reach, which may be further than another's."""
    if file.position >= position:
        return
    beyond = file.position.last if file.position.turn == position.turn else b""
    first = next(place for place, (digest, _) in enumerate(media) if digest.value > beyond)
    if found is None:
        rows = np.empty((0, file.width_bytes), np.uint8), np.empty(0, np.int64), np.empty(0, np.uint32)
    else:
        later = found.owner >= first
        rows = found.rows.bits[later], found.owner[later], found.rows.at_ms[later]
    owners, numbered = np.unique(rows[1], return_inverse=True)
    digests = [media[place][0] for place in owners.tolist()]
    file.append(Batch(rows[0], numbered.astype(np.int64), rows[2], digests), position)


def _compared_since(
    connection: Connection, position: IndexPosition
) -> Iterator[tuple[int, list[tuple[Digest, Hashes]]]]:
    """Media compared beyond this reach, turn by turn, in order of their digests, a batch at a time."""
    at = (position.turn, str(Digest("sha256", position.last)))
    while True:
        beyond = tuple_(compared.c.turn, compared.c.sha256) > tuple_(*at)
        query = select(compared).where(beyond).order_by(compared.c.turn, compared.c.sha256).limit(BATCH_MEDIA)
        rows = connection.execute(query).all()
        if not rows:
            return
        turn = rows[0].turn
        names = [row.sha256 for row in rows if row.turn == turn]
        hashes = hashes_by_medium(connection, fingerprints.c.sha256.in_(names))
        digests = [Digest.parse(name) for name in names]
        yield turn, [(digest, hashes.get(digest, ())) for digest in digests]
        at = (turn, names[-1])


def _owners_at(file: HashFile, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Owner and time of rows, by their places over all segments; only the pages that hold them are touched."""
    firsts = np.cumsum([0, *(segment.columns.shape[1] for segment in file.segments)])
    owner, at_ms = np.empty(len(places), np.int64), np.empty(len(places), np.uint32)
    of = np.searchsorted(firsts, places, side="right") - 1
    for number in np.unique(of).tolist():
        here = of == number
        segment, inside = file.segments[number], places[here] - firsts[number]
        owner[here] = segment.owner[inside].astype(np.int64) + segment.first_owner
        at_ms[here] = segment.at_ms[inside]
    return owner, at_ms


def _opened(place: Path, table: str, now: int) -> HashFile:
    path = _path(place, table)
    try:
        return HashFile(path, table, TABLES[table], now)
    except (FileNotFoundError, UnfitHashFile):
        return new_hash_file(path, table, TABLES[table], now)


def _path(place: Path, table: str) -> Path:
    return place / f"{table.replace('/', '-')}.hashes"


def _database_name(connection: Connection) -> str:
    """One name for one database of one server, so that files never meet another's rows."""
    system = "SELECT system_identifier FROM pg_control_system()"
    database = "SELECT oid FROM pg_database WHERE datname = current_database()"
    return f"{connection.scalar(text(system))}-{connection.scalar(text(database))}"


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

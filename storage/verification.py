"""Compares what the store gives back now with what custody and the index say of it.

In: an archive, or a file. Out: `Verified`, one per thing looked at, with every mismatch named. Reads only. The
expectations come from the custody chain in the store; the database is compared with it, never believed instead.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sqlalchemy import select

from storage.archive import Archive
from storage.catalogue_tables import warcs
from storage.chain import Chain, Chained, read_chain
from storage.custody_entry import Entry
from storage.keys import WARC_PREFIX, custody_key
from storage.ledger_tables import custody
from storage.objects import ObjectStore
from storage.store_errors import ObjectMissingError
from storage.token_verification import UNDER_WAY, verify_tokens
from storage.verified import Mismatch, Verified

CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the index says of a file."""

    object_version: str
    sha256: str


def verify_archive(archive: Archive, roots: Mapping[str, bytes] = MappingProxyType({})) -> Iterator[Verified]:
    """Every deposited file, then what stands in the store without custody, time tokens, then the chain.

    ``roots`` are certificates (PEM) that the operator trusts now, by the authority's URL.
    """
    chain = read_chain(archive.objects)
    deposits = {chained.entry.subject_id: chained.entry for chained in _deposits(chain)}
    rows = _index(archive)
    for key in sorted({*deposits, *rows}):
        yield _verify_deposit(archive.objects, key, deposits.get(key), rows.get(key))
    yield from _strays(archive.objects, deposits)
    yield from verify_tokens(archive.objects, chain, roots)
    yield _verify_chain(archive, chain)


def verify_key(archive: Archive, key: str) -> Verified:
    """One deposited file by its key."""
    chain = read_chain(archive.objects)
    deposits = {chained.entry.subject_id: chained.entry for chained in _deposits(chain)}
    return _verify_deposit(archive.objects, key, deposits.get(key), _index(archive).get(key))


def verify_file(archive: Archive, path: Path) -> Verified:
    """A file on disk against the archive: by its digest, else by its name."""
    with path.open("rb") as file:
        sha256, sha512 = _hash(iter(lambda: file.read(CHUNK_BYTES), b""))
    entries = [chained.entry for chained in _deposits(read_chain(archive.objects))]
    same = next((entry for entry in entries if str(entry.subject_digest) == sha256), None)
    if same is not None:
        return Verified(str(path), tuple(_differing("sha512", str(same.details["sha512"]), sha512)))
    named = next((entry for entry in entries if entry.subject_id.rpartition("/")[2] == path.name), None)
    if named is not None:
        return Verified(str(path), (Mismatch("sha256", str(named.subject_digest), sha256),))
    return Verified(str(path), (Mismatch("deposit", "a deposited file", f"none with {sha256}"),))


def _deposits(chain: Chain) -> Iterator[Chained]:
    return (chained for chained in chain.entries if chained.entry.event == "deposited")


def _index(archive: Archive) -> dict[str, IndexRow]:
    asked = select(warcs.c.key, warcs.c.object_version, warcs.c.sha256)
    with archive.reader.connect() as connection:
        return {row.key: IndexRow(row.object_version, row.sha256) for row in connection.execute(asked)}


def _verify_deposit(objects: ObjectStore, key: str, entry: Entry | None, row: IndexRow | None) -> Verified:
    return Verified(key, tuple(_problems_of_deposit(objects, key, entry, row)))


def _problems_of_deposit(
    objects: ObjectStore, key: str, entry: Entry | None, row: IndexRow | None
) -> Iterator[Mismatch]:
    if row is None:
        yield Mismatch("index", "a row", "none")
    if entry is None:
        yield Mismatch("custody", "an entry that tells of its deposit", "none")
        return
    version_id = str(entry.details["object_version"])
    expected = str(entry.subject_digest)
    if row is not None:
        yield from _differing("object version in the index", version_id, row.object_version)
        yield from _differing("sha256 in the index", expected, row.sha256)
    head = objects.head(key, version_id)
    if head is None:
        yield Mismatch("object", f"version {version_id}", "none")
        return
    yield from _differing("length in bytes", str(entry.details["length_bytes"]), str(head.length_bytes))
    if head.lock_mode is None:
        yield Mismatch("lock", "locked", "not locked")
    try:
        sha256, sha512 = _hash(objects.stream(key, version_id))
    except ObjectMissingError:
        yield Mismatch("object", f"version {version_id}", "none")
        return
    yield from _differing("sha256", expected, sha256)
    yield from _differing("sha512", str(entry.details["sha512"]), sha512)


def _strays(objects: ObjectStore, deposits: Mapping[str, Entry]) -> Iterator[Verified]:
    """What stands among the files without custody: other keys, other versions of known keys, delete markers."""
    settled_before = datetime.now(UTC) - UNDER_WAY
    for version in objects.list(WARC_PREFIX):
        entry = deposits.get(version.key)
        if entry is not None and entry.details["object_version"] == version.version_id:
            continue
        if version.stored_at < settled_before or entry is not None:
            what = "delete marker" if version.delete_marker else "object version"
            yield Verified(version.key, (Mismatch(what, "none without custody", version.version_id),))


def _verify_chain(archive: Archive, chain: Chain) -> Verified:
    problems = [
        Mismatch(f"{problem.subject}: {problem.what}", problem.expected, problem.found)
        for problem in chain.problems
    ]
    stored = {chained.entry.seq: str(chained.entry.digest) for chained in chain.entries}
    with archive.reader.connect() as connection:
        known = {row.seq: row.digest for row in connection.execute(select(custody.c.seq, custody.c.digest))}
    for seq in sorted({*stored, *known}):
        in_ledger, in_store = known.get(seq, "none"), stored.get(seq, "none")
        problems.extend(
            _differing(f"{custody_key(seq)}: the same digest in ledger and store", in_ledger, in_store)
        )
    return Verified("custody", tuple(problems))


def _differing(what: str, expected: str, found: str) -> list[Mismatch]:
    return [] if expected == found else [Mismatch(what, expected, found)]


def _hash(chunks: Iterator[bytes]) -> tuple[str, str]:
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    for chunk in chunks:
        sha256.update(chunk)
        sha512.update(chunk)
    return f"sha256:{sha256.hexdigest()}", f"sha512:{sha512.hexdigest()}"

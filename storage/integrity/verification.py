"""Compares what a store returns now with what custody and the index say of it.

In: an archive, or one store alone, or a file. Out: `Verified`, one per checked object, with every mismatch named.
Reads only. The expectations come from the custody chain in the same store; index and ledger are compared with it,
never trusted instead of it, and are not needed. Of a second copy the version that custody means is the one with
its digest. An object that cannot be read is a mismatch; an unavailable store raises `storage.objects.errors`.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sqlalchemy import Engine, select

from storage.archive import Archive
from storage.catalogue.tables import warcs
from storage.deposit.inspection import FileInspection
from storage.deposit.origin import signature_fault
from storage.errors import StorageError, UnsupportedFileError
from storage.findings import Mismatch, VerificationRemark, Verified, verified
from storage.integrity.deposited_file import inspect_deposited
from storage.integrity.extension_verification import strays_among_extensions, verify_extensions
from storage.integrity.index_comparison import index_differences
from storage.integrity.log_verification import verify_log
from storage.integrity.renewal_verification import unexpected_renewals, verify_renewals
from storage.integrity.sealed_verification import SealedInLedger, verify_sealed
from storage.integrity.timestamp_verification import UNDER_WAY, unexpected_tokens, verify_tokens
from storage.ledger.batches import LedgerRow, ledger_rows
from storage.ledger.chain import Chain, read_chain
from storage.ledger.custody import entries_not_opened, ledger_digests
from storage.ledger.entry import BEHIND, CustodyEntry, seconds_behind
from storage.ledger.file_custody import (
    DEPOSITED,
    PURGED,
    FileInCustody,
    SupersededVersion,
    files_in_custody,
    removals,
)
from storage.ledger.retention import RetentionLock, RetentionPolicy, holds_from_custody, locks_from_custody
from storage.log.checkpoints import SignedCheckpoint, all_in_ledger
from storage.objects.errors import ObjectMissingError, StoreUnreachableError
from storage.objects.find_version import find_version
from storage.objects.keys import SEALED_PREFIX, WARC_PREFIX, custody_key
from storage.objects.model import PRIMARY, ListedVersion
from storage.objects.parallel import map_bounded
from storage.objects.store import ObjectStore
from storage.sealing_keys import SealingKeys
from storage.warc.reader import WarcDamageError

CHUNK_BYTES: Final = 1 << 20
CLOCKS_DIFFER_S: Final = 60.0
"""Seconds by which the clocks of two workers may have differed."""

FILES_AT_ONCE: Final = 4
"""Each reads a piece of 1 MiB; hashing lets other threads run."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the index says of a file."""

    object_version: str
    sha256: str


@dataclass(frozen=True)
class ExpectedObjects:
    """A store and what is expected of it: its chain, its locks; index and ledger, None where nothing is known.

    ``keys`` open sealed objects; without them these are checked by their digests alone.
    """

    objects: ObjectStore
    chain: Chain
    locks: RetentionPolicy
    index: Mapping[str, IndexRow] | None
    ledger: Mapping[int, str] | None
    sealed: SealedInLedger | None
    keys: SealingKeys | None
    signed: tuple[SignedCheckpoint, ...] | None = None
    """The checkpoints that the ledger has."""
    database: Engine | None = None
    """Where the rows of the index about a file are read; None where only a store is verified."""

    @cached_property
    def files(self) -> dict[str, FileInCustody]:
        """What custody says of every deposited file, by key."""
        return files_in_custody(chained.entry for chained in self.chain.entries)

    @cached_property
    def removed(self) -> frozenset[tuple[int, str]]:
        """Number of a purge, and store: where custody says that the old version is gone."""
        return removals(chained.entry for chained in self.chain.entries)

    def is_superseded(self, entry: CustodyEntry) -> bool:
        """Whether an entry names a version of a file that a purge has taken the place of."""
        file = self.files.get(entry.subject_id) if entry.event in (DEPOSITED, PURGED) else None
        return file is not None and file.newest.seq != entry.seq

    @cached_property
    def by_seq(self) -> dict[int, CustodyEntry]:
        """Every entry by its number."""
        return {chained.entry.seq: chained.entry for chained in self.chain.entries}


def expected_of_store(
    objects: ObjectStore, *, keys: SealingKeys | None = None, at: datetime | None = None
) -> ExpectedObjects:
    """From the store alone; locks are judged ``at`` a moment, by default now. With ``keys`` values are opened."""
    return _expected(objects, at, None, None, None, keys)


def expected_of_archive(
    archive: Archive, objects: ObjectStore | None = None, *, at: datetime | None = None
) -> ExpectedObjects:
    """From one of the archive's stores, by default the first, and its database."""
    store = objects or archive.objects
    expected = _expected(
        store, at, _index(archive), _ledger(archive, store.name), _sealed_in_ledger(archive), archive.sealing
    )
    with archive.reader.connect() as connection:
        return replace(expected, signed=all_in_ledger(connection), database=archive.reader)


def _sealed_in_ledger(archive: Archive) -> SealedInLedger:
    def rows(entry: CustodyEntry) -> tuple[LedgerRow, ...]:
        with archive.reader.connect() as connection:
            return ledger_rows(connection, entry)

    with archive.reader.connect() as connection:
        return SealedInLedger(entries_not_opened(connection), rows)


def _expected(
    objects: ObjectStore,
    at: datetime | None,
    index: Mapping[str, IndexRow] | None,
    ledger: Mapping[int, str] | None,
    sealed: SealedInLedger | None,
    keys: SealingKeys | None,
) -> ExpectedObjects:
    chain = read_chain(objects, keys)
    by_custody = locks_from_custody(chained.entry for chained in chain.entries)
    return ExpectedObjects(
        objects,
        chain,
        RetentionPolicy(
            objects.lock_days,
            at or datetime.now(UTC),
            by_custody,
            holds_from_custody((chained.entry for chained in chain.entries), objects.name),
        ),
        index,
        ledger,
        sealed,
        keys,
    )


def verify_all(expected: ExpectedObjects, roots: Mapping[str, bytes] = MappingProxyType({})) -> Iterator[Verified]:
    """Every deposited file, then objects that no custody entry names, time tokens and their renewals, operators'
    code, sealed objects, then the chain and the log over it.

    ``roots`` are certificates (PEM) that the operator trusts now, by the authority's URL.
    """
    yield from verify_deposits(expected, {*expected.files, *(expected.index or {})})
    yield from unexpected_objects(expected)
    yield from verify_tokens(expected.objects, expected.chain, expected.locks, roots)
    yield from unexpected_tokens(expected.objects, expected.chain)
    yield from verify_renewals(expected.objects, expected.chain, expected.locks)
    yield from unexpected_renewals(expected.objects, expected.chain)
    yield from verify_extensions(expected.objects, expected.chain, expected.locks)
    yield from strays_among_extensions(expected.objects, expected.chain)
    yield verify_sealed_objects(expected)
    yield verify_chain(expected)
    yield from verify_log(expected.objects, expected.chain, expected.locks, expected.signed)


def verify_deposits(expected: ExpectedObjects, keys: Collection[str]) -> Iterator[Verified]:
    """Deposited files, hashed whole, in the order of their keys."""
    files = expected.files

    def check(key: str) -> Verified:
        return verified(key, _found_of_deposit(expected, key, files.get(key)))

    yield from map_bounded(check, sorted(keys), threads=FILES_AT_ONCE)


def verify_file(archive: Archive, path: Path) -> Verified:
    """A file on disk against the archive: by its digest, else by its name."""
    with path.open("rb") as file:
        sha256, sha512 = _hash(iter(lambda: file.read(CHUNK_BYTES), b""))
    files = expected_of_store(archive.objects).files.values()
    same = next((file for file in files if str(file.sha256) == sha256), None)
    if same is not None:
        return Verified(str(path), tuple(_differing("sha512", same.sha512, sha512)))
    purged = (each for file in files for each in file.superseded() if str(each.sha256) == sha256)
    if (before := next(purged, None)) is not None:
        words = f"the version before the purge of custody entry {before.purge.seq}, which was to be deleted"
        return Verified(str(path), (Mismatch("sha256", str(before.purge.subject_digest), f"{sha256}, {words}"),))
    named = next((file for file in files if file.key.rpartition("/")[2] == path.name), None)
    if named is not None:
        return Verified(str(path), (Mismatch("sha256", str(named.sha256), sha256),))
    return Verified(str(path), (Mismatch("deposit", "a deposited file", f"none with {sha256}"),))


def _index(archive: Archive) -> dict[str, IndexRow]:
    query = select(warcs.c.key, warcs.c.object_version, warcs.c.sha256)
    with archive.reader.connect() as connection:
        return {row.key: IndexRow(row.object_version, row.sha256) for row in connection.execute(query)}


def _ledger(archive: Archive, store: str) -> dict[int, str]:
    """Digests of the entries in the ledger; for a second store those that it has confirmed, not pending ones."""
    with archive.reader.connect() as connection:
        return ledger_digests(connection, confirmed_by=None if store == PRIMARY else store)


def _found_of_deposit(
    expected: ExpectedObjects, key: str, file: FileInCustody | None
) -> Iterator[Mismatch | VerificationRemark]:
    row = None if expected.index is None else expected.index.get(key)
    if expected.index is not None and row is None:
        yield Mismatch("index", "a row", "none")
    if file is None:
        yield Mismatch("custody", "an entry that tells of its deposit", "none")
        return
    if (fault := signature_fault(file.deposited, expected.by_seq)) is not None:
        yield Mismatch("signature of its crawl", *fault)
    named, digest = file.version_id, str(file.sha256)
    if row is not None:
        yield from _differing("sha256 in the index", digest, row.sha256)
    head = find_version(expected.objects, key, named, file.sha256)
    if head is None:
        yield Mismatch("object", f"version {named}", "none")
        return
    if expected.objects.name == PRIMARY and row is not None:
        # rebuilt from this store, the index names its version of the bytes, where custody names another store's
        where = "object version in the index" if head.version_id == named else "object version"
        yield from _differing(where, head.version_id, row.object_version)
    yield from _differing("length in bytes", str(file.length_bytes), str(head.length_bytes))
    yield from expected.locks.judge(RetentionLock(key, head.version_id, head.locked_until, file.named_at))
    yield from expected.locks.judge_hold(key, head.version_id, held=head.held)
    compared_with = None if row is None else expected.database
    try:
        sha256, sha512, inspection = _read(
            expected.objects, file, head.version_id, parse=compared_with is not None
        )
    except ObjectMissingError:
        yield Mismatch("object", f"version {head.version_id}", "none")
        return
    except StoreUnreachableError as problem:
        expected.objects.require_fit()  # an unavailable store raises; else it is this object alone
        yield Mismatch("object", "readable", problem.found)
        return
    yield from _differing("sha256", digest, sha256)
    yield from _differing("sha512", file.sha512, sha512)
    if compared_with is None or sha256 != digest:
        return  # rows that other bytes give say nothing
    if isinstance(inspection, FileInspection):
        with compared_with.connect() as connection:
            yield from index_differences(connection, file, inspection, row.object_version if row else named)
    else:
        yield Mismatch("records", "those that its deposit found", str(inspection))


def _read(
    objects: ObjectStore, file: FileInCustody, version_id: str, *, parse: bool
) -> tuple[str, str, FileInspection | StorageError | None]:
    """sha256 and sha512 of a deposited file, and what is in it, or why that could not be read."""
    key = file.key
    if not parse:
        return *_hash(objects.stream(key, version_id)), None
    try:
        found = inspect_deposited(objects, file, version_id)
    except (WarcDamageError, UnsupportedFileError) as problem:
        return *_hash(objects.stream(key, version_id)), problem
    return str(found.sha256), str(found.sha512), found


def unexpected_objects(expected: ExpectedObjects) -> Iterator[Verified]:
    """Objects that no custody entry names: other keys, other versions of known keys, delete markers.

    A version that a purge took the place of, and that is there still, is a remark; once custody says that it is
    gone from this store, it is none of ours.
    """
    files, objects = expected.files, expected.objects
    settled_before = datetime.now(UTC) - UNDER_WAY
    for version in objects.list(WARC_PREFIX):
        file = files.get(version.key)
        if file is not None and file.version_id == version.version_id and not version.delete_marker:
            continue
        if file is not None and _is_meant(objects, file, version.version_id):
            continue
        before = None if file is None or version.delete_marker else _superseded_by(objects, file, version)
        if before is not None and (before.purge.seq, objects.name) not in expected.removed:
            words = f"version {version.version_id} is to go: the purge of custody entry {before.purge.seq} is due"
            yield Verified(version.key, (), (words,))
            continue
        if version.stored_at < settled_before or file is not None:
            what = "delete marker" if version.delete_marker else "object version"
            yield Verified(version.key, (Mismatch(what, "none without custody", version.version_id),))


def _is_meant(objects: ObjectStore, file: FileInCustody, version_id: str) -> bool:
    head = find_version(objects, file.key, file.version_id, file.sha256)
    return head is not None and head.version_id == version_id


def _superseded_by(objects: ObjectStore, file: FileInCustody, version: ListedVersion) -> SupersededVersion | None:
    """The purge that was to remove this version; another store calls it otherwise, and has the same bytes."""
    waiting = [*file.superseded()]
    named = next((each for each in waiting if each.version_id == version.version_id), None)
    if named is not None or not waiting:
        return named
    head = objects.head(version.key, version.version_id)
    if head is None:
        return None
    digest = head.sha256 or objects.digest(version.key, version.version_id)
    return next((each for each in waiting if each.sha256 == digest), None)


def verify_sealed_objects(expected: ExpectedObjects) -> Verified:
    """The sealed objects that entries name, and what the ledger says of them."""
    return verify_sealed(expected.objects, expected.chain, expected.locks, expected.keys, expected.sealed)


def verify_chain(expected: ExpectedObjects) -> Verified:
    """The chain itself, and whether the ledger says the same."""
    problems = [
        Mismatch(f"{problem.subject}: {problem.what}", problem.expected, problem.found)
        for problem in expected.chain.problems
        if not problem.subject.startswith(SEALED_PREFIX)
    ]
    stored = {chained.entry.seq: str(chained.entry.digest) for chained in expected.chain.entries}
    for seq in sorted({*stored, *expected.ledger} if expected.ledger is not None else ()):
        in_ledger, in_store = (expected.ledger or {}).get(seq), stored.get(seq, "none")
        if in_ledger is None and expected.objects.name != PRIMARY:
            continue  # copied there by a run that could not yet record it
        what = f"{custody_key(seq)}: the same digest in ledger and store"
        problems.extend(_differing(what, in_ledger or "none", in_store))
    locks = expected.locks.judge_many(locks_of_chain(expected.chain), "entries")
    return verified("custody", (*problems, *times_of_chain(expected.chain), *locks))


def times_of_chain(chain: Chain) -> Iterator[Mismatch | VerificationRemark]:
    """Entries whose time lies before that of the entry before them.

    A clock may run behind: then the entry itself says so, and that is a remark. One that does not say so was not
    appended by this software as it is now. Entries of older versions never said so, and the clocks of two machines
    differ a little; more than `CLOCKS_DIFFER_S` is taken for a forged date.
    """
    for before, entry in pairwise(each.entry for each in chain.entries):
        behind_s = seconds_behind(entry.at, before.at)
        said = entry.details.get(BEHIND, 0.0)
        if behind_s == 0.0 and said == 0.0:
            continue
        key = custody_key(entry.seq)
        if behind_s == said or (said == 0.0 and behind_s <= CLOCKS_DIFFER_S):
            text = f"{key}: its time lies {behind_s:g} s before that of the entry before it"
            yield VerificationRemark(f"{text}, as it says itself" if said else text)
        else:
            yield Mismatch(f"{key}: time", f"not before {before.at.isoformat()}", entry.at.isoformat())


def locks_of_chain(chain: Chain) -> list[RetentionLock]:
    """The locks of the entries' own objects; an object without any lock was already reported with the chain."""
    return [
        RetentionLock(custody_key(each.entry.seq), each.version_id, each.locked_until, each.entry.at)
        for each in chain.entries
        if each.locked_until is not None
    ]


def _differing(what: str, expected: str, found: str) -> list[Mismatch]:
    return [] if expected == found else [Mismatch(what, expected, found)]


def _hash(chunks: Iterator[bytes]) -> tuple[str, str]:
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    for chunk in chunks:
        sha256.update(chunk)
        sha512.update(chunk)
    return f"sha256:{sha256.hexdigest()}", f"sha512:{sha512.hexdigest()}"

"""Reads and checks the chain of custody from the objects in the store alone.

In: an object store, and the sealing keys where they are here. Out: entries with the objects that hold each, and
`ChainProblem`s in the order of the chain. Sealed objects are checked by their digests without a key; with one they
are opened, and every value is held against its commitment.
An entry's object may be hidden by a later version of its key; the chain itself tells which version is meant: the
one whose sha256 the next entry names, or for the last entry the oldest. Raises `storage.objects.errors`.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, pairwise
from typing import Final

from processors.digest import Digest, sha256
from storage.ledger.entry import CustodyEntry, parse_entry
from storage.ledger.entry_schema import require_shape
from storage.ledger.sealed_chain import SEALED_VALUES, SealedLink, with_sealed_objects
from storage.objects.errors import StoreUnreachableError
from storage.objects.keys import (
    CUSTODY_PREFIX,
    EVIDENCE_RECORDS_PREFIX,
    REVOCATION_PREFIX,
    ROOTS_PREFIX,
    TOKENS_PREFIX,
    custody_key,
    custody_seq,
)
from storage.objects.model import ListedVersion
from storage.objects.parallel import map_bounded
from storage.objects.reader import StoreReader
from storage.sealing_keys import SealingKeys

LARGEST_BYTES: Final = 16 << 20
"""Entries have a few KB; one that names 500 objects has 100 KB. Anyone may store larger objects over them."""


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """One mismatch: in which object, what was expected and what was found."""

    subject: str
    what: str
    expected: str
    found: str

    @property
    def breaks(self) -> bool:
        """Whether an entry is lost or in doubt; otherwise the chain can still be read as it was written."""
        return self.what not in ("versions", "hidden", "lock", "key", SEALED_VALUES, "format")


@dataclass(frozen=True, slots=True)
class ChainLink:
    """An entry, the object version that holds it, and until when that is locked.

    ``sealed`` are the sealed objects that the entry names, as far as they are there.
    """

    entry: CustodyEntry
    version_id: str
    locked_until: datetime | None
    sealed: tuple[SealedLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """The entries that could be read, in order, and everything that was wrong."""

    entries: tuple[ChainLink, ...]
    problems: tuple[ChainProblem, ...]


@dataclass(frozen=True, slots=True)
class _StoredEntry:
    version: ListedVersion
    content: bytes
    digest: Digest
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class _Unreadable:
    version: ListedVersion
    reason: str


def read_chain(objects: StoreReader, keys: SealingKeys | None = None) -> Chain:
    """Read every entry and its sealed objects from the store and check digests, links, locks, commitments."""
    problems: list[ChainProblem] = []
    found: dict[int, list[_StoredEntry]] = {}
    wanted: list[ListedVersion] = []
    for key, versions in groupby(objects.list(CUSTODY_PREFIX), key=lambda version: version.key):
        listed = list(versions)
        if key.startswith((TOKENS_PREFIX, ROOTS_PREFIX, EVIDENCE_RECORDS_PREFIX, REVOCATION_PREFIX)):
            continue  # named by entries, and looked at by `timestamp_verification` and `renewal_verification`
        try:
            seq = custody_seq(key)
        except ValueError:
            problems.append(ChainProblem(key, "key", "custody/<12 digits>.json", key))
            continue
        hidden = next((version for version in listed if version.latest and version.delete_marker), None)
        if hidden is not None:
            problems.append(ChainProblem(key, "hidden", "the entry", f"a delete marker ({hidden.version_id})"))
        found[seq] = []
        wanted.extend(version for version in reversed(listed) if not version.delete_marker)  # oldest first
    for read in map_bounded(lambda version: _read(objects, version), wanted):
        match read:
            case _StoredEntry():
                found[custody_seq(read.version.key)].append(read)
            case _Unreadable():
                what = f"version {read.version.version_id}"
                problems.append(ChainProblem(read.version.key, what, "readable", read.reason))
    chained: list[ChainLink] = []
    named_by_next: Digest | None = None
    problems.extend(_gaps(found))
    for seq in sorted(found, reverse=True):
        candidates = found[seq]
        if seq + 1 not in found:
            named_by_next = None
        genuine = _genuine(candidates, named_by_next)
        problems.extend(_problems_of(seq, candidates, genuine, named_by_next))
        named_by_next = None
        if genuine is not None:
            try:
                entry = parse_entry(genuine.content)
            except ValueError as problem:
                problems.append(ChainProblem(custody_key(seq), "content", "a custody entry", str(problem)))
                continue
            if entry.seq != seq:
                problems.append(ChainProblem(custody_key(seq), "number", str(seq), str(entry.seq)))
            if (entry.previous is None) != (seq == 1):
                expected = "none" if seq == 1 else "a digest"
                problems.append(ChainProblem(custody_key(seq), "entry before", expected, str(entry.previous)))
            named_by_next = entry.previous
            try:
                require_shape(entry)
            except ValueError as problem:
                problems.append(ChainProblem(custody_key(seq), "content", *str(problem).split(", found ", 1)))
                continue
            chained.append(ChainLink(entry, genuine.version.version_id, genuine.locked_until))
    problems.extend(_older_formats(reversed(chained)))
    links: list[ChainLink] = []
    for link, held in with_sealed_objects(objects, reversed(chained), lambda link: link.entry, keys):
        links.append(replace(link, entry=held.entry, sealed=held.links))
        problems.extend(ChainProblem(each.key, each.what, each.expected, each.found) for each in held.problems)
    return Chain(tuple(links), tuple(sorted(problems, key=lambda problem: problem.subject)))


def _read(objects: StoreReader, version: ListedVersion) -> _StoredEntry | _Unreadable:
    """One version with its lock; a problem of one object is returned, an unavailable store raises."""
    if version.length_bytes > LARGEST_BYTES:
        return _Unreadable(version, f"{version.length_bytes} bytes, too many for an entry")
    try:
        got = objects.get(version.key, version.version_id)
    except StoreUnreachableError as problem:
        objects.require_fit()
        return _Unreadable(version, problem.found)
    if got is None:
        return _Unreadable(version, "none")
    head, content = got
    return _StoredEntry(version, content, sha256(content), head.locked_until)


def _older_formats(links: Iterable[ChainLink]) -> Iterator[ChainProblem]:
    """Entries of format 1 after one of format 2: whoever lacks the sealing keys could plant no other."""
    sealed = False
    for link in links:
        if sealed and link.entry.seal is None:
            yield ChainProblem(custody_key(link.entry.seq), "format", "2, as entries before it have", "1")
        sealed = sealed or link.entry.seal is not None


def _gaps(found: Collection[int]) -> Iterator[ChainProblem]:
    """Entries without an object, as ranges, so that one key with a large number does not cost a long loop."""
    for before, after in pairwise((0, *sorted(found))):
        if after > before + 1:
            last = f" and all up to {custody_key(after - 1)}" if after > before + 2 else ""
            yield ChainProblem(custody_key(before + 1), "object", f"the entry{last}", "none")


def _genuine(candidates: list[_StoredEntry], named_by_next: Digest | None) -> _StoredEntry | None:
    named = (candidate for candidate in candidates if candidate.digest == named_by_next)
    return next(named, candidates[0] if candidates else None)


def _problems_of(
    seq: int,
    candidates: list[_StoredEntry],
    genuine: _StoredEntry | None,
    named_by_next: Digest | None,
) -> Iterator[ChainProblem]:
    key = custody_key(seq)
    if genuine is None:
        yield ChainProblem(key, "object", "the entry", "none")
        return
    if named_by_next is not None and genuine.digest != named_by_next:
        yield ChainProblem(key, "digest", str(named_by_next), str(genuine.digest))
    for other in candidates:
        if other.digest != genuine.digest:
            yield ChainProblem(key, "versions", f"the entry {genuine.digest} alone", f"also {other.digest}")
    if genuine.locked_until is None:
        yield ChainProblem(key, "lock", "locked", "not locked")

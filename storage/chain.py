"""Reads and checks the chain of custody from the objects in the store alone.

In: an object store. Out: entries with the object that holds each, and `ChainProblem`s in the order of the chain.
An entry's object may be hidden by a later version of its key; the chain itself tells which version is meant: the
one whose sha256 the next entry names, or for the last entry the oldest. Raises `storage.store_errors`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from processors.digest import Digest, sha256
from storage.at_once import at_once
from storage.custody_entry import Entry, parse_entry
from storage.keys import CUSTODY_PREFIX, ROOTS_PREFIX, TOKENS_PREFIX, custody_key, custody_seq
from storage.objects import ObjectStore
from storage.store_errors import StoreUnreachableError
from storage.stored import ListedVersion


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
        return self.what not in ("versions", "hidden", "lock", "key")


@dataclass(frozen=True, slots=True)
class Chained:
    """An entry and the object version that holds it."""

    entry: Entry
    version_id: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The entries that could be read, in order, and everything that was wrong."""

    entries: tuple[Chained, ...]
    problems: tuple[ChainProblem, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    version: ListedVersion
    content: bytes
    digest: Digest
    locked: bool


@dataclass(frozen=True, slots=True)
class _Unreadable:
    version: ListedVersion
    reason: str


def read_chain(objects: ObjectStore) -> Chain:
    """Read every entry from the store and check digests, links and locks."""
    problems: list[ChainProblem] = []
    found: dict[int, list[_Candidate]] = {}
    wanted: list[ListedVersion] = []
    for key, versions in groupby(objects.list(CUSTODY_PREFIX), key=lambda version: version.key):
        listed = list(versions)
        if key.startswith((TOKENS_PREFIX, ROOTS_PREFIX)):
            continue  # named by entries, and looked at by `storage.token_verification`
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
    for read in at_once(lambda version: _read(objects, version), wanted):
        match read:
            case _Candidate():
                found[custody_seq(read.version.key)].append(read)
            case _Unreadable():
                what = f"version {read.version.version_id}"
                problems.append(ChainProblem(read.version.key, what, "readable", read.reason))
    chained: list[Chained] = []
    named_by_next: Digest | None = None
    for seq in range(max(found, default=0), 0, -1):
        candidates = found.get(seq, [])
        meant = _meant(candidates, named_by_next)
        problems.extend(_problems_of(seq, candidates, meant, named_by_next))
        named_by_next = None
        if meant is not None:
            try:
                entry = parse_entry(meant.content)
            except ValueError as problem:
                problems.append(ChainProblem(custody_key(seq), "content", "a custody entry", str(problem)))
                continue
            if entry.seq != seq:
                problems.append(ChainProblem(custody_key(seq), "number", str(seq), str(entry.seq)))
            if (entry.previous is None) != (seq == 1):
                expected = "none" if seq == 1 else "a digest"
                problems.append(ChainProblem(custody_key(seq), "entry before", expected, str(entry.previous)))
            named_by_next = entry.previous
            chained.append(Chained(entry, meant.version.version_id))
    return Chain(tuple(reversed(chained)), tuple(sorted(problems, key=lambda problem: problem.subject)))


def check_chain(objects: ObjectStore) -> tuple[ChainProblem, ...]:
    """Every mismatch of the chain, from the objects alone; empty where all is well."""
    return read_chain(objects).problems


def _read(objects: ObjectStore, version: ListedVersion) -> _Candidate | _Unreadable:
    """One version with its lock; what one object alone cannot give is told, a store that is away raises."""
    try:
        got = objects.get(version.key, version.version_id)
    except StoreUnreachableError as problem:
        objects.require_fit()
        return _Unreadable(version, problem.found)
    if got is None:
        return _Unreadable(version, "none")
    head, content = got
    return _Candidate(version, content, sha256(content), head.lock_mode is not None)


def _meant(candidates: list[_Candidate], named_by_next: Digest | None) -> _Candidate | None:
    named = (candidate for candidate in candidates if candidate.digest == named_by_next)
    return next(named, candidates[0] if candidates else None)


def _problems_of(
    seq: int,
    candidates: list[_Candidate],
    meant: _Candidate | None,
    named_by_next: Digest | None,
) -> Iterator[ChainProblem]:
    key = custody_key(seq)
    if meant is None:
        yield ChainProblem(key, "object", "the entry", "none")
        return
    if named_by_next is not None and meant.digest != named_by_next:
        yield ChainProblem(key, "digest", str(named_by_next), str(meant.digest))
    for other in candidates:
        if other.digest != meant.digest:
            yield ChainProblem(key, "versions", f"the entry {meant.digest} alone", f"also {other.digest}")
    if not meant.locked:
        yield ChainProblem(key, "lock", "locked", "not locked")

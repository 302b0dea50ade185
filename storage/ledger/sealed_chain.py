"""Reads the sealed objects that entries of custody name, and opens those of the entries where a key is here.

In: an object store, entries in the order of the chain, the sealing keys or none. Out: for each entry the same,
opened or with the reason why it is not; its sealed objects with their locks; what is wrong with them. An object
may be hidden by a later version of its key: the entry names the sha256 of the one that is meant. Raises
`storage.objects.errors` where the store as a whole is unavailable.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, TypeVar

from processors.digest import Digest, sha256
from storage.ledger.entry import CustodyEntry
from storage.ledger.entry_schema import BATCHED
from storage.ledger.sealed_entry import closed_entry, opened_entry
from storage.ledger.sealed_objects import SealedError, key_id_of
from storage.objects.errors import StoreUnreachableError
from storage.objects.keys import SEALED_PREFIX, sealed_key
from storage.objects.model import ListedVersion
from storage.objects.parallel import map_bounded
from storage.objects.reader import StoreReader
from storage.sealing_keys import SealingKeys

SEALED_VALUES: Final = "sealed values"
LARGEST_BYTES: Final = 64 << 20
"""Batches have at most a few MB; anyone may store larger objects over them."""

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class SealedLink:
    """A sealed object that an entry names, and until when it is locked."""

    key: str
    version_id: str
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class SealedProblem:
    """What is wrong with one sealed object; the chain itself is whole without it."""

    key: str
    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class ReadSealed:
    """What came of one entry: the entry, its sealed objects, what is wrong with them."""

    entry: CustodyEntry
    links: tuple[SealedLink, ...]
    problems: tuple[SealedProblem, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    link: SealedLink
    content: bytes


def sealed_objects_of(entry: CustodyEntry) -> tuple[tuple[str, Digest], ...]:
    """Key and sha256 of the sealed objects that an entry names: its own values first, then its batch."""
    if entry.seal is None:
        return ()
    own = sealed_key(entry.seq, entry.seal.values), entry.seal.values
    if entry.event not in BATCHED or entry.subject_digest is None:
        return (own,)
    return own, (entry.subject_id, entry.subject_digest)


def with_sealed_objects(
    objects: StoreReader,
    things: Iterable[Thing],
    entry_of: Callable[[Thing], CustodyEntry],
    keys: SealingKeys | None,
) -> Iterator[tuple[Thing, ReadSealed]]:
    """Each thing, in order, with what came of the entry in it."""
    listed = {
        key: list(versions) for key, versions in groupby(objects.list(SEALED_PREFIX), key=lambda each: each.key)
    }

    def read(thing: Thing) -> tuple[Thing, ReadSealed]:
        return thing, _read(objects, listed, entry_of(thing), keys)

    yield from map_bounded(read, things)


def _read(
    objects: StoreReader, listed: dict[str, list[ListedVersion]], entry: CustodyEntry, keys: SealingKeys | None
) -> ReadSealed:
    problems: list[SealedProblem] = []
    links: list[SealedLink] = []
    opened = entry
    for number, (key, digest) in enumerate(sealed_objects_of(entry)):
        found = _find(objects, listed.get(key, []), key, digest, problems)
        if found is not None:
            links.append(found.link)
        if number > 0:
            continue  # a batch is opened where its rows are wanted
        if found is None:
            opened = closed_entry(entry, "the object that holds it is lost")
            continue
        try:
            opened = opened_entry(entry, keys, found.content)
        except SealedError as closed:
            opened = closed_entry(entry, str(closed))
            if keys is not None and keys.by_id(_key_id(found.content)) is not None:
                problems.append(SealedProblem(key, SEALED_VALUES, "those that the entry commits to", str(closed)))
    return ReadSealed(opened, tuple(links), tuple(problems))


def _key_id(content: bytes) -> str:
    try:
        return key_id_of(content)
    except SealedError:
        return ""


def _find(
    objects: StoreReader,
    versions: list[ListedVersion],
    key: str,
    digest: Digest,
    problems: list[SealedProblem],
) -> _Found | None:
    """The oldest version with these bytes; what else stands under the key is a problem."""
    meant: _Found | None = None
    reasons: list[str] = []
    for version in reversed(versions):
        if version.delete_marker:
            problems.append(SealedProblem(key, "hidden", "the object", f"a delete marker ({version.version_id})"))
            continue
        held = _content(objects, version)
        if isinstance(held, str):
            reasons.append(held)
        elif sha256(held.content) != digest:
            reasons.append(str(sha256(held.content)))
        elif meant is None:
            meant = held
    if meant is None:
        found = ", ".join(reasons) or "none"
        problems.append(SealedProblem(key, SEALED_VALUES, str(digest), found))
        return None
    if reasons:
        problems.append(SealedProblem(key, "versions", f"{digest} alone", f"also {', '.join(reasons)}"))
    if meant.link.locked_until is None:
        problems.append(SealedProblem(key, "lock", "locked", "not locked"))
    return meant


def _content(objects: StoreReader, version: ListedVersion) -> _Found | str:
    """One version, or why it cannot be read; a store that is unavailable raises."""
    if version.length_bytes > LARGEST_BYTES:
        return f"{version.length_bytes} bytes, too many for a sealed object"
    try:
        got = objects.get(version.key, version.version_id)
    except StoreUnreachableError as problem:
        objects.require_fit()
        return problem.found
    if got is None:
        return "none"
    head, content = got
    return _Found(SealedLink(version.key, version.version_id, head.locked_until), content)

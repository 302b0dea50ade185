"""Hashes WARC files, or the whole archive, again and compares them with index, custody, locks and timestamps.

In: an archive, and paths or keys; or one store and nothing else. Out: `Verified`, one per checked object. A
verification of the whole archive is recorded in the chain of custody: the entry ``verified`` names the store, how
many objects were checked and which did not match.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain as chain_of
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pipeline.preserve.held_checkpoints import OutsideLog
from storage.archive import Archive
from storage.findings import Mismatch, Verified
from storage.integrity.verification import (
    ExpectedObjects,
    expected_of_archive,
    expected_of_store,
    verify_all,
    verify_deposits,
    verify_file,
)
from storage.ledger.custody import append_and_publish
from storage.objects.keys import WARC_PREFIX
from storage.objects.model import PRIMARY
from storage.objects.store import ObjectStore
from storage.sealing_keys import SealingKeys

NOT_ENTERED: Final = "the entry about this verification"
"""Subject of what is said instead of an entry."""
WHOLE_ARCHIVE: Final = "archive"
"""Subject of the custody entry about a verification of everything."""
NAMED_AT_MOST: Final = 100

Roots = Mapping[str, bytes]
NO_ROOTS: Final[Roots] = MappingProxyType({})
NOTHING_OUTSIDE: Final = OutsideLog()
OnEach = Callable[[Verified], None]


def verify(
    archive: Archive,
    what: Sequence[str] = (),
    *,
    actor: str = "letapis",
    on_each: OnEach | None = None,
    roots: Roots = NO_ROOTS,
    store: ObjectStore | None = None,
    outside: OutsideLog = NOTHING_OUTSIDE,
) -> tuple[Verified, ...]:
    """Verify files (paths) and deposited files (keys), or the whole archive if none is named.

    ``roots`` are the certificates (PEM) that the tokens of time authorities, by URL, must lead to. ``store``:
    the second store instead of the first. ``outside`` are checkpoints of the log that lie elsewhere. Raises
    ``FileNotFoundError`` for a name that is neither file nor key.
    """
    checked_store = store or archive.objects
    if what:
        return _collected(_verify_named(archive, checked_store, what), on_each)
    expected = expected_of_archive(archive, checked_store)
    held = outside.held(
        expected.chain, checked_store, [each for each in _stores(archive) if each != checked_store]
    )
    found = _collected(chain_of(verify_all(expected, roots), held, _not_entered(expected)), on_each)
    if found and found[-1].subject == NOT_ENTERED:
        return found
    wrong = [verified.subject for verified in found if not verified.ok]
    details = {
        "store": checked_store.name,
        "looked_at": len(found),
        "wrong": len(wrong),
        "subjects": wrong[:NAMED_AT_MOST],
    }
    append_and_publish(archive, "verified", subject_id=WHOLE_ARCHIVE, actor=actor, details=details)
    return found


def _not_entered(expected: ExpectedObjects) -> Iterator[Verified]:
    """Why this verification gets no entry: the database ends before the store does, as an old copy of it would.

    The next entry of such a database would have the number of one that the store has already.
    """
    last = max((chained.entry.seq for chained in expected.chain.entries), default=0)
    if expected.objects.name == PRIMARY and expected.ledger is not None and last > max(expected.ledger, default=0):
        found = f"a store with entries up to {last}, and a database that lacks the last of them"
        yield Verified(NOT_ENTERED, (Mismatch("entry", "one appended to custody", found),))


def _stores(archive: Archive) -> tuple[ObjectStore, ...]:
    return (archive.objects,) if archive.replica is None else (archive.objects, archive.replica)


def verify_store_alone(
    store: ObjectStore,
    *,
    keys: SealingKeys | None = None,
    on_each: OnEach | None = None,
    roots: Roots = NO_ROOTS,
) -> tuple[Verified, ...]:
    """Verify one store against its own chain of custody, without the database; nothing is written.

    With the sealing ``keys`` sealed values are opened and held against their commitments.
    """
    return _collected(verify_all(expected_of_store(store, keys=keys), roots), on_each)


def _collected(results: Iterable[Verified], on_each: OnEach | None) -> tuple[Verified, ...]:
    found: list[Verified] = []
    for verified in results:
        found.append(verified)
        if on_each is not None:
            on_each(verified)
    return tuple(found)


def _verify_named(archive: Archive, store: ObjectStore, what: Sequence[str]) -> Iterator[Verified]:
    for each in what:
        if Path(each).is_file():
            yield verify_file(archive, Path(each))
        elif each.startswith(WARC_PREFIX):
            yield from verify_deposits(expected_of_archive(archive, store), (each,))
        else:
            raise FileNotFoundError(f"{each}: neither a file here nor a key of the archive ({WARC_PREFIX}...)")


def verified_json(verified: Verified) -> dict[str, Any]:
    """The JSON keys of kind ``verify``."""
    problems = [{"what": each.what, "expected": each.expected, "found": each.found} for each in verified.problems]
    return {
        "kind": "verify",
        "subject": verified.subject,
        "ok": verified.ok,
        "problems": problems,
        "remarks": list(verified.remarks),
    }

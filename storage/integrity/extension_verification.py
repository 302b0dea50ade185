"""Checks the archives of operators' code from the store alone: object, lock, length, digest.

In: the store, the chain read from it, what is expected of locks. Out: `Verified` per archive, and per object among
them that custody does not know. Reads only.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from storage.findings import Mismatch, VerificationRemark, Verified, verified
from storage.integrity.timestamp_verification import UNDER_WAY
from storage.ledger.chain import Chain
from storage.ledger.entry import CustodyEntry
from storage.ledger.extensions import EXTENSION_DEPOSITED
from storage.ledger.retention import RetentionLock, RetentionPolicy
from storage.objects.errors import ObjectMissingError, StoreUnreachableError
from storage.objects.find_version import find_version
from storage.objects.keys import EXTENSIONS_PREFIX
from storage.objects.model import ObjectHead
from storage.objects.store import ObjectStore


def verify_extensions(
    objects: ObjectStore, chain: Chain, locks: RetentionPolicy, among: Collection[int] | None = None
) -> Iterator[Verified]:
    """Every archive that custody names, or those whose entry (its number) is ``among`` these."""
    for entry in _deposits(chain):
        if among is None or entry.seq in among:
            yield verified(entry.subject_id, _found(objects, entry, locks))


def strays_among_extensions(objects: ObjectStore, chain: Chain) -> Iterator[Verified]:
    """Objects among the archives that no custody entry names."""
    named = _deposits(chain)
    keys = {entry.subject_id for entry in named}
    known = {(head.key, head.version_id) for entry in named if (head := _head(objects, entry)) is not None}
    settled_before = datetime.now(UTC) - UNDER_WAY
    for version in objects.list(EXTENSIONS_PREFIX):
        beside = version.key in keys
        if (version.key, version.version_id) not in known and (beside or version.stored_at < settled_before):
            what = "delete marker" if version.delete_marker else "object version"
            yield Verified(version.key, (Mismatch(what, "none without custody", version.version_id),))


def _deposits(chain: Chain) -> tuple[CustodyEntry, ...]:
    return tuple(each.entry for each in chain.entries if each.entry.event == EXTENSION_DEPOSITED)


def _head(objects: ObjectStore, entry: CustodyEntry) -> ObjectHead | None:
    named, digest = str(entry.details["object_version"]), entry.subject_digest
    return None if digest is None else find_version(objects, entry.subject_id, named, digest)


def _found(
    objects: ObjectStore, entry: CustodyEntry, locks: RetentionPolicy
) -> Iterator[Mismatch | VerificationRemark]:
    head = _head(objects, entry)
    if head is None:
        yield Mismatch("object", f"version {entry.details['object_version']}", "none")
        return
    yield from locks.judge(RetentionLock(head.key, head.version_id, head.locked_until, entry.at))
    if head.length_bytes != entry.details["length_bytes"]:
        yield Mismatch("length in bytes", str(entry.details["length_bytes"]), str(head.length_bytes))
    try:
        digest = objects.digest(head.key, head.version_id)
    except ObjectMissingError:
        yield Mismatch("object", f"version {head.version_id}", "none")
        return
    except StoreUnreachableError as problem:
        objects.require_fit()  # a store that is away raises; else it is this object alone
        yield Mismatch("object", "readable", problem.found)
        return
    if digest != entry.subject_digest:
        yield Mismatch("sha256", str(entry.subject_digest), str(digest))

"""Checks sealed objects: bytes, locks, values and rows where a key is here, and what the ledger says of them.

In: a store, its chain, what is expected of locks, the keys or none, the ledger or none. Out: one `Verified` for
all of them, with each mismatch named. Reads only. Without a key the objects are checked by their digests, and rows
of the ledger by the roots that entries name. Raises `storage.objects.errors` where the store is unavailable.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from storage.findings import Mismatch, Verified, verified
from storage.integrity.timestamp_verification import UNDER_WAY
from storage.ledger.batches import LedgerRow, kind_of, opened_batch, root_of, row_commitment
from storage.ledger.chain import Chain, ChainLink
from storage.ledger.entry import CustodyEntry
from storage.ledger.entry_schema import BATCHED
from storage.ledger.retention import RetentionLock, RetentionPolicy
from storage.ledger.sealed_chain import sealed_objects_of
from storage.ledger.sealed_objects import SealedError
from storage.objects.errors import StoreUnreachableError
from storage.objects.keys import SEALED_PREFIX, custody_key
from storage.objects.reader import StoreReader
from storage.sealing_keys import SealingKeys

SEALED: Final = "sealed"
"""What the sealed objects are called, where they are looked at together."""


@dataclass(frozen=True)
class SealedInLedger:
    """What the ledger says: entries whose values it does not have, with the reason; rows by entry of a batch."""

    not_opened: Mapping[int, str]
    rows: Callable[[CustodyEntry], Sequence[LedgerRow]]


def verify_sealed(
    objects: StoreReader,
    chain: Chain,
    locks: RetentionPolicy,
    keys: SealingKeys | None,
    ledger: SealedInLedger | None,
) -> Verified:
    """Every sealed object that an entry names, and objects among them that none names."""
    held = [
        RetentionLock(each.key, each.version_id, each.locked_until, chained.entry.at)
        for chained in chain.entries
        for each in chained.sealed
        if each.locked_until is not None
    ]
    batches = [chained for chained in chain.entries if chained.entry.event in BATCHED]
    problems = (
        Mismatch(f"{problem.subject}: {problem.what}", problem.expected, problem.found)
        for problem in chain.problems
        if problem.subject.startswith(SEALED_PREFIX)
    )
    return verified(
        SEALED,
        (
            *problems,
            *(() if ledger is None else _not_in_ledger(chain, ledger)),
            *(problem for chained in batches for problem in _of_batch(objects, chained, keys, ledger)),
            *_strays(objects, chain),
            *locks.judge_many(held, "sealed objects"),
        ),
    )


def _not_in_ledger(chain: Chain, ledger: SealedInLedger) -> Iterator[Mismatch]:
    opened = {each.entry.seq for each in chain.entries if each.entry.unknown_because is None}
    for seq, reason in sorted(ledger.not_opened.items()):
        if seq in opened:
            what = f"{custody_key(seq)}: its sealed values in the ledger"
            yield Mismatch(what, "those that the store holds", f"none, because {reason}")


def _of_batch(
    objects: StoreReader, chained: ChainLink, keys: SealingKeys | None, ledger: SealedInLedger | None
) -> Iterator[Mismatch]:
    entry = chained.entry
    by_store: tuple[tuple[str, str], ...] | None = None
    link = next((link for link in chained.sealed if link.key == entry.subject_id), None)
    if link is not None and keys is not None and entry.unknown_because is None:
        try:
            rows = opened_batch(entry, keys, objects.read(link.key, link.version_id))
            kind = kind_of(entry)
            by_store = tuple(
                (str(row.value["id"]), str(row_commitment(kind, row.salt, row.committed))) for row in rows
            )
        except SealedError as closed:
            yield Mismatch(f"{entry.subject_id}: rows", "those that the entry names", str(closed))
        except StoreUnreachableError as problem:
            objects.require_fit()  # a store that is away raises; else it is this object alone
            yield Mismatch(f"{entry.subject_id}: rows", "readable", problem.found)
    if ledger is None or entry.seq in ledger.not_opened:
        return
    in_ledger = ledger.rows(entry)
    root = root_of([row.commitment for row in in_ledger if row.commitment is not None])
    if (str(root), len(in_ledger)) == (entry.details["root"], entry.details["rows"]):
        return
    yield _first_difference(entry, by_store, in_ledger)


def _first_difference(
    entry: CustodyEntry, by_store: tuple[tuple[str, str], ...] | None, in_ledger: Sequence[LedgerRow]
) -> Mismatch:
    """Which row is gone or changed, as far as that can be told."""
    what = f"{entry.subject_id}: rows of {kind_of(entry).name} in the ledger"
    gone = next((row.id for row in in_ledger if row.commitment is None), None)
    if gone is not None:
        return Mismatch(what, f"the row {gone}", "none")
    now = {row.id: str(row.commitment) for row in in_ledger}
    for row_id, committed in by_store or ():
        if now.get(row_id) != committed:
            return Mismatch(what, f"the row {row_id} as it was batched", "another" if row_id in now else "none")
    expected = f"{entry.details['rows']} rows with the root {entry.details['root']}"
    return Mismatch(what, expected, f"{len(in_ledger)} rows with another root")


def _strays(objects: StoreReader, chain: Chain) -> Iterator[Mismatch]:
    """Objects that no entry names; a key that one names was looked at with the chain, whatever stands under it."""
    named = {key for chained in chain.entries for key, _ in sealed_objects_of(chained.entry)}
    settled_before = datetime.now(UTC) - UNDER_WAY
    for version in objects.list(SEALED_PREFIX):
        if version.key not in named and version.stored_at < settled_before:
            what = "delete marker" if version.delete_marker else "object version"
            yield Mismatch(f"{version.key}: {what}", "none without custody", version.version_id)

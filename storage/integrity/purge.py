"""Purges: what two people have ordered to be deleted is taken out of its files, and the old files go.

In: an archive, the purge keys of its stores. Out: `PurgeReport`. Each step is safe to repeat after a kill: (1) a
file is written anew without the records and stored beside the old version (`storage.integrity.purge_writing`);
(2) index and custody follow in one transaction; (3) the second store gets the new version; (4) in every store that
has it the old one is removed as soon as lock and legal hold allow (`storage.integrity.purge_removal`); (5) custody
says so. What cannot be done now is due, with the reason in words. Source: docs/decisions/0041-law.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, select

from storage.archive import Archive
from storage.deposit.replication import replicate
from storage.errors import StorageError
from storage.integrity.legal_hold import holds_now
from storage.integrity.purge_removal import OVERDUE_AFTER, OldVersion, old_versions, remove_old_versions
from storage.integrity.purge_scope import PurgeScope, scope_of
from storage.integrity.purge_writing import PurgePostponedError, PurgeRefusedError, write_file_anew
from storage.integrity.rebuilt_catalogue import (
    RebuildRunsError,
    drop_replaced,
    leave_next_catalogue,
    one_at_a_time,
    work_in_next_catalogue,
)
from storage.integrity.withdrawal import WithdrawalError, find_subject
from storage.integrity.withdrawal import propose_purge as propose
from storage.ledger.custody import entry_of, publish_pending_entries
from storage.ledger.file_custody import PURGED
from storage.ledger.tables import custody
from storage.ledger.withdrawals import WithdrawalAct, purge_orders
from storage.objects.model import PRIMARY, REPLICA
from storage.objects.version_remover import VersionRemover
from storage.warc.writing_anew import CannotWriteAnewError

MOST_AT_ONCE: Final = 100
"""Captures that one entry ``purged`` names; of a file with more the next entry names the next."""

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Purge:
    """A purge that was ordered. ``files`` were written anew, ``waiting`` still hold records that are to go."""

    order: WithdrawalAct
    purged: tuple[str, ...]
    """The captures that are gone from their files."""
    dependents: tuple[str, ...]
    """Revisits that stood for what is gone: they stay in their files, hidden, without a payload."""
    files: tuple[str, ...]
    waiting: tuple[str, ...]
    old: tuple[OldVersion, ...]
    problems: tuple[str, ...] = ()
    """Why files could not be written anew, in sentences."""
    held: frozenset[str] = frozenset()
    """Those of the waiting files that a legal hold keeps."""
    is_stuck: bool = False
    """Whether a person has to look before a file can be written anew."""

    @property
    def is_done(self) -> bool:
        """Whether the bytes are gone from every file, in every store."""
        return not self.waiting and all(each.removed_at is not None for each in self.old)

    def is_overdue(self, now: datetime) -> bool:
        """Whether something should have been done long ago: somebody has to look."""
        waits = bool(set(self.waiting) - self.held) and self.order.at + OVERDUE_AFTER < now
        return self.is_stuck or waits or any(each.is_overdue(now) for each in self.old)


def propose_purge(
    archive: Archive, name: str, *, actor: str, reason: str, basis: str, second: str
) -> tuple[WithdrawalAct, PurgeScope]:
    """Propose to purge what is withdrawn, and say what that comes to; raises `WithdrawalError`."""
    with archive.reader.connect() as connection:
        subject = find_subject(connection, name)
        scope = scope_of(connection, subject)
        held = _held(archive, connection, scope)
    if held:
        key, seq = min(held.items())
        raise WithdrawalError(
            f"{subject.id}: it lies in {key}, which the legal hold of custody entry {seq} keeps: expected no "
            "hold. Release it first, or leave it withdrawn."
        )
    return propose(archive, name, actor=actor, reason=reason, basis=basis, second=second), scope


def purges(archive: Archive) -> tuple[Purge, ...]:
    """Every purge that was ordered, oldest first, as custody and index have it; no store is asked."""
    return _purges(archive, old_versions(archive), {})


def tend_purges(
    archive: Archive,
    removers: Mapping[str, VersionRemover],
    *,
    actor: str,
    on_progress: OnProgress = lambda _: None,
    now: datetime | None = None,
) -> tuple[Purge, ...]:
    """Do of every purge what can be done now; returns all of them with what is left, and why."""
    publish_pending_entries(archive)
    known = purges(archive)
    if all(each.is_done for each in known):  # the usual case, every ten minutes for good: no store is asked
        return known
    orders = [each.order for each in known]
    problems = {order.seq: _write_anew(archive, order, actor, on_progress) for order in orders}
    if archive.replica is not None:
        for problem in replicate(archive, actor=actor).problems:
            on_progress(problem)
    old = remove_old_versions(archive, removers, actor=actor, now=now)
    if archive.replica is not None:
        replicate(archive, actor=actor)
    return _purges(archive, old, problems)


def _purges(
    archive: Archive, old: tuple[OldVersion, ...], problems: Mapping[int, Sequence[StorageError]]
) -> tuple[Purge, ...]:
    found = []
    with archive.reader.connect() as connection:
        for order in purge_orders(connection):
            query = select(custody).where(
                custody.c.event == PURGED, custody.c.details["order"].as_integer() == order.seq
            )
            entries = [entry_of(row) for row in connection.execute(query.order_by(custody.c.seq))]
            scope = scope_of(connection, order.subject, before=order.seq)
            held = _held(archive, connection, scope)
            met = problems.get(order.seq, ())
            kept = [
                f"{key} is kept by the legal hold of custody entry {held[key]}: release it first." for key in held
            ]
            named = {name for entry in entries for name in entry.details.get("dependents", ())}
            found.append(
                Purge(
                    order,
                    tuple(row["capture"] for entry in entries for row in entry.details["removed"]),
                    tuple(sorted({*named, *scope.dependents})),
                    tuple(dict.fromkeys(entry.subject_id for entry in entries)),
                    tuple(scope.files),
                    tuple(each for each in old if each.order_seq == order.seq),
                    (*kept, *map(str, met)),
                    frozenset(held),
                    any(isinstance(each, PurgeRefusedError | CannotWriteAnewError) for each in met),
                )
            )
    return tuple(found)


def _write_anew(archive: Archive, order: WithdrawalAct, actor: str, on_progress: OnProgress) -> list[StorageError]:
    """Write every file anew that still holds records of this purge, and is not held; returns why some were not."""
    problems: list[StorageError] = []
    given_up: set[str] = set()
    while True:
        with archive.reader.connect() as connection:
            scope = scope_of(connection, order.subject, before=order.seq)
            held = _held(archive, connection, scope)
        waiting = [key for key in scope.files if key not in given_up and key not in held]
        if not waiting:
            return problems
        key = waiting[0]
        try:
            with one_at_a_time(archive):
                _forget_other_catalogues(archive)
                gone = scope.files[key][:MOST_AT_ONCE]
                entry = write_file_anew(archive, order, key, gone, scope.dependents, actor=actor)
        except (PurgePostponedError, PurgeRefusedError, CannotWriteAnewError, RebuildRunsError) as problem:
            given_up.add(key)
            problems.append(problem)
        else:
            on_progress(f"{key}: written anew (custody entry {entry.seq}); captures taken out of it: {len(gone)}")


def _forget_other_catalogues(archive: Archive) -> None:
    """What a rebuild that was interrupted has derived holds the words of what goes."""
    drop_replaced(archive)
    if work_in_next_catalogue(archive) not in (None, "nothing"):
        leave_next_catalogue(archive)


def _held(archive: Archive, connection: Connection, scope: PurgeScope) -> dict[str, int]:
    """The files of the scope that a legal hold keeps, in whatever store, with the entry of the hold."""
    holds = {key: seq for store in (PRIMARY, REPLICA) for (key, _), seq in holds_now(connection, store).items()}
    return {key: holds[key] for key in scope.files if key in holds}


def overdue(archive: Archive, *, now: datetime | None = None) -> tuple[Purge, ...]:
    """The purges of which something should have been done long ago."""
    moment = now or datetime.now(UTC)
    return tuple(each for each in purges(archive) if each.is_overdue(moment))

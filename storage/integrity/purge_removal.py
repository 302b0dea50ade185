"""Removes from every store the versions of files that a purge took the place of, as soon as that is allowed.

In: an archive, the purge keys by store. Out: `OldVersion`s: what is gone, what is due and why it is there still.
Guaranteed: a version is removed from a store only once that store has the new version, whole, and the entry that
names it; a kill after the removal and before its entry is made good by the next run, which finds nothing and says
so. A store that is away is a reason, not an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from storage.archive import Archive
from storage.deposit.replication import COPIED
from storage.integrity.legal_hold import holds_now
from storage.ledger.custody import append_and_publish, entry_of
from storage.ledger.file_custody import (
    DEPOSITED,
    PURGED,
    REMOVED,
    FileInCustody,
    SupersededVersion,
    files_in_custody,
)
from storage.ledger.retention import locks_from_custody
from storage.ledger.tables import custody, custody_objects
from storage.objects.errors import StoreError
from storage.objects.find_version import find_version
from storage.objects.model import PRIMARY, REPLICA, ObjectHead
from storage.objects.store import ObjectStore
from storage.objects.version_remover import VersionRemover, kept_by

OVERDUE_AFTER: Final = timedelta(days=1)
"""So long after lock and hold allow it an old version may still be there before somebody is alarmed."""


@dataclass(frozen=True, slots=True)
class OldVersion:
    """An old version in one store. ``removed_at`` is None while it is due; ``why`` then says what it waits for.

    ``allowed_at`` is from when on nothing but us keeps it, as far as custody knows; None: a hold keeps it.
    """

    purge_seq: int
    order_seq: int
    store: str
    key: str
    version_id: str
    since: datetime
    removed_at: datetime | None
    allowed_at: datetime | None
    why: str | None

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been gone long ago."""
        return self.removed_at is None and self.allowed_at is not None and self.allowed_at + OVERDUE_AFTER < now


def old_versions(archive: Archive) -> tuple[OldVersion, ...]:
    """Every old version of every purge, by what custody says alone; no store is asked."""
    with archive.reader.connect() as connection:
        return tuple(_known(archive, connection))


def remove_old_versions(
    archive: Archive, removers: Mapping[str, VersionRemover], *, actor: str, now: datetime | None = None
) -> tuple[OldVersion, ...]:
    """Remove what may be removed now; returns every old version with what has become of it."""
    moment = now or datetime.now(UTC)
    with archive.reader.connect() as connection:
        known = list(_known(archive, connection))
        files = _files(connection)
    found: list[OldVersion] = []
    for each in known:
        if each.removed_at is None and each.why is None:
            try:
                each = _removed(archive, removers, files[each.key], each, actor, moment)
            except StoreError as away:
                each = replace(each, why=str(away))
        found.append(each)
    return tuple(found)


def _files(connection: Connection) -> dict[str, FileInCustody]:
    keys = select(custody.c.subject_id).where(custody.c.event == PURGED)
    query = select(custody).where(custody.c.event.in_((DEPOSITED, PURGED)), custody.c.subject_id.in_(keys))
    return files_in_custody(entry_of(row) for row in connection.execute(query.order_by(custody.c.seq)))


def _known(archive: Archive, connection: Connection) -> Iterator[OldVersion]:
    files = _files(connection)
    gone = {
        (entry.details["purge"], entry.details["store"]): entry.at
        for entry in map(entry_of, connection.execute(select(custody).where(custody.c.event == REMOVED)))
    }
    about = select(custody).where(custody.c.subject_id.in_(list(files)))
    locks = locks_from_custody(map(entry_of, connection.execute(about)))
    for file in files.values():
        for version in file.superseded():
            for store in _stores_of(archive, connection, file.key):
                removed_at = gone.get((version.purge.seq, store))
                allowed_at, why = _allowed(archive, connection, version, store, locks)
                yield OldVersion(
                    purge_seq=version.purge.seq,
                    order_seq=version.purge.details["order"],
                    store=store,
                    key=file.key,
                    version_id=version.version_id,
                    since=version.purge.at,
                    removed_at=removed_at,
                    allowed_at=allowed_at,
                    why=None if removed_at is not None else why,
                )


def _stores_of(archive: Archive, connection: Connection, key: str) -> tuple[str, ...]:
    """The stores that have the file, or ever had it."""
    copied = select(custody.c.seq).where(
        custody.c.event == COPIED,
        custody.c.subject_id == key,
        custody.c.details["store"].as_string() == REPLICA,
    )
    has_second = archive.replica is not None or connection.execute(copied.limit(1)).first() is not None
    return (PRIMARY, REPLICA) if has_second else (PRIMARY,)


def _allowed(
    archive: Archive,
    connection: Connection,
    version: SupersededVersion,
    store: str,
    locks: Mapping[tuple[str, str], datetime],
) -> tuple[datetime | None, str | None]:
    """From when on the version may go, and what it waits for besides; both as custody knows them."""
    opened = _store(archive, store)
    if opened is None:
        return version.purge.at, "the second store is not configured here (LETAPIS_REPLICA_ENDPOINT)"
    held = holds_now(connection, store).get((version.key, version.version_id))
    if held is not None:
        return None, f"the legal hold of custody entry {held} keeps it; release it first"
    if store == REPLICA and not _is_copied(connection, version.purge.seq):
        return version.purge.at, "the second store does not have the new version yet (`letapis copies`)"
    confirmed = select(custody_objects.c.seq).where(
        custody_objects.c.seq == version.purge.seq, custody_objects.c.store == store
    )
    if connection.execute(confirmed).first() is None:
        return version.purge.at, "the entry that names the new version is not in this store yet"
    until = locks.get((version.key, version.version_id)) if opened.lock_mode == "compliance" else None
    return max(version.purge.at, until or version.purge.at), None


def _is_copied(connection: Connection, seq: int) -> bool:
    query = select(custody.c.seq).where(
        custody.c.event == COPIED,
        custody.c.details["store"].as_string() == REPLICA,
        custody.c.details["seq"].as_integer() == seq,
    )
    return connection.execute(query.limit(1)).first() is not None


def _store(archive: Archive, name: str) -> ObjectStore | None:
    return archive.objects if name == PRIMARY else archive.replica


def _removed(
    archive: Archive,
    removers: Mapping[str, VersionRemover],
    file: FileInCustody,
    old: OldVersion,
    actor: str,
    now: datetime,
) -> OldVersion:
    store = _store(archive, old.store)
    assert store is not None  # else there is a reason already
    before = next(each for each in file.superseded() if each.purge.seq == old.purge_seq)
    there = find_version(store, file.key, file.version_id, file.sha256)
    if there is None or (there.sha256 or store.digest(file.key, there.version_id)) != file.sha256:
        return replace(old, why="the new version is not in this store; run `letapis verify`")
    with archive.reader.connect() as connection:
        held = holds_now(connection, old.store)
    for head in _versions(store, before):
        if (seq := held.get((head.key, head.version_id))) is not None:
            why = f"the legal hold of custody entry {seq} keeps it; release it first"
            return replace(old, allowed_at=None, why=why)
        kept = kept_by(head, now)
        if kept is not None:
            until = "" if kept.until is None else f" until {kept.until:%Y-%m-%d %H:%M} UTC"
            return replace(old, allowed_at=kept.until, why=f"{kept.found}{until}")
        remover = removers.get(old.store)
        if remover is None:
            return replace(old, why="no purge key of this store is here (docs/production.md)")
        refused = remover.remove(head, now=now)
        if refused is not None:
            return replace(old, why=refused.found)
    entry = append_and_publish(
        archive,
        REMOVED,
        subject_id=file.key,
        subject_digest=before.sha256,
        actor=actor,
        details={"purge": old.purge_seq, "store": old.store, "object_version": before.version_id},
    )
    return replace(old, removed_at=entry.at)


def _versions(store: ObjectStore, before: SupersededVersion) -> Iterator[ObjectHead]:
    """Every version under the key that has the old bytes, whatever the store calls it."""
    for version in list(store.list(before.key)):
        if version.key != before.key or version.delete_marker:
            continue
        head = store.head(version.key, version.version_id)
        if head is not None and (head.sha256 or store.digest(head.key, head.version_id)) == before.sha256:
            yield head

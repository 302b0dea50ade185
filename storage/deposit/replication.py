"""Replication: what the replica has confirmed, which copies are pending, and making them.

In: an archive with a replica. Out: `Copied`, `PendingCopy`. Custody entries name objects: ``deposited`` a file,
``purged`` the same file written anew, whose older versions are then no longer copied,
``extension_deposited`` an operator's code, ``timestamped`` a token and its roots, ``time_renewed`` evidence
records and roots, ``revocation_asked`` answers about certificates. An entry ``copied`` says that the replica has
confirmed those of one such entry, under lock and read back whole; an entry without its ``copied`` is pending.
The entries of custody themselves are confirmed in ``ledger.custody_objects``, for each store by its name. So no
pending copy is forgotten when a process ends, and repeating it is safe: what the replica already has is found
there and not sent again. Only bytes that have their digest leave the first store. `replicate` raises no errors
of the replica; it returns them as problems.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, exists, func, select, text

from crawlers.model.iso_time import time_text
from processors.digest import Digest
from storage.archive import Archive
from storage.ledger.custody import (
    LOCK_KEY,
    append,
    entry_of,
    publish_pending_entries,
    replicate_entries,
    replicate_lost_entries,
)
from storage.ledger.entry import CustodyEntry
from storage.ledger.extensions import EXTENSION_DEPOSITED
from storage.ledger.file_custody import DEPOSITED, PURGED, file_in_custody
from storage.ledger.tables import custody, custody_objects
from storage.objects.errors import (
    ChecksumDiffersError,
    KeyTakenError,
    StoreError,
    StoreUnfitError,
    StoreUnreachableError,
    WrongCredentialsError,
)
from storage.objects.find_version import find_version
from storage.objects.keys import root_key
from storage.objects.model import REPLICA, StoredObject
from storage.objects.store import ObjectStore
from storage.sealing_keys import SealingKeys

COPIED: Final = "copied"
NAMING: Final = (DEPOSITED, PURGED, EXTENSION_DEPOSITED, "timestamped", "time_renewed", "revocation_asked")
"""Events whose entries name objects besides their own."""

LOOKED_AT: Final = 1000
"""A line of progress comes after so many objects."""

PERHAPS_AWAY: Final = (StoreUnreachableError, WrongCredentialsError, StoreUnfitError)
"""Errors that may concern a store as a whole, or one object alone."""


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object that an entry names: its place in the first store, and the digest of its bytes."""

    key: str
    version_id: str
    sha256: Digest


@dataclass(frozen=True, slots=True)
class PendingCopy:
    """The replica has not confirmed the objects that ``entry`` names; pending since it was appended."""

    entry: CustodyEntry

    @property
    def since(self) -> datetime:
        """When the first store had them."""
        return self.entry.at


@dataclass(frozen=True, slots=True)
class Copied:
    """The result of one run: entries ``copied``, the number of copied custody entries, what is pending, why."""

    copied: tuple[CustodyEntry, ...]
    entries: int
    pending: tuple[PendingCopy, ...]
    pending_entries: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """A deposited file in the replica, confirmed there with its custody entry; or why that is not so."""

    confirmed_at: datetime | None
    version_id: str | None
    problem: str | None


def named_objects(entry: CustodyEntry) -> tuple[NamedObject, ...]:
    """The objects besides its own that an entry names."""
    if entry.event == "time_renewed":
        return _of_renewal(entry.details)
    if entry.event == "revocation_asked":
        return _unique(_of_row(row, row["key"], "object_version", "sha256") for row in entry.details["answers"])
    if entry.event not in NAMING or entry.subject_digest is None:
        return ()
    named = NamedObject(entry.subject_id, str(entry.details["object_version"]), entry.subject_digest)
    if entry.event != "timestamped":
        return (named,)
    roots = Digest.parse(entry.details["roots"])
    return named, NamedObject(root_key(roots), str(entry.details["root_version"]), roots)


def _of_renewal(details: Mapping[str, Any]) -> tuple[NamedObject, ...]:
    roots = root_key(Digest.parse(details["roots"]))
    found = [_of_row(details, roots, "root_version", "roots")]
    for row in details["records"]:
        found.append(_of_row(row, row["key"], "object_version", "sha256"))
        first = root_key(Digest.parse(row["token_roots"]))
        found.append(_of_row(row, first, "token_roots_version", "token_roots"))
    return _unique(found)


def _of_row(row: Mapping[str, Any], key: str, version: str, digest: str) -> NamedObject:
    return NamedObject(key, str(row[version]), Digest.parse(row[digest]))


def _unique(objects: Iterable[NamedObject]) -> tuple[NamedObject, ...]:
    """Many records share one file of roots."""
    return tuple(dict.fromkeys(objects))


def pending_copies(connection: Connection, only: str | None = None) -> tuple[PendingCopy, ...]:
    """Every entry, or those about the key ``only``, whose objects the replica has not confirmed, oldest first."""
    copied = select(custody.c.details["seq"].as_integer()).where(
        custody.c.event == COPIED, custody.c.details["store"].as_string() == REPLICA
    )
    query = select(custody).where(custody.c.event.in_(NAMING), custody.c.seq.not_in(copied), ~_superseded())
    if only is not None:
        query = query.where(custody.c.subject_id == only)
    return tuple(PendingCopy(entry_of(row)) for row in connection.execute(query.order_by(custody.c.seq)))


def _superseded() -> Any:
    """Of a file that was written anew, older versions are no longer copied."""
    later = custody.alias("later")
    return exists().where(
        custody.c.event.in_((DEPOSITED, PURGED)),
        later.c.event == PURGED,
        later.c.subject_id == custody.c.subject_id,
        later.c.seq > custody.c.seq,
    )


def count_pending_entries(connection: Connection) -> int:
    """How many custody entries the replica has not confirmed."""
    confirmed = select(custody_objects.c.seq).where(custody_objects.c.store == REPLICA)
    query = select(func.count()).select_from(custody).where(custody.c.seq.not_in(confirmed))
    return int(connection.execute(query).scalar_one())


def replicate(
    archive: Archive, *, actor: str, only: str | None = None, files: Mapping[str, Path] | None = None
) -> Copied:
    """Make all pending copies, or those of the objects under the key ``only``; then copy the custody entries.

    ``files`` are paths of files by key that need not be read from the first store. An unavailable store ends the
    run; an object that cannot be read or is refused does not stop the others.
    """
    replica = _replica(archive)
    with archive.writer.connect() as connection:
        pending = pending_copies(connection, only)
    copied: list[CustodyEntry] = []
    problems: list[str] = []
    published = 0
    for each in pending:
        try:
            copied.append(_copy(archive, replica, each.entry, actor, files or {}))
        except StoreError as problem:
            problems.append(str(problem))
            if isinstance(problem, PERHAPS_AWAY) and _unavailable(archive.objects, replica):
                break
    else:
        try:
            publish_pending_entries(archive)
            published = replicate_entries(archive, replica)
        except StoreError as problem:
            problems.append(str(problem))
    with archive.writer.connect() as connection:
        still = pending_copies(connection, only)
        return Copied(tuple(copied), published, still, count_pending_entries(connection), tuple(problems))


@dataclass(frozen=True, slots=True)
class CopiedAgain:
    """What the replica had confirmed once and lacked: how much of it was brought again, and why some was not."""

    copied: int
    entries: int
    problems: tuple[str, ...]


def replicate_again(
    archive: Archive, *, actor: str, on_progress: Callable[[str], None] = lambda _: None
) -> CopiedAgain:
    """Bring the replica what it has confirmed once and lacks now, as after its loss.

    Each entry gets a further entry ``copied``, with the versions that the replica has given now. What was copied
    before an interruption is found there and not sent again. Raises an error of the replica where it is asked what
    it has; an object that cannot be read or is refused does not stop the others.
    """
    replica = _replica(archive)
    with archive.writer.connect() as connection:
        of_replica = select(custody).where(
            custody.c.event == COPIED, custody.c.details["store"].as_string() == REPLICA
        )
        known = {
            entry.details["seq"]: entry.details["objects"]
            for entry in map(entry_of, connection.execute(of_replica.order_by(custody.c.seq)))
        }
        naming = select(custody).where(custody.c.event.in_(NAMING), ~_superseded()).order_by(custody.c.seq)
        named = [entry for entry in map(entry_of, connection.execute(naming)) if entry.seq in known]
    again, problems = 0, []
    for number, entry in enumerate(named, 1):
        if number % LOOKED_AT == 0:
            on_progress(f"Second copy: {number} of {len(named)} objects looked at, {again} copied again.")
        if all(replica.head(row["key"], row["object_version"]) is not None for row in known[entry.seq]):
            continue
        try:
            _copy(archive, replica, entry, actor, {}, again=True)
        except StoreError as problem:
            problems.append(str(problem))
            if isinstance(problem, PERHAPS_AWAY) and _unavailable(archive.objects, replica):
                return CopiedAgain(again, 0, tuple(problems))
        else:
            again += 1
            on_progress(f"Second copy: {entry.subject_id} was copied again.")
    return CopiedAgain(again, replicate_lost_entries(archive, replica), tuple(problems))


def _unavailable(*stores: ObjectStore) -> bool:
    """Whether one of the stores is unavailable as a whole, so that trying the next object is useless."""
    try:
        for store in stores:
            store.require_fit()
    except StoreError:
        return True
    return False


def _replica(archive: Archive) -> ObjectStore:
    if archive.replica is None:
        raise ValueError("this archive has no replica")
    return archive.replica


def _copy(
    archive: Archive,
    replica: ObjectStore,
    entry: CustodyEntry,
    actor: str,
    files: Mapping[str, Path],
    *,
    again: bool = False,
) -> CustodyEntry:
    if entry.event == PURGED:
        stored = [_replicate_beside(archive.objects, replica, named) for named in named_objects(entry)]
    else:
        stored = [
            _replicate_object(archive.objects, replica, named, files.get(named.key))
            for named in named_objects(entry)
        ]
    with archive.writer.begin() as connection:
        return _enter(connection, archive.sealing, entry, stored, actor, again=again)


def _replicate_object(
    objects: ObjectStore, replica: ObjectStore, named: NamedObject, file: Path | None
) -> StoredObject:
    """Store the object in the replica and read it back; raises where other bytes are stored under its key."""
    present = find_version(replica, named.key, named.version_id, named.sha256)
    if present is None:
        version_id = _send(objects, replica, named, file).version_id
    else:
        version_id, found = present.version_id, replica.digest(named.key, present.version_id)
        if found != named.sha256:
            raise KeyTakenError(named.key, version_id, named.sha256, found)
    return replica.confirm(named.key, version_id, sha256=named.sha256)


def _replicate_beside(objects: ObjectStore, replica: ObjectStore, named: NamedObject) -> StoredObject:
    """Store a file that was written anew beside its older version, which the replica may or may not have."""
    with objects.open(named.key, _version_of(objects, named)) as content:
        return replica.put_beside(named.key, content, sha256=named.sha256)


def _send(objects: ObjectStore, replica: ObjectStore, named: NamedObject, file: Path | None) -> StoredObject:
    """Copy from the local file or the first store; the replica accepts only bytes with this digest."""
    if file is not None:
        try:
            return replica.put_new(named.key, file, sha256=named.sha256)
        except (OSError, ChecksumDiffersError):
            pass  # the local file is gone or has changed: the deposited bytes are in the first store
    with objects.open(named.key, _version_of(objects, named)) as content:
        return replica.put_new(named.key, content, sha256=named.sha256)


def _version_of(objects: ObjectStore, named: NamedObject) -> str:
    """The version here: a store that has taken the place of the first has given versions of its own."""
    head = find_version(objects, named.key, named.version_id, named.sha256)
    return named.version_id if head is None else head.version_id


def _enter(
    connection: Connection,
    keys: SealingKeys | None,
    entry: CustodyEntry,
    stored: list[StoredObject],
    actor: str,
    *,
    again: bool,
) -> CustodyEntry:
    """The entry ``copied``, or the one that another run has appended meanwhile; one more of a copy ``again``."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    query = select(custody).where(
        custody.c.event == COPIED,
        custody.c.details["store"].as_string() == REPLICA,
        custody.c.details["seq"].as_integer() == entry.seq,
    )
    row = connection.execute(query).first()
    if row is not None and not again:
        return entry_of(row)
    return append(
        connection,
        COPIED,
        keys=keys,
        subject_id=entry.subject_id,
        subject_digest=entry.subject_digest,
        actor=actor,
        details={"store": REPLICA, "seq": entry.seq, "objects": list(map(_object_details, stored))},
    )


def _object_details(stored: StoredObject) -> dict[str, Any]:
    return {
        "key": stored.key,
        "object_version": stored.version_id,
        "sha256": str(stored.sha256),
        "length_bytes": stored.length_bytes,
        "locked_until": time_text(stored.locked_until),
    }


def replicate_deposited(archive: Archive, key: str, file: Path, *, actor: str) -> ReplicaStatus | None:
    """Copy a file that has just been deposited, or leave the copy pending; None where no replica is configured."""
    if archive.replica is None:
        return None
    report = replicate(archive, actor=actor, only=key, files={key: file})
    if not any(entry.subject_id == key for entry in report.copied) and not report.problems:
        return verified_replica_status(archive, key)
    with archive.writer.connect() as connection:
        return replica_status(connection, key, problem="; ".join(report.problems) or None)


def verified_replica_status(archive: Archive, key: str) -> ReplicaStatus:
    """The state of the second copy of a file deposited before; a confirmed one is read back whole."""
    replica = _replica(archive)
    with archive.writer.connect() as connection:
        status = replica_status(connection, key)
        file = file_in_custody(connection, key)
    if status.version_id is None or file is None:
        return status
    try:
        replica.confirm(key, status.version_id, sha256=file.sha256)
    except StoreError as problem:
        return ReplicaStatus(None, None, str(problem))
    return status


def replica_status(connection: Connection, key: str, *, problem: str | None = None) -> ReplicaStatus:
    """The state of the second copy of a deposited file, as it is since it was last written anew."""
    newest = select(func.max(custody.c.seq)).where(
        custody.c.event.in_((DEPOSITED, PURGED)), custody.c.subject_id == key
    )
    confirmed = select(custody_objects.c.seq).where(
        custody_objects.c.seq == custody.c.details["seq"].as_integer(), custody_objects.c.store == REPLICA
    )
    query = select(custody).where(
        custody.c.event == COPIED,
        custody.c.subject_id == key,
        custody.c.details["seq"].as_integer() == newest.scalar_subquery(),
        confirmed.exists(),
    )
    row = connection.execute(query.order_by(custody.c.seq.desc())).first()
    if row is None:
        return ReplicaStatus(None, None, problem or "the replica has not confirmed it yet")
    return ReplicaStatus(row.at, row.details["objects"][0]["object_version"], None)

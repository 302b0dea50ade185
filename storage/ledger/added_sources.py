"""Sources that people added beside the watch-list: added, changed and ended, each act an entry of custody.

In: an archive, an entry as the watch-list's file would have it, who and why. Out: `AddedSource`s, read from the
entries ``source_added``, ``source_changed`` and ``source_ended`` alone, so that nothing has to be restored after a
rebuild of the custody ledger. What an entry says is sealed: which source, its settings, who, why. Where no key
opens it, it is not known, and the source is not collected. Whether an entry can be used is no matter of this
module (`crawlers.watchlist.loader`). Source: decision 59. Raises `AddedSourceError`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.custody import append, entry_of, lock_chain, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody

ADDED: Final = "source_added"
CHANGED: Final = "source_changed"
ENDED: Final = "source_ended"
SUBJECT: Final = "sources"
"""The subject of every such entry; which source it is about is sealed."""

LONGEST_REASON: Final = 2000


class AddedSourceError(StorageError):
    """The source is not one that can be added, changed or ended; nothing was written."""


@dataclass(frozen=True, slots=True)
class AddedSource:
    """``entry`` has the watch-list's fields. ``seq``: the newest entry of custody about the source.

    ``added_*`` is about the last time it was added, ``changed_*`` about the last change since then, ``ended_*``
    about its end; None where there is none.
    """

    id: str
    entry: Mapping[str, Any]
    seq: int
    added_at: datetime
    added_by: str
    added_because: str | None
    changed_at: datetime | None = None
    changed_by: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_because: str | None = None

    @property
    def is_collected(self) -> bool:
        """Whether nobody has ended it."""
        return self.ended_at is None


def add_source(
    archive: Archive, entry: Mapping[str, Any], *, actor: str, reason: str | None = None
) -> AddedSource:
    """Add the source; its id is that of the entry. One that was ended may be added again."""
    with archive.writer.begin() as connection:
        lock_chain(connection)
        there = _by_id(connection).get(str(entry["id"]))
        if there is not None and there.is_collected:
            raise AddedSourceError(
                f"{entry['id']}: {there.added_by} has added a source of this id already. Nothing was written; "
                "change that source, or choose another id."
            )
        written = _append(archive, connection, ADDED, actor, str(entry["id"]), entry, reason)
    publish_pending_entries(archive)
    return _folded(None if there is None else there, written)


def change_source(
    archive: Archive, entry: Mapping[str, Any], *, actor: str, seen_seq: int | None = None
) -> AddedSource:
    """Replace the settings of a source that was added; with ``seen_seq`` only if nobody else did so since."""
    with archive.writer.begin() as connection:
        lock_chain(connection)
        there = _collected(connection, str(entry["id"]))
        if seen_seq is not None and there.seq != seen_seq:
            raise AddedSourceError(
                f"{there.id}: {there.changed_by or there.added_by} has changed it since you opened the form. "
                "Nothing was written; look at the new settings, and change them again."
            )
        if dict(there.entry) == dict(entry):
            return there
        written = _append(archive, connection, CHANGED, actor, there.id, entry, None)
    publish_pending_entries(archive)
    return _folded(there, written)


def end_source(archive: Archive, source_id: str, *, actor: str, reason: str) -> AddedSource:
    """Collect it no more, from the next night on; what was captured stays. The reason is kept."""
    if not reason.strip():
        raise AddedSourceError(f"{source_id}: expected a reason why it is ended, found none. Nothing was written.")
    with archive.writer.begin() as connection:
        lock_chain(connection)
        there = _collected(connection, source_id)
        written = _append(archive, connection, ENDED, actor, there.id, None, reason)
    publish_pending_entries(archive)
    return _folded(there, written)


def added_sources(connection: Connection) -> tuple[AddedSource, ...]:
    """Every source that people added, the ended ones, too, in the order in which they were first added."""
    return tuple(_by_id(connection).values())


def _append(
    archive: Archive,
    connection: Connection,
    event: str,
    actor: str,
    source_id: str,
    entry: Mapping[str, Any] | None,
    reason: str | None,
) -> CustodyEntry:
    stripped = (reason or "").strip() or None
    if stripped is not None and len(stripped) > LONGEST_REASON:
        raise AddedSourceError(f"The reason may have {LONGEST_REASON} characters. Nothing was written.")
    return append(
        connection,
        event,
        keys=archive.sealing,
        subject_id=SUBJECT,
        actor=actor,
        details={
            "source_id": source_id,
            **({} if entry is None else {"entry": dict(entry)}),
            "reason": stripped,
        },
    )


def _collected(connection: Connection, source_id: str) -> AddedSource:
    there = _by_id(connection).get(source_id)
    if there is None or not there.is_collected:
        raise AddedSourceError(
            f"{source_id}: nobody has added such a source, or it was ended. Sources of the watch-list's file are "
            "changed there. Nothing was written."
        )
    return there


def _by_id(connection: Connection) -> dict[str, AddedSource]:
    query = select(custody).where(custody.c.event.in_((ADDED, CHANGED, ENDED)), custody.c.subject_id == SUBJECT)
    return folded(entry_of(row) for row in connection.execute(query.order_by(custody.c.seq)))


def folded(entries: Iterable[CustodyEntry]) -> dict[str, AddedSource]:
    """What the entries come to, in their order; one whose values are not known counts as not written."""
    found: dict[str, AddedSource] = {}
    for entry in entries:
        source_id = entry.details.get("source_id")
        if isinstance(source_id, str) and (entry.event == ADDED or source_id in found):
            found[source_id] = _folded(found.get(source_id), entry)
    return found


def _folded(before: AddedSource | None, entry: CustodyEntry) -> AddedSource:
    assert entry.actor is not None  # the entry is opened
    details = entry.details
    if before is None or entry.event == ADDED:
        return AddedSource(
            id=details["source_id"],
            entry=details["entry"],
            seq=entry.seq,
            added_at=entry.at,
            added_by=entry.actor,
            added_because=details.get("reason"),
        )
    if entry.event == CHANGED:
        return replace(before, entry=details["entry"], seq=entry.seq, changed_at=entry.at, changed_by=entry.actor)
    return replace(
        before, seq=entry.seq, ended_at=entry.at, ended_by=entry.actor, ended_because=details.get("reason")
    )

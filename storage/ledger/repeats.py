"""Repeats: a person has addresses archived again and again until a day; begun and stopped by entries of custody.

In: an archive, what a person chose. Out: `Repeat`s, and which of their turns were made. Guaranteed: each act is
one entry of custody (``repeat_begun``, ``repeat_stopped``) and one row with that entry's number, in one
transaction; the store alone restores the rows. What is repeated, by whom and why is sealed. The request of a turn
has an id that follows from the repeat's own and the time at which the turn is due, so no turn is made twice, and
requests that were restored from the store belong to their repeat again. Source: decision 59. Raises
`RepeatError`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, Text, func, insert, select, text
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.dialects.postgresql import insert as insert_or_keep
from ulid import ULID

from storage.access_labels import DEFAULT_LABEL, EVERYONE, Viewer, visible_to
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.chain import Chain
from storage.ledger.custody import append, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.repeat_schedule import Schedule
from storage.ledger.requests import chosen_engine, ledger_engine
from storage.ledger.tables import repeat_stops, repeats, requests

BEGUN: Final = "repeat_begun"
STOPPED: Final = "repeat_stopped"
SUBJECT: Final = "repeats"
"""The subject of every such entry; what is repeated is sealed."""

OF_A_PERSON: Final = 50
"""Repeats that one person may have at work."""

TURNS_KEY: Final = 7_305_510_014
"""Advisory lock, held while turns of repeats are made, and while one is stopped."""

TIME_CHARACTERS: Final = 10
"""Characters of a ULID that are its time in milliseconds; the other sixteen are those of the repeat."""


class RepeatError(StorageError):
    """The repeat is not one that can be begun or stopped; nothing was written."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """What ``actor`` has archived again; ``stopped_at`` is None while nobody has stopped it.

    ``engine``, ``egress``, ``video`` and ``profile`` are those of each turn's request
    (`storage.ledger.requests.Request`).
    """

    id: str
    actor: str
    urls: tuple[str, ...]
    schedule: Schedule
    reason: str | None
    case_reference: str | None
    access_label: str = DEFAULT_LABEL
    engine: str = "http"
    egress: str | None = None
    video: bool = False
    profile: str | None = None
    stopped_at: datetime | None = None
    stopped_by: str | None = None

    @property
    def confidential(self) -> bool:
        """Whether only those find it to whom its label is granted."""
        return self.access_label != DEFAULT_LABEL

    def request_id(self, turn: int) -> str:
        """The id of the request of this turn."""
        return _id_at(self.schedule.due_at(turn), self.id)

    def is_at_work(self, now: datetime) -> bool:
        """Whether a turn is still to come, or can still be made."""
        last = self.schedule.turns
        return self.stopped_at is None and now < self.schedule.due_at(last + 1)


def begin_repeat(
    archive: Archive,
    *,
    actor: str,
    urls: Sequence[str],
    schedule: Schedule,
    reason: str | None = None,
    case_reference: str | None = None,
    access_label: str = DEFAULT_LABEL,
    engine: str = "http",
    egress: str | None = None,
    video: bool = False,
    profile: str | None = None,
) -> Repeat:
    """Begin a repeat; its first turn is due one interval after its beginning."""
    repeat_id = _id_at(schedule.begun_at, str(ULID()))
    details = {
        "repeat_id": repeat_id,
        "urls": list(urls),
        "begun_at": schedule.begun_at.isoformat(),
        "every_s": int(schedule.every.total_seconds()),
        "until_at": schedule.until_at.isoformat(),
        "reason": reason,
        "case_reference": case_reference,
        "access_label": access_label,
        "engine": ledger_engine(engine, profile=profile),
        "egress": egress,
        "video": video,
    }
    with archive.writer.begin() as connection:
        lock_turns(connection)
        now = datetime.now(UTC)
        own = (_repeat_of(row) for row in connection.execute(_joined().where(repeats.c.actor == actor)))
        if sum(each.is_at_work(now) for each in own) >= OF_A_PERSON:
            raise RepeatError(f"{actor} has {OF_A_PERSON} repeats at work: stop one first. Nothing was written.")
        entry = append(connection, BEGUN, keys=archive.sealing, subject_id=SUBJECT, actor=actor, details=details)
        row = _row_begun(entry)
        connection.execute(insert(repeats).values(**row))
    publish_pending_entries(archive)
    with archive.reader.connect() as connection:
        return repeat_by_id(connection, repeat_id)


def stop_repeat(archive: Archive, repeat_id: str, *, actor: str, viewer: Viewer = EVERYONE) -> Repeat:
    """No turn is made from now on; twice is once. Raises `RepeatError` also for one of which the viewer may not
    know.
    """
    with archive.writer.begin() as connection:
        lock_turns(connection)
        repeat = repeat_by_id(connection, repeat_id, viewer=viewer)
        if repeat.stopped_at is None:
            entry = append(
                connection,
                STOPPED,
                keys=archive.sealing,
                subject_id=SUBJECT,
                actor=actor,
                details={"repeat_id": repeat_id},
            )
            connection.execute(insert(repeat_stops).values(**_row_stopped(entry)))
    publish_pending_entries(archive)
    with archive.reader.connect() as connection:
        return repeat_by_id(connection, repeat_id)


def repeat_by_id(connection: Connection, repeat_id: str, *, viewer: Viewer = EVERYONE) -> Repeat:
    """The repeat; raises `RepeatError`, also for one of which the viewer may not know."""
    query = _joined().where(repeats.c.id == repeat_id, visible_to(viewer, repeats.c.access_label))
    row = connection.execute(query).first()
    if row is None:
        raise RepeatError(f"Repeat {repeat_id}: there is none that you may see. Nothing was written.")
    return _repeat_of(row)


def repeats_seen(
    connection: Connection, *, viewer: Viewer = EVERYONE, limit: int, offset: int = 0
) -> tuple[Repeat, ...]:
    """Repeats of which the viewer may know: those that nobody stopped and that end last come first."""
    query = _joined().where(visible_to(viewer, repeats.c.access_label))
    query = query.order_by(
        repeat_stops.c.at.is_not(None), repeats.c.until_at.desc(), repeats.c.begun_at.desc(), repeats.c.id
    )
    return tuple(_repeat_of(row) for row in connection.execute(query.limit(limit).offset(offset)))


def repeats_due(connection: Connection, now: datetime) -> tuple[Repeat, ...]:
    """Repeats with a turn that is due and not missed, made or not, the longest begun first."""
    query = _joined().where(repeat_stops.c.repeat_id.is_(None)).order_by(repeats.c.begun_at, repeats.c.id)
    found = (_repeat_of(row) for row in connection.execute(query))
    return tuple(each for each in found if each.is_at_work(now) and each.schedule.newest_turn(now) > 0)


def repeats_of_urls(connection: Connection, urls: Sequence[str], *, viewer: Viewer, now: datetime) -> list[Repeat]:
    """Repeats at work that have one of these addresses, of which the viewer may know."""
    has_one = repeats.c.urls.has_any(array(urls, type_=Text))
    query = _joined().where(has_one, visible_to(viewer, repeats.c.access_label)).order_by(repeats.c.begun_at)
    return [each for each in map(_repeat_of, connection.execute(query)) if each.is_at_work(now)]


def repeat_of_request(connection: Connection, request_id: str, *, viewer: Viewer = EVERYONE) -> Repeat | None:
    """The repeat whose turn the request is; None of any other request."""
    same = func.right(repeats.c.id, 26 - TIME_CHARACTERS) == request_id[TIME_CHARACTERS:]
    row = connection.execute(_joined().where(same, visible_to(viewer, repeats.c.access_label))).first()
    return None if row is None else _repeat_of(row)


def turns_made(connection: Connection, found: Iterable[Repeat]) -> Mapping[str, tuple[int, ...]]:
    """The numbers of the turns whose requests stand in the ledger, in order, by the repeat's id."""
    by_ending = {each.id[TIME_CHARACTERS:]: each for each in found}
    made: dict[str, list[int]] = {each.id: [] for each in by_ending.values()}
    ending = func.right(requests.c.id, 26 - TIME_CHARACTERS)
    query = select(requests.c.id).where(ending.in_(list(by_ending))).order_by(requests.c.id)
    for request_id in connection.scalars(query):
        repeat = by_ending[request_id[TIME_CHARACTERS:]]
        since = ULID.from_str(request_id).datetime - repeat.schedule.begun_at
        made[repeat.id].append(round(since / repeat.schedule.every))
    return {name: tuple(numbers) for name, numbers in made.items()}


def missed_turns(repeat: Repeat, made: Sequence[int], now: datetime) -> int:
    """How many turns were due and were not made, and will not be; none from the moment it was stopped."""
    until = now if repeat.stopped_at is None else min(now, repeat.stopped_at)
    newest = repeat.schedule.newest_turn(until)
    still_possible = (
        repeat.stopped_at is None
        and newest > 0
        and newest not in made
        and repeat.schedule.may_be_taken(newest, now)
    )
    return newest - sum(turn <= newest for turn in made) - (1 if still_possible else 0)


def lock_turns(connection: Connection) -> None:
    """Let nobody else make turns, or begin or stop a repeat, until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TURNS_KEY})


def restore_repeats(archive: Archive, chain: Chain) -> int:
    """Restore the rows of the chain's entries in a ledger that lacks them; returns how many it lacked.

    An entry whose values cannot be opened gives no row: what it repeats is not known.
    """
    begun, stopped = list(_rows_of(chain, BEGUN)), list(_rows_of(chain, STOPPED))
    known = {row["id"] for row in begun}
    stopped = [row for row in stopped if row["repeat_id"] in known]
    restored = 0
    with archive.writer.begin() as connection:
        for table, key, rows in (
            (repeats, repeats.c.id, begun),
            (repeat_stops, repeat_stops.c.repeat_id, stopped),
        ):
            if rows:
                kept = insert_or_keep(table).on_conflict_do_nothing().returning(key)
                restored += len(connection.execute(kept, rows).all())
    return restored


def _id_at(moment: datetime, of: str) -> str:
    """A ULID of this moment with the random part of another."""
    return str(ULID.from_timestamp(round(moment.timestamp() * 1000)))[:TIME_CHARACTERS] + of[TIME_CHARACTERS:]


def _joined() -> Select[Any]:
    return select(
        repeats, repeat_stops.c.at.label("stopped_at"), repeat_stops.c.actor.label("stopped_by")
    ).select_from(repeats.outerjoin(repeat_stops, repeat_stops.c.repeat_id == repeats.c.id))


def _repeat_of(row: Row[Any]) -> Repeat:
    engine, _, profile = chosen_engine(row.engine)
    return Repeat(
        id=row.id,
        actor=row.actor,
        urls=tuple(row.urls),
        schedule=Schedule(row.begun_at.astimezone(UTC), timedelta(seconds=row.every_s), row.until_at),
        reason=row.reason,
        case_reference=row.case_reference,
        access_label=row.access_label,
        engine=engine,
        egress=row.egress,
        video=row.video,
        profile=profile,
        stopped_at=row.stopped_at,
        stopped_by=row.stopped_by,
    )


def _rows_of(chain: Chain, event: str) -> Iterator[dict[str, Any]]:
    for chained in chain.entries:
        if chained.entry.event == event and isinstance(chained.entry.details.get("repeat_id"), str):
            yield _row_begun(chained.entry) if event == BEGUN else _row_stopped(chained.entry)


def _row_begun(entry: CustodyEntry) -> dict[str, Any]:
    details = entry.details
    return {
        "id": details["repeat_id"],
        "custody_seq": entry.seq,
        "actor": entry.actor,
        "urls": list(details["urls"]),
        "begun_at": datetime.fromisoformat(details["begun_at"]),
        "every_s": details["every_s"],
        "until_at": datetime.fromisoformat(details["until_at"]),
        **{name: details.get(name) for name in ("reason", "case_reference", "egress")},
        **{name: details[name] for name in ("access_label", "engine", "video")},
    }


def _row_stopped(entry: CustodyEntry) -> dict[str, Any]:
    return {
        "repeat_id": entry.details["repeat_id"],
        "custody_seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
    }

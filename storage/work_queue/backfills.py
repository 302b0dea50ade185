"""Which channels' histories are fetched by the backfill, how far each is, and whose turn is next.

In: a connection. Out: `Backfill`s. Neither evidence nor derived from any: what was fetched stands in the archive,
and losing all rows costs that the backfill has to be started again, which goes on where it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, case, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.work_queue.tables import backfills

STARTED: Final = "started"
PAUSED: Final = "paused"

GIVE_UP_AFTER: Final = 3
"""Crawls in a row that covered nothing new, after which a channel waits for `AGAIN_AFTER`."""

AGAIN_AFTER: Final = text("interval '1 day'")

LOCK_ID: Final = 0x6C657462
"""Of the advisory lock that the one running backfill holds; the database frees it when its process is killed."""

NOW: Final = func.clock_timestamp()


@dataclass(frozen=True, slots=True)
class MissingPosts:
    """``ids``: post ids of a channel that no page has covered, up to ``newest_id``; ``pages``: about how many hold
    them.
    """

    newest_id: int
    ids: int
    pages: int


@dataclass(frozen=True, slots=True)
class Backfill:
    """How the history of one channel stands.

    ``ids_left`` and ``pages_left`` are as of ``counted_at``, None where no page of the channel was read yet.
    ``seconds_done``: how long its crawls took, deposit and reading included. ``problem``: why the last one fell
    short.
    """

    source_id: str
    state: str
    delay_s: float
    started_at: datetime
    started_by: str
    newest_id: int | None
    ids_at_start: int | None
    ids_left: int | None
    pages_left: int | None
    counted_at: datetime
    pages_done: int
    seconds_done: float
    last_at: datetime | None
    last_crawl_id: str | None
    without_progress: int
    problem: str | None

    @property
    def done(self) -> bool:
        """Whether every id up to the newest was covered by a page."""
        return self.ids_left == 0


def all_backfills(connection: Connection) -> tuple[Backfill, ...]:
    """Every channel whose history was asked for, by its id."""
    rows = connection.execute(select(backfills).order_by(backfills.c.source_id))
    return tuple(Backfill(**row._mapping) for row in rows)


def start(
    connection: Connection, source_id: str, *, delay_s: float, by: str, missing: MissingPosts | None
) -> None:
    """Fetch the history of a channel from now on; one that was paused goes on, with its counts."""
    counted = _counts(missing)
    values = {"source_id": source_id, "state": STARTED, "delay_s": delay_s, "started_at": NOW, "started_by": by}
    values |= counted | {"ids_at_start": counted["ids_left"], "counted_at": NOW}
    again = {"state": STARTED, "delay_s": delay_s, "counted_at": NOW, "without_progress": 0, "problem": None}
    connection.execute(
        upsert(backfills)
        .values(values)
        .on_conflict_do_update(index_elements=[backfills.c.source_id], set_=again | counted)
    )


def pause(connection: Connection, source_id: str) -> bool:
    """Fetch nothing more of it until it is started again; returns whether it was known."""
    paused = update(backfills).where(backfills.c.source_id == source_id).values(state=PAUSED)
    return connection.execute(paused).rowcount == 1


def stop(connection: Connection, source_id: str) -> bool:
    """Forget the channel's backfill; what it fetched stays in the archive. Returns whether it was known."""
    return connection.execute(delete(backfills).where(backfills.c.source_id == source_id)).rowcount == 1


def is_started(connection: Connection, source_id: str) -> bool:
    """Whether the channel's history is still wanted."""
    found = connection.scalar(select(backfills.c.state).where(backfills.c.source_id == source_id))
    return found == STARTED


def next_backfill(connection: Connection) -> Backfill | None:
    """The channel that has waited longest for its turn; None where nothing is left to do now."""
    query = (
        select(backfills)
        .where(
            backfills.c.state == STARTED,
            or_(backfills.c.ids_left.is_(None), backfills.c.ids_left > 0),
            or_(
                backfills.c.without_progress < GIVE_UP_AFTER,
                backfills.c.last_at < NOW - AGAIN_AFTER,
            ),
        )
        .order_by(backfills.c.last_at.nulls_first(), backfills.c.source_id)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else Backfill(**row._mapping)


def note_turn(
    connection: Connection,
    source_id: str,
    *,
    crawl_id: str | None,
    pages: int,
    seconds: float,
    missing: MissingPosts | None,
    problem: str | None,
) -> None:
    """What one turn of the channel came to; nothing where its backfill was stopped meanwhile.

    A turn that left as many ids as before counts as one without progress.
    """
    counted = _counts(missing)
    before = func.coalesce(backfills.c.ids_left, -1)
    stuck = before == (-1 if missing is None else missing.ids)
    connection.execute(
        update(backfills)
        .where(backfills.c.source_id == source_id)
        .values(
            **counted,
            counted_at=NOW,
            ids_at_start=func.coalesce(backfills.c.ids_at_start, counted["ids_left"]),
            pages_done=backfills.c.pages_done + pages,
            seconds_done=backfills.c.seconds_done + seconds,
            last_at=NOW,
            last_crawl_id=func.coalesce(crawl_id, backfills.c.last_crawl_id),
            without_progress=case((stuck, backfills.c.without_progress + 1), else_=0),
            problem=problem,
        )
    )


@contextmanager
def only_one(engine: Engine, lock_id: int = LOCK_ID) -> Iterator[bool]:
    """Whether this process is the one that runs the backfill, or what ``lock_id`` stands for, while the block
    lasts.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = bool(connection.scalar(select(func.pg_try_advisory_lock(lock_id))))
        try:
            yield held
        finally:
            if held:
                connection.execute(select(func.pg_advisory_unlock(lock_id)))


def _counts(missing: MissingPosts | None) -> dict[str, int | None]:
    return {
        "newest_id": None if missing is None else missing.newest_id,
        "ids_left": None if missing is None else missing.ids,
        "pages_left": None if missing is None else missing.pages,
    }

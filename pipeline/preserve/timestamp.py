"""Gets outside time for the chain of custody: owes its head to every authority, then asks for all that is owed.

In: `Settings`, an archive. Out: `TimeReport`. That an authority is away, or answers nonsense, raises nothing: the
token stays owed, with the reason, and the next run asks again, at the latest after five minutes (DAG
`timestamps`). Trouble of ours (store, database) raises. Without authorities nothing is done, and the report says
so.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.config.settings import Settings
from pipeline.preserve.time_authority import (
    AuthorityUnavailableError,
    TimeAuthority,
    request_token,
    time_authorities,
)
from processors.rfc3161.token import TokenRefusedError, root_of, time_query
from storage.archive import Archive
from storage.deposit.timestamps import (
    PendingTimestamp,
    exclusive,
    pending_timestamps,
    record_failed_attempt,
    schedule_timestamps,
    store_token,
    stored_token,
)
from storage.ledger.entry import Entry

NO_TIME_AUTHORITY: Final = "no outside time configured"
MOST_AT_ONCE: Final = 200
"""After a long absence of an authority, what it owes is asked for in portions: it has other customers."""

REQUESTING_S: Final = 240.0
"""After that a run asks no more, so that the next one, five minutes after it, owes what has come meanwhile: what
nobody stamped at its end (a killed request) is asked for within ten minutes, however slow the authorities are."""

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TimeReport:
    """What one run came to; ``obtained`` are entries ``timestamped``, ``configured`` URLs of authorities."""

    configured: tuple[str, ...]
    obtained: tuple[Entry, ...]
    pending: tuple[PendingTimestamp, ...]

    def sentences(self) -> tuple[str, ...]:
        """What a person should know, a line each."""
        unset = () if self.configured else (f"Outside time: {NO_TIME_AUTHORITY} (LETAPIS_TIME_AUTHORITIES).",)
        return (
            *unset,
            *(describe_obtained(entry) for entry in self.obtained),
            *map(describe_pending_timestamp, self.pending),
        )


def request_timestamps(
    settings: Settings,
    archive: Archive,
    *,
    occasion: str,
    actor: str | None = None,
    on_progress: OnProgress = lambda _: None,
) -> TimeReport:
    """Owe the head of the chain, if it is new, and ask every authority for what it owes."""
    authorities = {each.url: each for each in time_authorities(settings)}
    by = actor or settings.collector
    schedule_timestamps(archive, tuple(authorities), actor=by, occasion=occasion)
    obtained: tuple[Entry, ...] = ()
    if authorities:
        with exclusive(archive) as mine:
            if mine:
                obtained = _request_all(settings, archive, authorities, by)
    report = TimeReport(tuple(authorities), obtained, timestamp_status(archive))
    for sentence in report.sentences():
        on_progress(sentence)
    return report


def timestamp_status(archive: Archive) -> tuple[PendingTimestamp, ...]:
    """Everything owed, also by authorities that are not configured any more; newest entry first."""
    with archive.reader.connect() as connection:
        return pending_timestamps(connection)


def _request_all(
    settings: Settings, archive: Archive, authorities: Mapping[str, TimeAuthority], actor: str
) -> tuple[Entry, ...]:
    """Until nothing is left to ask: others may owe more meanwhile. Who fails is left alone for this run."""
    obtained: list[Entry] = []
    failed: set[str] = set()  # authorities
    taken: set[tuple[int, str]] = set()  # where something stands that is no token: the others are still asked for
    begun, attempts = time.monotonic(), 0
    while len(obtained) < MOST_AT_ONCE and (not attempts or time.monotonic() - begun < REQUESTING_S):
        attempts += 1
        pending = next(
            (
                each
                for each in timestamp_status(archive)
                if each.authority in authorities.keys() - failed and (each.entry.seq, each.authority) not in taken
            ),
            None,
        )
        if pending is None:
            break
        stored = stored_token(archive, pending)
        try:
            obtained.append(_obtain(settings, archive, authorities[pending.authority], pending, stored, actor))
        except (AuthorityUnavailableError, TokenRefusedError) as problem:
            if stored is None:
                failed.add(pending.authority)
            else:
                taken.add((pending.entry.seq, pending.authority))
            record_failed_attempt(archive, pending, str(problem))
    return tuple(obtained)


def _obtain(
    settings: Settings,
    archive: Archive,
    authority: TimeAuthority,
    pending: PendingTimestamp,
    stored: bytes | None,
    actor: str,
) -> Entry:
    query = time_query(pending.entry.canonical())
    answer, nonce = stored, None
    if answer is None:
        answer, nonce = request_token(authority, query.content, user_agent=settings.user_agent), query.nonce
    roots = authority.roots()
    if authority.pinned is None:
        roots = root_of(answer, imprint=pending.entry.digest, roots=roots, nonce=nonce)
    pinned = authority.pinned is not None
    return store_token(archive, pending, answer, roots=roots, pinned=pinned, nonce=nonce, actor=actor)


def describe_obtained(entry: Entry) -> str:
    """One token as a line."""
    details = entry.details
    return f"Outside time: entry {details['seq']} existed at {details['time']}, says {details['authority']}."


def describe_pending_timestamp(pending: PendingTimestamp) -> str:
    """One owed token as a line."""
    tried = (
        f"asked in vain {pending.failed} times, last: {pending.problem}"
        if pending.failed
        else "not asked in vain yet"
    )
    since = f"{pending.since:%Y-%m-%d %H:%M} UTC"
    return f"Outside time: {pending.authority} owes a token for entry {pending.entry.seq} since {since}; {tried}."


def obtained_json(entry: Entry) -> dict[str, Any]:
    """The JSON keys of kind ``timestamp``, of a token that is there."""
    details = entry.details
    return {
        "kind": "timestamp",
        "state": "obtained",
        "seq": details["seq"],
        "digest": details["digest"],
        "authority": details["authority"],
        "time": details["time"],
        "key": entry.subject_id,
        "problem": None,
    }


def pending_timestamp_json(pending: PendingTimestamp) -> dict[str, Any]:
    """The same of a token that is owed."""
    return {
        "kind": "timestamp",
        "state": "owed",
        "seq": pending.entry.seq,
        "digest": str(pending.entry.digest),
        "authority": pending.authority,
        "time": None,
        "key": None,
        "problem": pending.problem,
    }

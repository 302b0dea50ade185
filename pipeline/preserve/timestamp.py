"""Requests trusted timestamps (RFC 3161) for the newest entry of the chain of custody, then all pending ones.

In: `Settings`, an archive. Out: `TimeReport`. Nothing is raised when an authority is unavailable or its response
is invalid: the timestamp stays pending, with the reason, and the next run requests it again, at the latest after
five minutes (DAG `timestamps`). Errors of the store and of the database are raised. Without authorities nothing is
done, and the report says so.
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
from storage.ledger.entry import CustodyEntry

NO_TIME_AUTHORITY: Final = "no time authority is configured"
MOST_AT_ONCE: Final = 200
"""Requests of one run: after a long outage, an authority is not sent all pending requests at once."""

REQUESTING_S: Final = 240.0
"""Seconds after which a run sends no more requests, so that the next run, five minutes after it, schedules the
entries that were added meanwhile: an entry whose own request did not finish (a killed process) is requested within
ten minutes, however slow the authorities are."""

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TimeReport:
    """The result of one run; ``obtained`` are entries ``timestamped``, ``configured`` URLs of authorities."""

    configured: tuple[str, ...]
    obtained: tuple[CustodyEntry, ...]
    pending: tuple[PendingTimestamp, ...]

    def sentences(self) -> tuple[str, ...]:
        """The report as lines for a person."""
        unset = (
            () if self.configured else (f"Trusted timestamps: {NO_TIME_AUTHORITY} (LETAPIS_TIME_AUTHORITIES).",)
        )
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
    """Schedule timestamps for the newest entry, if there is a new one, and request every pending timestamp."""
    authorities = {each.url: each for each in time_authorities(settings)}
    by = actor or settings.collector
    schedule_timestamps(archive, tuple(authorities), actor=by, occasion=occasion)
    obtained: tuple[CustodyEntry, ...] = ()
    if authorities:
        with exclusive(archive) as mine:
            if mine:
                obtained = _request_all(settings, archive, authorities, by)
    report = TimeReport(tuple(authorities), obtained, timestamp_status(archive))
    for sentence in report.sentences():
        on_progress(sentence)
    return report


def timestamp_status(archive: Archive) -> tuple[PendingTimestamp, ...]:
    """Every pending timestamp, also of authorities that are no longer configured; newest entry first."""
    with archive.reader.connect() as connection:
        return pending_timestamps(connection)


def _request_all(
    settings: Settings, archive: Archive, authorities: Mapping[str, TimeAuthority], actor: str
) -> tuple[CustodyEntry, ...]:
    """Request until nothing is pending, since others may schedule more meanwhile. An authority that failed is not
    asked again in this run."""
    obtained: list[CustodyEntry] = []
    failed: set[str] = set()  # authorities
    taken: set[tuple[int, str]] = set()  # the object under this key is no token: the others are still requested
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
) -> CustodyEntry:
    query = time_query(pending.entry.canonical())
    response, nonce = stored, None
    if response is None:
        response, nonce = request_token(authority, query.content, user_agent=settings.user_agent), query.nonce
    roots = authority.roots()
    if authority.pinned is None:
        roots = root_of(response, imprint=pending.entry.digest, roots=roots, nonce=nonce)
    pinned = authority.pinned is not None
    return store_token(archive, pending, response, roots=roots, pinned=pinned, nonce=nonce, actor=actor)


def describe_obtained(entry: CustodyEntry) -> str:
    """One token as a line."""
    details = entry.details
    return (
        f"Trusted timestamp: {details['authority']} confirms that entry {details['seq']} existed at "
        f"{details['time']}."
    )


def describe_pending_timestamp(pending: PendingTimestamp) -> str:
    """One pending timestamp as a line."""
    tried = (
        f"{pending.failed} failed {'request' if pending.failed == 1 else 'requests'}, the last: {pending.problem}"
        if pending.failed
        else "no request has failed yet"
    )
    since = f"{pending.since:%Y-%m-%d %H:%M} UTC"
    return (
        f"Trusted timestamp: entry {pending.entry.seq} is pending at {pending.authority} since {since}; {tried}."
    )


def obtained_json(entry: CustodyEntry) -> dict[str, Any]:
    """The JSON keys of kind ``timestamp``, of a timestamp that was obtained."""
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
    """The same keys, of a timestamp that is pending."""
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

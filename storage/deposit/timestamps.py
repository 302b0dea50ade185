"""Trusted timestamps (RFC 3161) for the chain of custody: pending ones by authority, and those obtained.

In: an archive, authorities by URL, their responses. Out: `PendingTimestamp`, entries. An entry ``time_owed`` names
the authorities that are to issue a token over it, and so, through the chain, over everything before it; an entry
``timestamped`` names the token, a locked object, and the locked certificates it was checked against. What a
``time_owed`` names and no ``timestamped`` answers is pending; an entry ``copied`` needs no new token. Both are in
the store, so that no pending timestamp is lost with the database; only the reasons of failed requests are in the
database alone. Raises `TokenRefusedError` and `storage.objects.errors`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, text
from ulid import ULID

from crawlers.model.iso_time import time_text
from processors.digest import Digest, sha256
from processors.rfc3161.lifetime import TokenLifetime, lifetime_of
from processors.rfc3161.token import TimeToken, read_token
from storage.archive import Archive
from storage.deposit.replication import COPIED
from storage.ledger.custody import LOCK_KEY, append, entry_of, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody, time_attempts
from storage.objects.keys import CUSTODY_PREFIX, root_key, token_key

SCHEDULED: Final = "time_owed"
OBTAINED: Final = "timestamped"
TIME_RENEWED: Final = "time_renewed"
REVOCATION_ASKED: Final = "revocation_asked"
ABOUT_TIME: Final = (SCHEDULED, OBTAINED, TIME_RENEWED, REVOCATION_ASKED, COPIED)
"""Entries that need no new token: what they tell of is proved by tokens, or copies what is proved."""
REQUEST_LOCK_KEY: Final = 7_305_510_003
"""Advisory lock: one process requests timestamps at a time, so that no token is requested twice."""


@dataclass(frozen=True, slots=True)
class PendingTimestamp:
    """A token of ``authority`` (URL) that is pending for ``entry`` since the entry was appended.

    ``failed`` counts the asks that this database knows of, ``problem`` is what came of the last one.
    """

    entry: CustodyEntry
    authority: str
    failed: int
    problem: str | None

    @property
    def since(self) -> datetime:
        """When the token was first requested."""
        return self.entry.at


def schedule_timestamps(
    archive: Archive, authorities: Sequence[str], *, actor: str, occasion: str
) -> CustodyEntry | None:
    """Append an entry that every authority is to stamp; None where custody has not grown since the last one."""
    with archive.writer.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        if not authorities or not _anything_new(connection):
            return None
        details = {"authorities": list(authorities), "occasion": occasion}
        entry = append(
            connection, SCHEDULED, keys=archive.sealing, subject_id=CUSTODY_PREFIX, actor=actor, details=details
        )
    publish_pending_entries(archive)
    return entry


def _anything_new(connection: Connection) -> bool:
    query = select(func.max(custody.c.seq))
    newest = connection.execute(query.where(custody.c.event.not_in(ABOUT_TIME))).scalar_one()
    last_scheduled = connection.execute(query.where(custody.c.event == SCHEDULED)).scalar_one()
    return newest is not None and newest > (last_scheduled or 0)


_PENDING = text(f"""
    SELECT entry.*, named.authority, tried.failed, tried.problem
    FROM ledger.custody AS entry
    CROSS JOIN LATERAL jsonb_array_elements_text(entry.details -> 'authorities') AS named (authority)
    LEFT JOIN LATERAL (
        SELECT count(*) AS failed,
            (array_agg(attempt.problem ORDER BY attempt.at DESC, attempt.id DESC))[1] AS problem
        FROM ledger.time_attempts AS attempt
        WHERE attempt.seq = entry.seq AND attempt.authority = named.authority
    ) AS tried ON true
    WHERE entry.event = '{SCHEDULED}' AND NOT EXISTS (
        SELECT FROM ledger.custody AS obtained
        WHERE obtained.event = '{OBTAINED}'
        AND obtained.subject_id = 'custody/tokens/' || lpad(entry.seq::text, 12, '0') || '-'
            || left(encode(sha256(convert_to(named.authority, 'UTF8')), 'hex'), 16) || '.tsr'
    )
    ORDER BY entry.seq DESC, named.authority
""")  # noqa: S608 - two constants of this module; the key is `storage.objects.keys.token_key` in the database's words


def pending_timestamps(connection: Connection) -> tuple[PendingTimestamp, ...]:
    """Every pending timestamp, newest entry first: its token covers all entries before it."""
    return tuple(
        PendingTimestamp(entry_of(row), row.authority, row.failed, row.problem)
        for row in connection.execute(_PENDING)
    )


def stored_token(archive: Archive, pending: PendingTimestamp) -> bytes | None:
    """The answer that a run before stored and, dying, could not enter into custody; None where there is none."""
    key = token_key(pending.entry.seq, pending.authority)
    head = archive.objects.head(key)
    return None if head is None else archive.objects.read(key, head.version_id)


def store_token(
    archive: Archive,
    pending: PendingTimestamp,
    answer: bytes,
    *,
    roots: bytes,
    pinned: bool,
    nonce: int | None,
    actor: str,
) -> CustodyEntry:
    """Check an answer against ``roots`` (PEM), store both under lock, enter it into custody.

    ``pinned``: the operator named these roots for this authority; otherwise it is one of the public ones.
    """
    token = read_token(answer, imprint=pending.entry.digest, trusted=roots, nonce=nonce)
    lifetime = lifetime_of(answer, roots)
    root_digest, digest = sha256(roots), sha256(answer)
    root = archive.objects.put_new(root_key(root_digest), roots, sha256=root_digest)
    stored = archive.objects.put_new(token_key(pending.entry.seq, pending.authority), answer, sha256=digest)
    details = _details(pending, token, lifetime, root_digest) | {
        "object_version": stored.version_id,
        "length_bytes": stored.length_bytes,
        "root_version": root.version_id,
        "locked_until": time_text(stored.locked_until),
        "root_locked_until": time_text(root.locked_until),
        "pinned": pinned,
    }
    return _enter(archive, stored.key, digest, details, actor)


def _details(
    pending: PendingTimestamp, token: TimeToken, lifetime: TokenLifetime, root_digest: Digest
) -> dict[str, Any]:
    return {
        "seq": pending.entry.seq,
        "digest": str(pending.entry.digest),
        "authority": pending.authority,
        "time": token.at.isoformat(),
        "serial": token.serial,
        "policy": token.policy,
        "signer": token.signer,
        "roots": str(root_digest),
        "valid_until": time_text(lifetime.valid_until),
        "algorithms": list(lifetime.algorithms),
    }


def _enter(archive: Archive, key: str, digest: Digest, details: dict[str, Any], actor: str) -> CustodyEntry:
    with archive.writer.begin() as connection:
        entry = append(
            connection,
            OBTAINED,
            keys=archive.sealing,
            subject_id=key,
            subject_digest=digest,
            actor=actor,
            details=details,
        )
    publish_pending_entries(archive)
    return entry


def newest_token_times(connection: Connection) -> tuple[datetime, datetime] | None:
    """When the newest token was entered, by our clock, and the time that it states; None before the first."""
    query = select(custody.c.at, custody.c.details).where(custody.c.event == OBTAINED)
    row = connection.execute(query.order_by(custody.c.seq.desc()).limit(1)).first()
    return None if row is None else (row.at, datetime.fromisoformat(row.details["time"]))


def record_failed_attempt(archive: Archive, pending: PendingTimestamp, problem: str) -> None:
    """Append why a token could not be had this time."""
    row = {
        "id": str(ULID()),
        "at": datetime.now(UTC),
        "seq": pending.entry.seq,
        "authority": pending.authority,
        "problem": problem,
    }
    with archive.writer.begin() as connection:
        connection.execute(insert(time_attempts).values(**row))


@contextmanager
def exclusive(archive: Archive) -> Iterator[bool]:
    """Whether this process may request timestamps now; another one that does so takes up what becomes pending."""
    with archive.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        query = text("SELECT pg_try_advisory_lock(:key)")
        acquired = bool(connection.execute(query, {"key": REQUEST_LOCK_KEY}).scalar_one())
        try:
            yield acquired
        finally:
            if acquired:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": REQUEST_LOCK_KEY})

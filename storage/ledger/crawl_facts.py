"""Facts of collection: who, why, which machine, which address, which clock; and salted commitments to them.

No WARC may hold these facts, since it is handed over whole. It carries commitments instead: each is the sha256 of
the RFC 8785 JSON of ``[name, salt, fact]``, so that one fact can later be shown to belong to a WARC without
showing the others, and nobody can find a short fact by trying. Facts and salts are recorded in custody before the
first byte.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import rfc8785
from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from processors.digest import Digest, sha256
from storage.archive import Archive
from storage.ledger.custody import append, append_and_publish, entries, lock_chain, publish_pending_entries
from storage.ledger.entry import NOT_MEASURED, Clock
from storage.ledger.tables import custody

SALT_BYTES = 32
STARTED: Final = "collection_started"
ENDED: Final = "collection_ended"
BACKFILL: Final = "backfill"
"""The lane of a crawl that fetched history: what it gives says nothing of how its source is tonight."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact, or why it is not known; never neither."""

    value: str | None
    unknown_because: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.unknown_because is None):
            raise ValueError(f"fact: expected a value or a reason why there is none, found {self!r}")

    def as_json(self) -> dict[str, str | None]:
        """The form that is committed to and stored."""
        return {"value": self.value, "unknown_because": self.unknown_because}


def commitment(name: str, salt: str, fact: Fact) -> Digest:
    """What a WARC carries in place of the fact."""
    return sha256(rfc8785.dumps([name, salt, fact.as_json()]))


def commit_facts(facts: Mapping[str, Fact]) -> tuple[dict[str, str], dict[str, str]]:
    """Commitments and salts by name of fact, in text form; salts are fresh random bytes in hexadecimal."""
    salts = {name: secrets.token_hex(SALT_BYTES) for name in facts}
    return {name: str(commitment(name, salts[name], fact)) for name, fact in facts.items()}, salts


def begin_collection(
    archive: Archive,
    *,
    crawl_id: str,
    source_id: str,
    actor: str,
    facts: Mapping[str, Fact],
    signing_key: str | None = None,
    access_label: str | None = None,
    clock: Clock = NOT_MEASURED,
    lane: str | None = None,
) -> dict[str, str]:
    """Record the facts in custody, in the store, before the first byte; returns the commitments for the WARC.

    ``access_label`` is that of the source, None for the default one.
    ``lane`` is `BACKFILL` for a crawl of history, None for any other.
    ``signing_key`` is the public half of the key by which the crawl signs its files (`storage.signing`).
    """
    commitments, salts = commit_facts(facts)
    details: dict[str, Any] = {
        "source_id": source_id,
        "facts": {name: fact.as_json() for name, fact in facts.items()},
        "salts": salts,
        "commitments": commitments,
        "signing_key": signing_key,
    }
    if access_label is not None:
        details["access_label"] = access_label
    if lane is not None:
        details["lane"] = lane
    append_and_publish(archive, STARTED, subject_id=crawl_id, actor=actor, details=details, clock=clock)
    return commitments


def end_collection(
    archive: Archive,
    *,
    crawl_id: str,
    actor: str,
    details: Mapping[str, Any],
    clock: Clock = NOT_MEASURED,
) -> None:
    """Record in custody how the crawl ended and the state of the clock then; an existing entry stays as it is.

    Another run may have recovered the crawl meanwhile and recorded its end.
    """
    with archive.writer.begin() as connection:
        lock_chain(connection)
        if not any(entry.event == ENDED for entry in entries(connection, subject_id=crawl_id)):
            append(
                connection,
                ENDED,
                keys=archive.sealing,
                subject_id=crawl_id,
                actor=actor,
                details=details,
                clock=clock,
            )
    publish_pending_entries(archive)


def begun_and_not_ended(connection: Connection, crawl_id: str) -> bool:
    """Whether custody has an entry for the crawl's beginning and none for its end."""
    events = {entry.event for entry in entries(connection, subject_id=crawl_id)}
    return STARTED in events and ENDED not in events


def never_ended(connection: Connection, machine: str, *, begun_before: datetime) -> tuple[str, ...]:
    """The crawls that began on a machine before a moment and have no entry for their end, oldest first."""
    end = custody.alias("its_end")
    ends = select(end.c.seq).where(end.c.subject_id == custody.c.subject_id, end.c.event == ENDED)
    query = select(custody.c.subject_id).where(
        custody.c.event == STARTED,
        custody.c.at < begun_before,
        custody.c.details["facts"]["machine"]["value"].astext == machine,
        ~ends.exists(),
    )
    return tuple(connection.execute(query.order_by(custody.c.seq)).scalars())


def crawls_of_history() -> Select[tuple[str]]:
    """Asks for the ids of all crawls of the backfill."""
    # the very words of the index's condition: a parameter in their place would not use it
    of_history: ColumnElement[bool] = literal_column(
        "custody.event = 'collection_started' AND custody.details->>'lane' = 'backfill'"
    )
    return select(custody.c.subject_id).where(of_history)

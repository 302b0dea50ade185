"""What issuers said about the certificates of time authorities, kept under lock and named in custody.

In: an archive, checked answers. Out: `StampedAt`s of the newest tokens, entries ``revocation_asked``. An entry
names each certificate by its digest, the answer's object, and which authorities it is about. Raises the errors
of the store. Nothing but custody says what was asked, so that `letapis rebuild` brings it back.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from crawlers.model.iso_time import time_text
from processors.digest import Digest, sha256
from processors.rfc3161.revocation import RevocationAnswer
from storage.archive import Archive
from storage.deposit.renewals import TIME_STAMP_RESPONSE
from storage.deposit.timestamps import OBTAINED, REVOCATION_ASKED, TIME_RENEWED
from storage.ledger.custody import append, entry_of, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody
from storage.log.deliveries import deliveries
from storage.objects.keys import CUSTODY_PREFIX, revocation_key


@dataclass(frozen=True, slots=True)
class StampedAt:
    """A token, or an evidence record whose newest token is meant, and when it was given.

    ``roots`` are None for a checkpoint's token, of which ``authority`` is the outlet's name instead of a URL.
    """

    key: str
    version_id: str
    authority: str
    at: datetime
    roots: Digest | None


@dataclass(frozen=True, slots=True)
class AnsweredCertificate:
    """An answer about the certificate of this digest, whose issuer's has the other one."""

    certificate: Digest
    issuer: Digest
    subject: str
    authorities: tuple[str, ...]
    url: str
    answer: RevocationAnswer


def stamped_since(connection: Connection, since: datetime) -> Iterator[StampedAt]:
    """The first and the last token of each authority on each day."""
    found: dict[tuple[str, object], list[StampedAt]] = {}
    for each in sorted(_all_since(connection, since), key=lambda token: token.at):
        found.setdefault((each.authority, each.at.date()), []).append(each)
    for tokens in found.values():
        yield from dict.fromkeys((tokens[0], tokens[-1]))


def _all_since(connection: Connection, since: datetime) -> Iterator[StampedAt]:
    query = select(custody).where(custody.c.event.in_((OBTAINED, TIME_RENEWED)), custody.c.at >= since)
    for row in connection.execute(query):
        details, at = row.details, datetime.fromisoformat(row.details["time"])
        place = row.subject_id, details.get("object_version", "")
        if row.event == TIME_RENEWED:
            place = details["records"][0]["key"], details["records"][0]["object_version"]
        yield StampedAt(*place, details["authority"], at, Digest.parse(details["roots"]))
    for given in deliveries(connection):
        if given.at >= since and given.proof_key.endswith(TIME_STAMP_RESPONSE):
            yield StampedAt(given.proof_key, given.proof_version, given.outlet, given.at, None)


def earlier_answers(connection: Connection) -> tuple[Mapping[Digest, datetime], frozenset[Digest]]:
    """When each certificate was asked about last, and those that name nobody to ask."""
    answered_at: dict[Digest, datetime] = {}
    unnamed: set[Digest] = set()
    query = select(custody).where(custody.c.event == REVOCATION_ASKED).order_by(custody.c.seq)
    for row in connection.execute(query):
        for each in row.details["answers"]:
            answered_at[Digest.parse(each["certificate"])] = datetime.fromisoformat(each["asked_at"])
        unnamed.update(Digest.parse(each["certificate"]) for each in row.details["unnamed"])
    return answered_at, frozenset(unnamed)


def store_answers(
    archive: Archive,
    answers: Sequence[AnsweredCertificate],
    unnamed: Sequence[tuple[Digest, str]],
    *,
    at: datetime,
    actor: str,
) -> CustodyEntry:
    """Store answers under lock and enter them into custody; ``unnamed`` are certificates without a responder."""
    rows = []
    for each in answers:
        digest = sha256(each.answer.content)
        stored = archive.objects.put_new(
            revocation_key(digest, each.answer.kind), each.answer.content, sha256=digest
        )
        rows.append(
            {
                "certificate": str(each.certificate),
                "issuer": str(each.issuer),
                "subject": each.subject,
                "authorities": list(each.authorities),
                "url": each.url,
                "kind": each.answer.kind.value,
                "status": each.answer.status.value,
                "this_update": time_text(each.answer.this_update),
                "revoked_at": None if each.answer.revoked_at is None else time_text(each.answer.revoked_at),
                "asked_at": time_text(at),
                "key": stored.key,
                "object_version": stored.version_id,
                "sha256": str(stored.sha256),
                "locked_until": time_text(stored.locked_until),
            }
        )
    details = {
        "answers": rows,
        "unnamed": [{"certificate": str(digest), "subject": subject} for digest, subject in unnamed],
    }
    with archive.writer.begin() as connection:
        entry = append(
            connection,
            REVOCATION_ASKED,
            keys=archive.sealing,
            subject_id=CUSTODY_PREFIX,
            actor=actor,
            details=details,
        )
    publish_pending_entries(archive)
    return entry


def answers_for(connection: Connection, stamped: Collection[tuple[str, datetime]]) -> set[str]:
    """The keys of what was answered about the certificates of authorities, first after each of these times."""
    query = select(custody).where(custody.c.event == REVOCATION_ASKED).order_by(custody.c.seq)
    rows = [each for row in connection.execute(query) for each in entry_of(row).details["answers"]]
    found: set[str] = set()
    for authority, at in stamped:
        first: dict[str, str] = {}
        for each in rows:
            if authority in each["authorities"] and datetime.fromisoformat(each["asked_at"]) >= at:
                first.setdefault(each["certificate"], each["key"])
        found |= set(first.values())
    return found

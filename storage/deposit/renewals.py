"""Time tokens that can be renewed, their evidence records, and the entry of custody that tells of a renewal.

In: an archive, records that a newer token covers. Out: `RenewableToken`s, entries ``time_renewed``. Renewable are
the tokens over entries of custody and those that outlets gave over checkpoints. A record is a locked object that
holds every token so far; an entry names the records that one new token covers, and the certificates of both
ends. Nothing but custody says what was renewed, so that `letapis rebuild` brings it back. Raises the errors of the
store.
Source: RFC 4998.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from crawlers.model.iso_time import time_text
from processors.digest import Digest, sha256
from processors.rfc4998.evidence_record import CheckedStamp
from storage.archive import Archive
from storage.deposit.timestamps import OBTAINED, TIME_RENEWED
from storage.ledger.custody import append, entry_of, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody
from storage.log.checkpoints import checkpoint_over
from storage.log.deliveries import deliveries
from storage.objects.keys import CUSTODY_PREFIX, evidence_record_key, root_key

TIME_STAMP_RESPONSE: Final = ".tsr"


@dataclass(frozen=True, slots=True)
class RenewableToken:
    """A token in the store and its renewals so far, oldest first.

    It is over the custody entry ``seq``, or over the checkpoint of ``size`` entries. ``authority`` is a URL, of a
    checkpoint's token the name of the outlet, whose ``roots`` are not stored before it is renewed.
    """

    key: str
    version_id: str
    authority: str
    seq: int | None
    size: int | None
    roots: Digest | None
    valid_until: datetime | None
    algorithms: tuple[str, ...]
    renewals: tuple[CustodyEntry, ...]

    @property
    def record(self) -> dict[str, Any] | None:
        """What the newest renewal says of this token's record; None where it was never renewed."""
        return row_of(self.renewals[-1], self.key) if self.renewals else None

    @property
    def next_number(self) -> int:
        """How many tokens the next record will have."""
        return len(self.renewals) + 2


@dataclass(frozen=True, slots=True)
class RenewedRecord:
    """A record as DER with one token more; ``first_roots`` (PEM) are those of its first token."""

    token: RenewableToken
    content: bytes
    first_roots: bytes


def row_of(entry: CustodyEntry, token_key: str) -> dict[str, Any]:
    """What a renewal says of one token."""
    return next(row for row in entry.details["records"] if row["token"] == token_key)


def renewals_by_token(entries: Sequence[CustodyEntry]) -> dict[str, tuple[CustodyEntry, ...]]:
    """Renewals by the key of the token that they renew, in the order of custody."""
    found: dict[str, list[CustodyEntry]] = defaultdict(list)
    for entry in entries:
        if entry.event == TIME_RENEWED:
            for row in entry.details["records"]:
                found[row["token"]].append(entry)
    return {key: tuple(renewals) for key, renewals in found.items()}


def renewable_tokens(connection: Connection) -> Iterator[RenewableToken]:
    """Every token over an entry, then every one over a checkpoint."""
    query = select(custody).where(custody.c.event.in_((OBTAINED, TIME_RENEWED))).order_by(custody.c.seq)
    found = [entry_of(row) for row in connection.execute(query)]
    renewals = renewals_by_token(found)
    for entry in found:
        if entry.event == OBTAINED:
            details = entry.details
            until = details.get("valid_until")
            yield RenewableToken(
                key=entry.subject_id,
                version_id=details["object_version"],
                authority=details["authority"],
                seq=details["seq"],
                size=None,
                roots=Digest.parse(details["roots"]),
                valid_until=None if until is None else datetime.fromisoformat(until),
                algorithms=tuple(details.get("algorithms", ())),
                renewals=renewals.get(entry.subject_id, ()),
            )
    for given in deliveries(connection):
        if given.proof_key.endswith(TIME_STAMP_RESPONSE):
            yield RenewableToken(
                key=given.proof_key,
                version_id=given.proof_version,
                authority=given.outlet,
                seq=None,
                size=given.size,
                roots=None,
                valid_until=None,
                algorithms=(),
                renewals=renewals.get(given.proof_key, ()),
            )


def renewal_objects(connection: Connection, tokens: Collection[str]) -> set[str]:
    """The keys of the newest records of these tokens, with the certificates of every token in them."""
    query = select(custody).where(custody.c.event == TIME_RENEWED).order_by(custody.c.seq)
    found: set[str] = set()
    for token, renewals in renewals_by_token([entry_of(row) for row in connection.execute(query)]).items():
        if token in tokens:
            row = row_of(renewals[-1], token)
            digests = [row["token_roots"], *(entry.details["roots"] for entry in renewals)]
            found |= {row["key"], *(root_key(Digest.parse(each)) for each in digests)}
    return found


def stamped_content(connection: Connection, token: RenewableToken) -> bytes:
    """The bytes that the first token is about; raises ``LookupError`` where the database has them no more."""
    if token.seq is not None:
        row = connection.execute(select(custody).where(custody.c.seq == token.seq)).first()
        if row is None:
            raise LookupError(f"entry {token.seq} of custody")
        return entry_of(row).canonical()
    checkpoint = checkpoint_over(connection, token.size or 0)
    if checkpoint is None:
        raise LookupError(f"the checkpoint over {token.size} entries")
    return checkpoint.note


def store_renewal(
    archive: Archive,
    records: Sequence[RenewedRecord],
    newest: CheckedStamp,
    roots: bytes,
    authority: str,
    *,
    actor: str,
) -> CustodyEntry:
    """Store the records and the certificates at both ends under lock, and enter them into custody together."""
    root = archive.objects.put_new(root_key(sha256(roots)), roots, sha256=sha256(roots))
    rows = []
    for each in records:
        first = sha256(each.first_roots)
        of_first = archive.objects.put_new(root_key(first), each.first_roots, sha256=first)
        key = evidence_record_key(each.token.key, each.token.next_number)
        stored = archive.objects.put_new(key, each.content, sha256=sha256(each.content))
        rows.append(
            {
                "token": each.token.key,
                "number": each.token.next_number,
                "key": stored.key,
                "object_version": stored.version_id,
                "sha256": str(stored.sha256),
                "locked_until": time_text(stored.locked_until),
                "token_roots": str(first),
                "token_roots_version": of_first.version_id,
                "token_roots_locked_until": time_text(of_first.locked_until),
            }
        )
    details = {
        "authority": authority,
        "time": newest.token.at.isoformat(),
        "serial": newest.token.serial,
        "signer": newest.token.signer,
        "algorithm": newest.token.imprint.algorithm,
        "algorithms": list(newest.lifetime.algorithms),
        "valid_until": time_text(newest.lifetime.valid_until),
        "roots": str(sha256(roots)),
        "root_version": root.version_id,
        "root_locked_until": time_text(root.locked_until),
        "records": rows,
    }
    with archive.writer.begin() as connection:
        entry = append(
            connection, TIME_RENEWED, keys=archive.sealing, subject_id=CUSTODY_PREFIX, actor=actor, details=details
        )
    publish_pending_entries(archive)
    return entry

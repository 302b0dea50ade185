"""Redacted copies of evidence, as custody knows them: which copy of what, which places, by whom and why.

In: connections. Out: `Redaction`s, read from the entries ``redacted`` alone, so that nothing has to be
restored. The newest of an original is the one that counts (`current_redactions`). What it covers in words, who
made it and why are sealed values: without a key, what is covered is still known to be covered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from processors.digest import Digest
from storage.archive import Archive
from storage.ledger.custody import append_and_publish, entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.entry_schema import REDACTED
from storage.ledger.tables import custody

OF_CAPTURE: Final = "capture"
OF_RECORD: Final = "record"
COPY_PREFIX: Final = "urn:redacted:"
"""How the address of a copy begins; the id of its original follows."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """Capture ``copy_id``, in the file ``warc_key``, is a redacted copy of a capture or record.

    ``original_digest``: the sha256 of the content that was covered; of a record, of the capture in which it was
    read. ``steps`` are the open geometry of each step. ``actor``, ``reason``, ``reasons`` (of each step) and
    ``covered`` (the very texts) are None where no key opens them.
    """

    seq: int
    at: datetime
    warc_key: str
    copy_id: str
    copy_digest: Digest
    media_type: str
    original_kind: str
    original_id: str
    original_digest: Digest
    tool: str
    steps: tuple[Mapping[str, Any], ...]
    actor: str | None
    reason: str | None
    reasons: tuple[str, ...] | None
    covered: tuple[str, ...] | None


def enter_redaction(
    archive: Archive,
    *,
    warc_key: str,
    copy_id: str,
    copy_digest: Digest,
    media_type: str,
    original_kind: str,
    original_id: str,
    original_digest: Digest,
    tool: str,
    steps: Sequence[Mapping[str, Any]],
    actor: str,
    reason: str,
    reasons: Sequence[str],
    covered: Sequence[str],
) -> Redaction:
    """Enter into custody what was covered, and store the entry."""
    entry = append_and_publish(
        archive,
        REDACTED,
        subject_id=warc_key,
        subject_digest=copy_digest,
        actor=actor,
        details={
            "copy_id": copy_id,
            "original_kind": original_kind,
            "original_id": original_id,
            "original_digest": str(original_digest),
            "media_type": media_type,
            "tool": tool,
            "steps": [dict(each) for each in steps],
            "reason": reason,
            "reasons": list(reasons),
            "covered": list(covered),
        },
    )
    return _redaction_of(entry)


def redactions(connection: Connection, original_id: str | None = None) -> tuple[Redaction, ...]:
    """Every redacted copy that was made, of one original or of all, oldest first."""
    query = select(custody).where(custody.c.event == REDACTED).order_by(custody.c.seq)
    if original_id is not None:
        query = query.where(custody.c.details["original_id"].astext == original_id)
    return tuple(_redaction_of(entry_of(row)) for row in connection.execute(query))


def current_redactions(found: Iterable[Redaction]) -> tuple[Redaction, ...]:
    """Of each original the newest one, oldest first: a newer copy takes the place of an older one.

    Captures with the same content are one original.
    """
    newest: dict[str, Redaction] = {}
    for each in found:
        key = each.original_id if each.original_kind == OF_RECORD else str(each.original_digest)
        newest.pop(key, None)
        newest[key] = each
    return tuple(newest.values())


def _redaction_of(entry: CustodyEntry) -> Redaction:
    details = entry.details
    assert entry.subject_digest is not None  # `storage.ledger.entry_schema` asks for it
    reasons, covered = details.get("reasons"), details.get("covered")
    return Redaction(
        seq=entry.seq,
        at=entry.at,
        warc_key=entry.subject_id,
        copy_id=details["copy_id"],
        copy_digest=entry.subject_digest,
        media_type=details["media_type"],
        original_kind=details["original_kind"],
        original_id=details["original_id"],
        original_digest=Digest.parse(details["original_digest"]),
        tool=details["tool"],
        steps=tuple(details["steps"]),
        actor=entry.actor,
        reason=details.get("reason"),
        reasons=None if reasons is None else tuple(reasons),
        covered=None if covered is None else tuple(covered),
    )

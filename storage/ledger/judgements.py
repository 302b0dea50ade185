"""Analysts' verdicts on two media: that they show the same picture, or that they do not.

In: an archive, two digests, a verdict with its author and reason. Out: `storage.ledger.custody` entries, rows of
`ledger.assertions`, and `Judgement`s for grouping. Guaranteed: a judgement is never changed or removed; a later
one about the same two media supersedes it; each is also an entry of custody and thereby a locked object, from
which a rebuild restores it. Times and ids are those of the first writing, also after that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_keep
from ulid import ULID

from processors.digest import Digest
from processors.similarity.clustering import Judgement, Verdict
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.chain import Chain
from storage.ledger.custody import append, publish_pending_entries
from storage.ledger.tables import assertions

PREDICATE: Final = "shows_the_same_as"
EVENT: Final = "asserted"
NO_REASON: Final = (
    "A judgement needs a reason: it is kept for good, and nobody can ask for it later. Say in a few words what "
    "you compared and what you saw; withdrawing a judgement needs a reason, too. Nothing was written."
)
LOCK_KEY: Final = 7_305_510_005
"""Advisory lock: two judgements about the same media at once must not both supersede the one before."""


class JudgementError(StorageError):
    """The judgement is not valid; nothing was written."""


@dataclass(frozen=True, slots=True)
class AnalystVerdict:
    """One judgement: ``a < b``; ``supersedes`` the id of the one before it about the same two media.

    ``reason`` is None of judgements that were made before a reason was required.
    """

    id: str
    a: Digest
    b: Digest
    verdict: Verdict
    reason: str | None
    author: str
    at: datetime
    supersedes: str | None


def judge(
    archive: Archive, one: Digest, other: Digest, verdict: Verdict, *, author: str, reason: str
) -> AnalystVerdict:
    """Write down what an analyst decided; raises `JudgementError` without a reason, or for one medium."""
    if one == other:
        raise JudgementError(f"{one}: a medium is the same as itself; nothing was written.")
    if not reason.strip():
        raise JudgementError(NO_REASON)
    a, b = sorted((one, other))
    with archive.writer.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        before = next((each for each in verdicts_on(connection, a) if {each.a, each.b} == {a, b}), None)
        given = AnalystVerdict(
            id=str(ULID()),
            a=a,
            b=b,
            verdict=verdict,
            reason=reason.strip(),
            author=author,
            at=datetime.now(UTC),
            supersedes=None if before is None else before.id,
        )
        row = _verdict_row(given)
        connection.execute(insert(assertions).values(**row))
        details = {**row, "at": given.at.isoformat(timespec="microseconds")}
        append(
            connection,
            EVENT,
            keys=archive.sealing,
            subject_id=str(a),
            subject_digest=a,
            actor=author,
            details=details,
        )
    publish_pending_entries(archive)
    return given


def verdicts_on(connection: Connection, medium: Digest) -> tuple[AnalystVerdict, ...]:
    """The current verdicts on this medium and any other, the latest first."""
    query = select(assertions).where(
        (assertions.c.subject_id == str(medium)) | (assertions.c.value["other"].astext == str(medium))
    )
    return _latest(connection, query)


def judgements(connection: Connection) -> tuple[Judgement, ...]:
    """All current verdicts, in the form that grouping takes."""
    verdicts = _latest(connection, select(assertions))
    return tuple(
        Judgement(each.a, each.b, each.verdict is Verdict.SAME)
        for each in verdicts
        if each.verdict is not Verdict.UNDECIDED
    )


def restore_assertions(archive: Archive, chain: Chain) -> int:
    """Restore the judgements of the chain in a ledger that lacks them; returns how many it lacked.

    A judgement whose entry could not be opened is not known, and so not restored.
    """
    asserted = (chained.entry for chained in chain.entries if chained.entry.event == EVENT)
    entries = [entry for entry in asserted if entry.unknown_because is None]
    restored = 0
    with archive.writer.begin() as connection:
        for entry in entries:
            row = {**entry.details, "at": datetime.fromisoformat(entry.details["at"])}
            insertion = connection.execute(insert_or_keep(assertions).values(**row).on_conflict_do_nothing())
            restored += insertion.rowcount
    return restored


def _verdict_row(verdict: AnalystVerdict) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "subject_id": str(verdict.a),
        "predicate": PREDICATE,
        "value": {"other": str(verdict.b), "verdict": str(verdict.verdict), "reason": verdict.reason},
        "author": verdict.author,
        "at": verdict.at,
        "evidence_ids": [str(verdict.a), str(verdict.b)],
        "supersedes": verdict.supersedes,
    }


def _latest(connection: Connection, query: Any) -> tuple[AnalystVerdict, ...]:
    rows = connection.execute(
        query.where(assertions.c.predicate == PREDICATE).order_by(assertions.c.at.desc(), assertions.c.id.desc())
    )
    verdicts = [_verdict_of(row) for row in rows]
    superseded = {each.supersedes for each in verdicts}
    return tuple(each for each in verdicts if each.id not in superseded)


def _verdict_of(row: Any) -> AnalystVerdict:
    return AnalystVerdict(
        id=row.id,
        a=Digest.parse(row.subject_id),
        b=Digest.parse(row.value["other"]),
        verdict=Verdict(row.value["verdict"]),
        reason=row.value["reason"],
        author=row.author,
        at=row.at,
        supersedes=row.supersedes,
    )


def joined_by(judged: Iterable[Judgement]) -> dict[Digest, set[Digest]]:
    """For each medium, those that it was judged to be the same as."""
    found: dict[Digest, set[Digest]] = {}
    for each in judged:
        if each.same:
            found.setdefault(each.a, set()).add(each.b)
            found.setdefault(each.b, set()).add(each.a)
    return found

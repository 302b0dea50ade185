"""What analysts found out about a record or medium, who confirmed it and who disagrees: appended, never changed.

In: connections, acts. Out: `AssessmentAct`s and `Standing`s. Guaranteed: each act is one entry of custody and one
row with its number, in one transaction; the store alone restores the rows. All but which record or medium it is
about is sealed, so that without a key nothing of it is known. Rules of who may do what stand in
`storage.integrity.assessment`. It is about what content shows: whether bytes are those that were deposited is
asked by `storage.integrity.verification`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, Connection, String, column, insert, select, table
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from storage.archive import Archive
from storage.ledger.chain import Chain
from storage.ledger.custody import append
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import assessments
from storage.sealing_keys import SealingKeys

AssessedKind = Literal["record", "medium"]


class VerificationStatus(StrEnum):
    """How a record or medium stands; what was never assessed is unverified."""

    UNVERIFIED = "unverified"
    IN_WORK = "in_work"
    VERIFIED = "verified"
    REFUTED = "refuted"
    DISPUTED = "disputed"


FINDINGS: Final = (VerificationStatus.VERIFIED, VerificationStatus.REFUTED)
"""What one person proposes and another confirms."""


class AssessmentEvent(StrEnum):
    """What somebody did; the value is the event of custody."""

    BEGUN = "assessment_begun"
    PROPOSED = "assessment_proposed"
    CONFIRMED = "assessment_confirmed"
    DISPUTED = "assessment_disputed"
    DROPPED = "assessment_dropped"


verification_status: Final = table(
    "verification_status",
    column("subject_kind", String),
    column("subject_id", String),
    column("status", String),
    column("custody_seq", BigInteger),
    schema="ledger",
)
"""The view of how everything stands that was ever assessed."""


@dataclass(frozen=True, slots=True)
class AssessedSubject:
    """A record by its id, or a medium by the sha256 of its bytes (``sha256:...``)."""

    kind: AssessedKind
    id: str


@dataclass(frozen=True, slots=True)
class Findings:
    """``place`` and ``happened`` (when) are None where they were not found out; ``note`` is never handed over."""

    place: str | None = None
    happened: str | None = None
    method: str | None = None
    note: str | None = None


NOTHING_FOUND: Final = Findings()


@dataclass(frozen=True, slots=True)
class AssessmentAct:
    """One act: custody entry ``seq``. ``status`` is how the subject stands after it.

    ``finding`` is what is proposed or confirmed, ``proposal`` the act that this one answers. ``version_id`` is the
    wording of a record that it is about.
    """

    seq: int
    at: datetime
    actor: str
    event: AssessmentEvent
    subject: AssessedSubject
    status: VerificationStatus
    finding: VerificationStatus | None = None
    version_id: str | None = None
    found: Findings = NOTHING_FOUND
    proposal: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subject stands after its acts.

    ``decided`` is the confirmed proposal that the status rests on (None where it rests on none), ``confirmed`` its
    confirmation; ``waiting`` a proposal that waits for a second person.
    """

    status: VerificationStatus = VerificationStatus.UNVERIFIED
    since: datetime | None = None
    decided: AssessmentAct | None = None
    confirmed: AssessmentAct | None = None
    waiting: AssessmentAct | None = None


def write_assessment(
    connection: Connection,
    keys: SealingKeys | None,
    event: AssessmentEvent,
    subject: AssessedSubject,
    status: VerificationStatus,
    *,
    actor: str,
    finding: VerificationStatus | None = None,
    version_id: str | None = None,
    found: Findings = NOTHING_FOUND,
    proposal: int | None = None,
) -> AssessmentAct:
    """Append the act to custody and ledger in the caller's transaction."""
    entry = append(
        connection,
        event,
        keys=keys,
        subject_id=subject.id,
        actor=actor,
        details={
            "subject_kind": subject.kind,
            "status": str(status),
            "finding": None if finding is None else str(finding),
            "version_id": version_id,
            "place": found.place,
            "happened": found.happened,
            "method": found.method,
            "note": found.note,
            "proposal": proposal,
        },
    )
    row = _row(entry)
    connection.execute(insert(assessments).values(**row))
    return _act_of(row)


def assessments_of(
    connection: Connection, subject: AssessedSubject, *, until: datetime | None = None
) -> tuple[AssessmentAct, ...]:
    """Everything that was done about the subject, oldest first; ``until`` leaves out what came after it."""
    query = select(assessments).where(
        assessments.c.subject_kind == subject.kind, assessments.c.subject_id == subject.id
    )
    if until is not None:
        query = query.where(assessments.c.at <= until)
    rows = connection.execute(query.order_by(assessments.c.custody_seq))
    return tuple(_act_of(row._mapping) for row in rows)


def assessment_by_number(connection: Connection, seq: int) -> AssessmentAct | None:
    """The act with this number of custody; None where there is none."""
    row = connection.execute(select(assessments).where(assessments.c.custody_seq == seq)).first()
    return None if row is None else _act_of(row._mapping)


def standing_of(acts: Iterable[AssessmentAct]) -> Standing:
    """What the acts about one subject, oldest first, come to."""
    standing = Standing()
    proposals: dict[int, AssessmentAct] = {}
    for act in acts:
        waiting, decided, confirmed = standing.waiting, standing.decided, standing.confirmed
        since = standing.since if act.status is standing.status else act.at
        match act.event:
            case AssessmentEvent.PROPOSED:
                waiting = proposals[act.seq] = act
            case AssessmentEvent.CONFIRMED:
                since, decided, confirmed, waiting = act.at, proposals.get(act.proposal or 0), act, None
            case AssessmentEvent.DISPUTED | AssessmentEvent.DROPPED:
                waiting = None
            case AssessmentEvent.BEGUN:
                pass
        if act.status not in FINDINGS:
            decided = confirmed = None
        standing = Standing(act.status, since, decided, confirmed, waiting)
    return standing


def statuses_of(connection: Connection, kind: AssessedKind, ids: Collection[str]) -> dict[str, VerificationStatus]:
    """The status of each of these that was ever assessed."""
    if not ids:
        return {}
    view = verification_status
    query = select(view.c.subject_id, view.c.status).where(view.c.subject_kind == kind, view.c.subject_id.in_(ids))
    return {row.subject_id: VerificationStatus(row.status) for row in connection.execute(query)}


def assessed_now(connection: Connection, kind: AssessedKind | None = None) -> dict[str, frozenset[str]]:
    """The ids of everything that was ever assessed, by its status now."""
    view = verification_status
    query = select(view.c.subject_id, view.c.status)
    if kind is not None:
        query = query.where(view.c.subject_kind == kind)
    found: dict[str, set[str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.status, set()).add(row.subject_id)
    return {status: frozenset(ids) for status, ids in found.items()}


def newest_assessments(connection: Connection, statuses: Collection[str] = ()) -> tuple[AssessmentAct, ...]:
    """The newest act about each subject, the newest first; with ``statuses`` only of what stands so now."""
    view = verification_status
    seqs = select(view.c.custody_seq)
    if statuses:
        seqs = seqs.where(view.c.status.in_(statuses))
    query = select(assessments).where(assessments.c.custody_seq.in_(seqs))
    rows = connection.execute(query.order_by(assessments.c.custody_seq.desc()))
    return tuple(_act_of(row._mapping) for row in rows)


def restore_assessments(archive: Archive, chain: Chain) -> int:
    """Restore the rows of the chain's entries in a ledger that lacks them; returns how many it lacked.

    An entry whose values cannot be opened gives no row: what it said is not known.
    """
    rows = [
        _row(chained.entry)
        for chained in chain.entries
        if chained.entry.event in set(AssessmentEvent) and chained.entry.unknown_because is None
    ]
    if not rows:
        return 0
    with archive.writer.begin() as connection:
        made = connection.execute(
            insert_or_keep(assessments).on_conflict_do_nothing().returning(assessments.c.custody_seq), rows
        )
        return len(made.all())


def _row(entry: CustodyEntry) -> dict[str, Any]:
    details = entry.details
    names = ("finding", "version_id", "place", "happened", "method", "note", "proposal")
    return {
        "custody_seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "event": entry.event,
        "subject_kind": details["subject_kind"],
        "subject_id": entry.subject_id,
        "status": details["status"],
        **{name: details.get(name) for name in names},
    }


def _act_of(row: Mapping[Any, Any]) -> AssessmentAct:
    return AssessmentAct(
        seq=row["custody_seq"],
        at=row["at"],
        actor=row["actor"],
        event=AssessmentEvent(row["event"]),
        subject=AssessedSubject(row["subject_kind"], row["subject_id"]),
        status=VerificationStatus(row["status"]),
        finding=None if row["finding"] is None else VerificationStatus(row["finding"]),
        version_id=row["version_id"],
        found=Findings(row["place"], row["happened"], row["method"], row["note"]),
        proposal=row["proposal"],
    )

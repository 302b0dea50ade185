"""Who withdrew, quarantined, gave back or ordered to purge what, and why: appended and never changed.

In: connections, acts. Out: `WithdrawalAct`s. Guaranteed: each act is one entry of custody and one row with its
number, in one transaction; the store alone restores the rows, and without a sealing key still what is hidden, not
by whom and why. What the acts come to is the view ``ledger.hidden``. Rules of who may confirm stand in
`storage.integrity.withdrawal`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from storage.archive import Archive
from storage.ledger.chain import Chain
from storage.ledger.custody import append
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import withdrawals
from storage.sealing_keys import SealingKeys

SubjectKind = Literal["capture", "record", "medium"]


class ActKind(StrEnum):
    """What somebody did; the value is the event of custody."""

    QUARANTINED = "quarantined"
    WITHDRAWAL_PROPOSED = "withdrawal_proposed"
    WITHDRAWN = "withdrawn"
    RESTORATION_PROPOSED = "restoration_proposed"
    RESTORED = "restored"
    DECLINED = "proposal_declined"
    PURGE_PROPOSED = "purge_proposed"
    PURGE_ORDERED = "purge_ordered"


PROPOSALS: Final = (ActKind.WITHDRAWAL_PROPOSED, ActKind.RESTORATION_PROPOSED, ActKind.PURGE_PROPOSED)
EFFECTIVE: Final = (ActKind.QUARANTINED, ActKind.WITHDRAWN, ActKind.RESTORED)


@dataclass(frozen=True, slots=True)
class HiddenSubject:
    """A capture or record by its id, or a medium by the sha256 of its bytes (``sha256:...``)."""

    kind: SubjectKind
    id: str


@dataclass(frozen=True, slots=True)
class WithdrawalAct:
    """One act: custody entry ``seq``. ``second`` is who is to confirm a proposal, ``proposal`` what this decides.

    ``actor``, ``reason``, ``basis`` and ``second`` are None also where no key is here that opens them.
    """

    seq: int
    at: datetime
    actor: str | None
    event: ActKind
    subject: HiddenSubject
    reason: str | None = None
    basis: str | None = None
    second: str | None = None
    proposal: int | None = None


def write_act(
    connection: Connection,
    keys: SealingKeys | None,
    event: ActKind,
    subject: HiddenSubject,
    *,
    actor: str,
    reason: str | None = None,
    basis: str | None = None,
    second: str | None = None,
    proposal: int | None = None,
) -> WithdrawalAct:
    """Append the act to custody and ledger in the caller's transaction."""
    entry = append(
        connection,
        event,
        keys=keys,
        subject_id=subject.id,
        actor=actor,
        details={
            "subject_kind": subject.kind,
            "reason": reason,
            "basis": basis,
            "second": second,
            "proposal": proposal,
        },
    )
    row = _row(entry)
    connection.execute(insert(withdrawals).values(**row))
    return _act_of(row)


def act_by_number(connection: Connection, seq: int) -> WithdrawalAct | None:
    """The act with this number of custody; None where there is none."""
    row = connection.execute(select(withdrawals).where(withdrawals.c.custody_seq == seq)).first()
    return None if row is None else _act_of(row._mapping)


def acts_about(connection: Connection, subject: HiddenSubject) -> tuple[WithdrawalAct, ...]:
    """Everything that was done about the subject, oldest first."""
    query = select(withdrawals).where(
        withdrawals.c.subject_kind == subject.kind, withdrawals.c.subject_id == subject.id
    )
    return _acts(connection.execute(query.order_by(withdrawals.c.custody_seq)).all())


def open_proposals(connection: Connection) -> tuple[WithdrawalAct, ...]:
    """What is proposed and neither confirmed nor declined, oldest first."""
    decided = withdrawals.alias("decided")
    query = select(withdrawals).where(
        withdrawals.c.event.in_(PROPOSALS),
        ~select(decided.c.custody_seq).where(decided.c.proposal == withdrawals.c.custody_seq).exists(),
    )
    return _acts(connection.execute(query.order_by(withdrawals.c.custody_seq)).all())


def hiding_acts(connection: Connection) -> tuple[WithdrawalAct, ...]:
    """Of each subject that is hidden now the act that hides it, the newest first."""
    acts = _acts(
        connection.execute(
            select(withdrawals)
            .ext(distinct_on(withdrawals.c.subject_kind, withdrawals.c.subject_id))
            .where(withdrawals.c.event.in_(EFFECTIVE))
            .order_by(withdrawals.c.subject_kind, withdrawals.c.subject_id, withdrawals.c.custody_seq.desc())
        ).all()
    )
    hidden = (act for act in acts if act.event is not ActKind.RESTORED)
    return tuple(sorted(hidden, key=lambda act: act.seq, reverse=True))


def purge_orders(connection: Connection) -> tuple[WithdrawalAct, ...]:
    """Every purge that two people have ordered, oldest first."""
    query = select(withdrawals).where(withdrawals.c.event == ActKind.PURGE_ORDERED)
    return _acts(connection.execute(query.order_by(withdrawals.c.custody_seq)).all())


def restore_withdrawals(archive: Archive, chain: Chain) -> int:
    """Restore the rows of the chain's entries in a ledger that lacks them; returns how many it lacked."""
    rows = [_row(chained.entry) for chained in chain.entries if chained.entry.event in set(ActKind)]
    if not rows:
        return 0
    with archive.writer.begin() as connection:
        made = connection.execute(
            insert_or_keep(withdrawals).on_conflict_do_nothing().returning(withdrawals.c.custody_seq), rows
        )
        return len(made.all())


def _row(entry: CustodyEntry) -> dict[str, Any]:
    details = entry.details
    return {
        "custody_seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "event": entry.event,
        "subject_kind": details["subject_kind"],
        "subject_id": entry.subject_id,
        "reason": details.get("reason"),
        "basis": details.get("basis"),
        "second": details.get("second"),
        "proposal": details.get("proposal"),
    }


def _acts(rows: Iterable[Row[Any]]) -> tuple[WithdrawalAct, ...]:
    return tuple(_act_of(row._mapping) for row in rows)


def _act_of(row: Mapping[Any, Any]) -> WithdrawalAct:
    return WithdrawalAct(
        seq=row["custody_seq"],
        at=row["at"],
        actor=row["actor"],
        event=ActKind(row["event"]),
        subject=HiddenSubject(row["subject_kind"], row["subject_id"]),
        reason=row["reason"],
        basis=row["basis"],
        second=row["second"],
        proposal=row["proposal"],
    )

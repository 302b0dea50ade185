"""Who is a member of which case, and to whom other labels are granted: human acts, appended and never changed.

In: an archive, the name under which a person logs in, a case's reference or a label of the watch-list. Out:
`Membership`s. Guaranteed: each act is one entry of custody (``member_added``, ``member_removed``) and one row with
that entry's number, in one transaction; the store alone restores the rows. A case's label is random and never says
which case it is, since WARC files and custody carry it; its reference stands in the ledger alone. Raises
`MembershipError`.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, String, column, insert, select, table
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from storage.access_labels import DEFAULT_LABEL, HIDDEN_LABELS
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.chain import Chain
from storage.ledger.custody import append, lock_chain, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import memberships

ADDED: Final = "member_added"
REMOVED: Final = "member_removed"
SUBJECT: Final = "memberships"
"""The subject of every such entry; whom and what it is about is sealed."""

LABEL_BYTES: Final = 8
LONGEST: Final = 500
"""Characters of a name, a label or a case's reference: as many as a label of the watch-list may have."""

members: Final = table(
    "members",
    column("member", String),
    column("label", String),
    column("case_reference", String),
    column("since", TIMESTAMP(timezone=True)),
    column("added_by", String),
    schema="ledger",
)
"""The view of who is a member now."""


class MembershipError(StorageError):
    """The name, the case or the label is not one that can be granted; nothing was written."""


@dataclass(frozen=True, slots=True)
class Membership:
    """``member`` sees what has ``label``; ``case_reference`` is None of a label that is no case's."""

    member: str
    label: str
    case_reference: str | None
    since: datetime
    added_by: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its members name it, and the label of what belongs to it."""

    reference: str
    label: str


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """What was written: custody entry ``seq``, or None where it was so before."""

    member: str
    label: str
    case_reference: str | None
    event: str
    seq: int | None


def add_member(
    archive: Archive, member: str, *, actor: str, case: str | None = None, label: str | None = None
) -> MembershipChange:
    """Let the person see what belongs to the case, or has the label; a case that is not there yet is made."""
    return _write(archive, ADDED, member, actor=actor, case=case, label=label)


def remove_member(
    archive: Archive, member: str, *, actor: str, case: str | None = None, label: str | None = None
) -> MembershipChange:
    """Take it from them again, from now on."""
    return _write(archive, REMOVED, member, actor=actor, case=case, label=label)


def _write(
    archive: Archive, event: str, member: str, *, actor: str, case: str | None, label: str | None
) -> MembershipChange:
    member = _valid(member, "the name of a person, as they log in")
    if (case is None) == (label is None):
        raise MembershipError("A case or a label: expected exactly one of them. Nothing was written.")
    reference = None if case is None else _valid(case, "the reference of a case")
    with archive.writer.begin() as connection:
        lock_chain(connection)
        if reference is not None:
            name = _label_of_case(connection, reference)
            if name is None and event == REMOVED:
                raise MembershipError(f"Case {reference}: there is none. Nothing was written.")
            name = name or f"case-{secrets.token_hex(LABEL_BYTES)}"
        else:
            name = _valid_label(label or "")
            reference = _reference_of_label(connection, name)
        there = connection.execute(
            select(members.c.member).where(members.c.member == member, members.c.label == name)
        ).first()
        if (there is not None) == (event == ADDED):
            return MembershipChange(member, name, reference, event, None)
        entry = append(
            connection,
            event,
            keys=archive.sealing,
            subject_id=SUBJECT,
            actor=actor,
            details={"member": member, "label": name, "case_reference": reference},
        )
        connection.execute(insert(memberships).values(**_row(entry)))
    publish_pending_entries(archive)
    return MembershipChange(member, name, reference, event, entry.seq)


def members_now(connection: Connection) -> tuple[Membership, ...]:
    """Everybody to whom a label is granted, by case and label."""
    query = select(members).order_by(members.c.case_reference, members.c.label, members.c.member)
    return tuple(Membership(**row._mapping) for row in connection.execute(query))


def cases_of(connection: Connection, member: str) -> tuple[Case, ...]:
    """The cases of which the person is a member."""
    query = (
        select(members.c.case_reference, members.c.label)
        .where(members.c.member == member, members.c.case_reference.is_not(None))
        .order_by(members.c.case_reference)
    )
    return tuple(Case(row.case_reference, row.label) for row in connection.execute(query))


def case_by_reference(connection: Connection, reference: str) -> Case | None:
    """The case, whoever its members are; None where there is none."""
    label = _label_of_case(connection, reference.strip())
    return None if label is None else Case(reference.strip(), label)


def restore_memberships(archive: Archive, chain: Chain) -> int:
    """Restore the rows of the chain's entries in a ledger that lacks them; returns how many it lacked.

    An entry whose values cannot be opened any more gives no row: what it granted stays closed until somebody
    grants it again.
    """
    rows = list(_rows_of(chain))
    if not rows:
        return 0
    with archive.writer.begin() as connection:
        made = connection.execute(
            insert_or_keep(memberships).on_conflict_do_nothing().returning(memberships.c.custody_seq), rows
        )
        return len(made.all())


def _rows_of(chain: Chain) -> Iterator[dict[str, Any]]:
    for chained in chain.entries:
        if chained.entry.event in (ADDED, REMOVED) and isinstance(chained.entry.details.get("member"), str):
            yield _row(chained.entry)


def _row(entry: CustodyEntry) -> dict[str, Any]:
    return {
        "custody_seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "event": entry.event,
        "member": entry.details["member"],
        "label": entry.details["label"],
        "case_reference": entry.details.get("case_reference"),
    }


def _label_of_case(connection: Connection, reference: str) -> str | None:
    query = select(memberships.c.label).where(memberships.c.case_reference == reference)
    found: str | None = connection.scalar(query.order_by(memberships.c.custody_seq).limit(1))
    return found


def _reference_of_label(connection: Connection, label: str) -> str | None:
    query = select(memberships.c.case_reference).where(memberships.c.label == label)
    found: str | None = connection.scalar(query.order_by(memberships.c.custody_seq).limit(1))
    return found


def _valid(text: str, what: str) -> str:
    stripped = text.strip()
    if not 0 < len(stripped) <= LONGEST or not stripped.isprintable():
        raise MembershipError(
            f"Expected {what}, of at most {LONGEST} characters on one line, found {text[:LONGEST]!r}. "
            "Nothing was written."
        )
    return stripped


def _valid_label(text: str) -> str:
    stripped = _valid(text, "an access label of the watch-list")
    if stripped == DEFAULT_LABEL:
        raise MembershipError(f"Every reader sees what has the label {DEFAULT_LABEL}. Nothing was written.")
    if stripped in HIDDEN_LABELS:
        raise MembershipError(
            f"The label {stripped} hides what the law or a person has taken out of sight; nobody is granted it. "
            "Nothing was written; `letapis restore` gives back what was hidden by mistake."
        )
    return stripped

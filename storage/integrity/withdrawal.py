"""Takes a capture, record or medium out of sight, gives it back, or has it purged: what needs two people.

In: an archive, what is named, who acts, why. Out: `WithdrawalAct`s. Guaranteed: an act, its row and the labels
that follow from it are one transaction, so that with its return nobody is shown what is hidden; the entry of
custody stays for good; bytes stay until a purge that was ordered is carried out (`storage.integrity.purge`). One
person may quarantine. To withdraw, to give back, or to purge what is withdrawn, one proposes and names the second,
who confirms; nobody confirms their own proposal, and nobody but the second confirms it. Raises
`WithdrawalError`, with which nothing was written. Source: docs/decisions/0041-law.md.
"""

from typing import Final

from sqlalchemy import Connection, select

from storage.access_labels import UPKEEP
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id
from storage.catalogue.hiding import apply_hiding
from storage.catalogue.tables import media, records
from storage.catalogue.write_gate import enter
from storage.errors import StorageError
from storage.ledger.custody import lock_chain, publish_pending_entries
from storage.ledger.withdrawals import (
    EFFECTIVE,
    PROPOSALS,
    ActKind,
    HiddenSubject,
    WithdrawalAct,
    act_by_number,
    acts_about,
    open_proposals,
    write_act,
)

LONGEST: Final = 2000
"""Characters of a reason or a basis."""

CONFIRMED: Final = {
    ActKind.WITHDRAWAL_PROPOSED: ActKind.WITHDRAWN,
    ActKind.RESTORATION_PROPOSED: ActKind.RESTORED,
    ActKind.PURGE_PROPOSED: ActKind.PURGE_ORDERED,
}
"""What a proposal becomes when it is confirmed."""

WITH_BASIS: Final = (ActKind.WITHDRAWAL_PROPOSED, ActKind.PURGE_PROPOSED)

NOTHING: Final = "Nothing was written, and nothing is hidden that was not before."


class WithdrawalError(StorageError):
    """The act is refused; the sentence says why, and nothing was written."""

    def __init__(self, words: str) -> None:
        super().__init__(f"{words} {NOTHING}")


class NothingOfThisName(WithdrawalError):
    """The archive has nothing with this name, or nothing that this person could have seen."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:200]}: expected the id of a capture or a record, or the digest of a medium (sha256:...), "
            "found nothing of this name in the archive."
        )


def quarantine(archive: Archive, name: str, *, actor: str, reason: str) -> WithdrawalAct:
    """Hide at once what is named, until two people withdraw it or give it back."""
    why = _words(reason, "a reason")
    with archive.writer.begin() as connection:
        subject = _begin(connection, name)
        state = _state(connection, subject)
        if state is not None and state.event is not ActKind.RESTORED:
            raise WithdrawalError(f"{subject.id} is {state.event} since {state.at:%Y-%m-%d %H:%M} UTC already.")
        act = write_act(connection, archive.sealing, ActKind.QUARANTINED, subject, actor=actor, reason=why)
        apply_hiding(connection)
    publish_pending_entries(archive)
    return act


def propose_withdrawal(
    archive: Archive, name: str, *, actor: str, reason: str, basis: str, second: str
) -> WithdrawalAct:
    """Propose to withdraw what is named; it is hidden when ``second`` has confirmed, not before."""
    return _propose(archive, ActKind.WITHDRAWAL_PROPOSED, name, actor, _words(reason, "a reason"), basis, second)


def propose_restoration(archive: Archive, name: str, *, actor: str, reason: str, second: str) -> WithdrawalAct:
    """Propose to give back what was withdrawn or quarantined by mistake."""
    return _propose(archive, ActKind.RESTORATION_PROPOSED, name, actor, _words(reason, "a reason"), None, second)


def propose_purge(
    archive: Archive, name: str, *, actor: str, reason: str, basis: str, second: str
) -> WithdrawalAct:
    """Propose that the bytes of what is withdrawn are deleted; once it is confirmed, nothing brings them back."""
    return _propose(archive, ActKind.PURGE_PROPOSED, name, actor, _words(reason, "a reason"), basis, second)


def confirm(archive: Archive, number: int, *, actor: str) -> WithdrawalAct:
    """Confirm a proposal as the second person; what it says is so when this returns."""
    with archive.writer.begin() as connection:
        enter(connection)
        lock_chain(connection)
        proposal = _open(connection, number)
        if actor == proposal.actor:
            raise WithdrawalError(
                f"Proposal {number} is your own ({actor}). It takes two people: expected {proposal.second} to "
                "confirm it, with their own login."
            )
        if actor != proposal.second:
            raise WithdrawalError(
                f"Proposal {number} names somebody else as its second person: expected their login, found "
                f"{actor}. Whoever proposed it may decline it and name you in a new one."
            )
        _require_possible(connection, proposal.event, proposal.subject)
        event = CONFIRMED[proposal.event]
        act = write_act(
            connection,
            archive.sealing,
            event,
            proposal.subject,
            actor=actor,
            reason=proposal.reason,
            basis=proposal.basis,
            proposal=number,
        )
        apply_hiding(connection)
    publish_pending_entries(archive)
    return act


def decline(archive: Archive, number: int, *, actor: str) -> WithdrawalAct:
    """Let a proposal fall; either of the two may."""
    with archive.writer.begin() as connection:
        enter(connection)
        lock_chain(connection)
        proposal = _open(connection, number)
        if actor not in (proposal.actor, proposal.second):
            raise WithdrawalError(f"Proposal {number} is of two other people: one of them may decline it.")
        act = write_act(
            connection, archive.sealing, ActKind.DECLINED, proposal.subject, actor=actor, proposal=number
        )
    publish_pending_entries(archive)
    return act


def find_subject(connection: Connection, name: str) -> HiddenSubject:
    """What has this name, hidden or not; raises `WithdrawalError` where nothing has."""
    wanted = name.strip()
    capture = capture_by_id(connection, wanted, viewer=UPKEEP)
    if capture is not None:
        return HiddenSubject("capture", capture.id)
    if connection.scalar(select(records.c.id).where(records.c.id == wanted)):
        return HiddenSubject("record", wanted)
    digest = wanted if wanted.startswith("sha256:") else f"sha256:{wanted}"
    if connection.scalar(select(media.c.sha256).where(media.c.sha256 == digest)):
        return HiddenSubject("medium", digest)
    raise NothingOfThisName(name)


def _propose(
    archive: Archive, event: ActKind, name: str, actor: str, reason: str, basis: str | None, second: str
) -> WithdrawalAct:
    on = _words(basis or "", "a legal basis") if event in WITH_BASIS else None
    other = _words(second, "the login of a second person")
    if other.casefold() == actor.casefold():
        raise WithdrawalError(
            f"The second person is the first: expected somebody else than {actor}, found {other}. Nothing was "
            "proposed and nothing was changed; name a colleague who can confirm it with their own login."
        )
    with archive.writer.begin() as connection:
        subject = _begin(connection, name)
        _require_possible(connection, event, subject)
        for each in open_proposals(connection):
            if each.subject == subject and each.event is event:
                raise WithdrawalError(
                    f"{subject.id}: proposal {each.seq} is open already; {each.second} is to confirm it."
                )
        act = write_act(
            connection, archive.sealing, event, subject, actor=actor, reason=reason, basis=on, second=other
        )
    publish_pending_entries(archive)
    return act


def _require_possible(connection: Connection, event: ActKind, subject: HiddenSubject) -> None:
    """Whether what is proposed can be done as things stand, now and when it is confirmed."""
    state = _state(connection, subject)
    ordered = next((act for act in acts_about(connection, subject) if act.event is ActKind.PURGE_ORDERED), None)
    if event is ActKind.RESTORATION_PROPOSED:
        if state is None or state.event is ActKind.RESTORED:
            raise WithdrawalError(
                f"{subject.id}: expected what somebody has withdrawn or quarantined under this name. What is "
                "hidden with something else comes back with that."
            )
        if ordered is not None:
            raise WithdrawalError(
                f"{subject.id}: its purge was ordered on {ordered.at:%Y-%m-%d %H:%M} UTC; it cannot be given back."
            )
    elif event is ActKind.WITHDRAWAL_PROPOSED:
        if state is not None and state.event is ActKind.WITHDRAWN:
            raise WithdrawalError(f"{subject.id} is withdrawn already, since {state.at:%Y-%m-%d %H:%M} UTC.")
    elif state is None or state.event is not ActKind.WITHDRAWN:
        raise WithdrawalError(
            f"{subject.id}: expected what two people have withdrawn under this name; nothing else can be purged. "
            "Withdraw it first."
        )


def _begin(connection: Connection, name: str) -> HiddenSubject:
    enter(connection)
    subject = find_subject(connection, name)
    lock_chain(connection)
    return subject


def _state(connection: Connection, subject: HiddenSubject) -> WithdrawalAct | None:
    """The newest act that hides the subject or gives it back."""
    return next((act for act in reversed(acts_about(connection, subject)) if act.event in EFFECTIVE), None)


def _open(connection: Connection, number: int) -> WithdrawalAct:
    proposal = act_by_number(connection, number)
    if proposal is None or proposal.event not in PROPOSALS:
        raise WithdrawalError(f"{number}: expected the number of a proposal, found none of this number.")
    if all(each.seq != number for each in open_proposals(connection)):
        raise WithdrawalError(f"Proposal {number} was decided before.")
    return proposal


def _words(text: str, what: str) -> str:
    stripped = text.strip()
    if not 0 < len(stripped) <= LONGEST or not stripped.isprintable():
        raise WithdrawalError(
            f"Expected {what}, of at most {LONGEST} characters on one line, found {text[:80]!r}."
        )
    return stripped

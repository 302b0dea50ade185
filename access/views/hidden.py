"""What is hidden, as pages and commands say it: the place of one thing, the proposals that wait, the acts.

In: the archive, names, whom the answer is for. Out: `HiddenPlace`s and JSON-ready rows. Reason and second person
of a proposal are shown to the two whom it concerns alone; a shell with the database's account sees all.
"""

from collections.abc import Iterable
from typing import Any

from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.integrity import withdrawal
from storage.ledger.withdrawals import ActKind, WithdrawalAct, hiding_acts, open_proposals
from storage.queries.hidden_places import HiddenPlace, hidden_place, is_known_to


def place_of(archive: Archive, names: Iterable[str], *, viewer: Viewer = EVERYONE) -> HiddenPlace | None:
    """What stands in the place of the first of these names that is hidden; None where none is, or not for them."""
    with archive.reader.connect() as connection:
        found = (hidden_place(connection, name, viewer=viewer) for name in names)
        return next((place for place in found if place is not None), None)


def proposals_of(archive: Archive, *, viewer: Viewer = EVERYONE) -> list[dict[str, Any]]:
    """The proposals that wait for a second person, for the two whom each concerns."""
    with archive.reader.connect() as connection:
        waiting = open_proposals(connection)
    theirs = (act for act in waiting if viewer.every_label or viewer.name in (act.actor, act.second))
    return [act_row(act) for act in theirs]


def hidden_now(archive: Archive) -> list[dict[str, Any]]:
    """Everything that is hidden by its own name, the newest first."""
    with archive.reader.connect() as connection:
        return [act_row(act) for act in hiding_acts(connection)]


def quarantined_now(archive: Archive, *, viewer: Viewer) -> list[dict[str, Any]]:
    """What waits, set aside, for the decision of two people, as far as the viewer could see it before."""
    with archive.reader.connect() as connection:
        return [
            act_row(act)
            for act in hiding_acts(connection)
            if act.event is ActKind.QUARANTINED and is_known_to(connection, act.subject.id, viewer=viewer)
        ]


def quarantine(archive: Archive, name: str, *, actor: Viewer, reason: str) -> dict[str, Any]:
    """Hide at once; raises `storage.integrity.withdrawal.WithdrawalError`."""
    _require_known(archive, name, actor)
    return act_row(withdrawal.quarantine(archive, name, actor=actor.name, reason=reason))


def propose_withdrawal(
    archive: Archive, name: str, *, actor: Viewer, reason: str, basis: str, second: str
) -> dict[str, Any]:
    """Propose to withdraw; raises `storage.integrity.withdrawal.WithdrawalError`."""
    _require_known(archive, name, actor)
    act = withdrawal.propose_withdrawal(archive, name, actor=actor.name, reason=reason, basis=basis, second=second)
    return act_row(act)


def propose_restoration(archive: Archive, name: str, *, actor: Viewer, reason: str, second: str) -> dict[str, Any]:
    """Propose to give back; raises `storage.integrity.withdrawal.WithdrawalError`."""
    _require_known(archive, name, actor)
    return act_row(withdrawal.propose_restoration(archive, name, actor=actor.name, reason=reason, second=second))


def decide(archive: Archive, number: int, *, confirm: bool, actor: Viewer) -> dict[str, Any]:
    """Confirm the proposal, or let it fall; raises `storage.integrity.withdrawal.WithdrawalError`."""
    done = withdrawal.confirm if confirm else withdrawal.decline
    return act_row(done(archive, number, actor=actor.name))


def act_row(act: WithdrawalAct) -> dict[str, Any]:
    """An act with the keys of architecture section 7."""
    return {
        "kind": "withdrawal",
        "custody_seq": act.seq,
        "event": str(act.event),
        "subject_kind": act.subject.kind,
        "subject_id": act.subject.id,
        "at": time_text(act.at),
        "actor": act.actor,
        "reason": act.reason,
        "basis": act.basis,
        "second": act.second,
        "proposal": act.proposal,
    }


def _require_known(archive: Archive, name: str, actor: Viewer) -> None:
    """Nobody learns by an act whether something is there that they could not have seen."""
    with archive.reader.connect() as connection:
        if not is_known_to(connection, name.strip(), viewer=actor):
            raise withdrawal.NothingOfThisName(name)

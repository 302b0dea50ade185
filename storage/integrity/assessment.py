"""Assesses a record or medium: what one analyst may say of it, and what needs a second.

In: an archive, what is named, who acts, what they found out. Out: `AssessmentAct`s. Guaranteed: ``verified`` and
``refuted`` stand where one person proposed them and another confirmed, with a login of their own; nobody confirms
their own proposal. Whoever disagrees makes it disputed, alone. An act names the wording of a record that it is
about; what the source changed later is not covered by it. Nobody learns of what they may not see, and nothing that
is hidden is assessed. Raises `AssessmentError`, with which nothing was written. Source: docs/decisions/0042.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from processors.digest import Digest
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.records import sightings_of_record
from storage.errors import StorageError
from storage.ledger.assessments import (
    FINDINGS,
    AssessedSubject,
    AssessmentAct,
    AssessmentEvent,
    Findings,
    Standing,
    VerificationStatus,
    assessment_by_number,
    assessments_of,
    standing_of,
    write_assessment,
)
from storage.ledger.custody import lock_chain, publish_pending_entries
from storage.similarity.media import is_visible_to

LONGEST: Final = 2000
"""Characters of each of the texts."""


class AssessmentError(StorageError):
    """The act is refused; the sentence says why, and nothing was written."""

    def __init__(self, words: str) -> None:
        super().__init__(f"{words} Nothing was written, and the verification status is what it was.")


class NothingToAssess(AssessmentError):
    """The archive has no record or medium of this name, or none that this person may see."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:200]}: expected the id of a record or the digest of a medium (sha256:...), found nothing of "
            "this name in the archive."
        )


def begin_assessment(
    archive: Archive, name: str, *, actor: Viewer, version_id: str | None = None, note: str | None = None
) -> AssessmentAct:
    """Say that somebody looks into it now."""
    said = _optional(note, "a note")
    with archive.writer.begin() as connection:
        subject, version = _begin(connection, name, actor, version_id)
        standing = _standing(connection, subject)
        if standing.status is not VerificationStatus.UNVERIFIED:
            raise AssessmentError(
                f"{subject.id} is {_word(standing.status)} already: propose what you found out, or disagree."
            )
        act = write_assessment(
            connection,
            archive.sealing,
            AssessmentEvent.BEGUN,
            subject,
            VerificationStatus.IN_WORK,
            actor=actor.name,
            version_id=version,
            found=Findings(note=said),
        )
    publish_pending_entries(archive)
    return act


def propose_finding(
    archive: Archive,
    name: str,
    finding: VerificationStatus,
    found: Findings,
    *,
    actor: Viewer,
    version_id: str | None = None,
) -> AssessmentAct:
    """Say that it is verified or refuted, and how that was found out; it stands when a second person confirms.

    Whoever proposes the contrary of what stands disagrees with it, so that it is disputed from then on.
    """
    if finding not in FINDINGS:
        raise AssessmentError(f"Expected verified or refuted, found {finding}.")
    words = Findings(
        place=_optional(found.place, "a place"),
        happened=_optional(found.happened, "a time"),
        method=_required(found.method, "the method: how it was found out"),
        note=_optional(found.note, "a note"),
    )
    with archive.writer.begin() as connection:
        subject, version = _begin(connection, name, actor, version_id)
        standing = _standing(connection, subject)
        if standing.waiting is not None:
            raise AssessmentError(
                f"{subject.id}: proposal {standing.waiting.seq} of {standing.waiting.actor} waits for a second "
                "person already: confirm it, disagree with it, or take it back first."
            )
        decided = standing.decided
        if standing.status is finding and decided is not None and decided.version_id == version:
            raise AssessmentError(f"{subject.id} is {finding} already.")
        act = write_assessment(
            connection,
            archive.sealing,
            AssessmentEvent.PROPOSED,
            subject,
            _after_proposal(standing.status, finding),
            actor=actor.name,
            finding=finding,
            version_id=version,
            found=words,
        )
    publish_pending_entries(archive)
    return act


def confirm_finding(archive: Archive, number: int, *, actor: Viewer, note: str | None = None) -> AssessmentAct:
    """Confirm a proposal of somebody else; what it says is the status when this returns."""
    said = _optional(note, "a note")
    with archive.writer.begin() as connection:
        proposal = _waiting(connection, number, actor)
        if proposal.actor.casefold() == actor.name.casefold():
            raise AssessmentError(
                f"Proposal {number} is your own ({actor.name}). It takes two people: expected somebody else to "
                "confirm it, with a login of their own."
            )
        assert proposal.finding is not None  # a proposal proposes something
        act = write_assessment(
            connection,
            archive.sealing,
            AssessmentEvent.CONFIRMED,
            proposal.subject,
            proposal.finding,
            actor=actor.name,
            finding=proposal.finding,
            version_id=proposal.version_id,
            found=replace(proposal.found, note=said),
            proposal=number,
        )
    publish_pending_entries(archive)
    return act


def dispute_finding(
    archive: Archive, name: str, *, actor: Viewer, note: str, version_id: str | None = None
) -> AssessmentAct:
    """Disagree with what stands or is proposed, and say why; it is disputed from then on."""
    why = _required(note, "a note: why you disagree")
    with archive.writer.begin() as connection:
        subject, version = _begin(connection, name, actor, version_id)
        standing = _standing(connection, subject)
        proposal = standing.waiting
        if proposal is None and standing.status not in FINDINGS:
            raise AssessmentError(
                f"{subject.id} is {_word(standing.status)}: there is nothing to disagree with yet."
                if standing.status is not VerificationStatus.DISPUTED
                else f"{subject.id} is disputed already."
            )
        own = proposal is not None and proposal.actor.casefold() == actor.name.casefold()
        if own and standing.status not in FINDINGS:
            raise AssessmentError("You cannot disagree with your own proposal: take it back instead.")
        answered = proposal if proposal is not None and not own else standing.confirmed
        act = write_assessment(
            connection,
            archive.sealing,
            AssessmentEvent.DISPUTED,
            subject,
            VerificationStatus.DISPUTED,
            actor=actor.name,
            version_id=version,
            found=Findings(note=why),
            proposal=None if answered is None else answered.seq,
        )
    publish_pending_entries(archive)
    return act


def drop_assessment(archive: Archive, name: str, *, actor: Viewer, note: str | None = None) -> AssessmentAct:
    """Take back one's own proposal, or give up what was begun; what stood before stands again."""
    said = _optional(note, "a note")
    with archive.writer.begin() as connection:
        subject, _ = _begin(connection, name, actor, None)
        standing = _standing(connection, subject)
        proposal = standing.waiting
        if proposal is not None and proposal.actor.casefold() != actor.name.casefold():
            raise AssessmentError(
                f"Proposal {proposal.seq} is of {proposal.actor}, who alone may take it back; you may disagree "
                "with it."
            )
        if proposal is None and standing.status is not VerificationStatus.IN_WORK:
            raise AssessmentError(
                f"{subject.id} is {_word(standing.status)}: nothing is in work that could be given up."
            )
        status = standing.status
        act = write_assessment(
            connection,
            archive.sealing,
            AssessmentEvent.DROPPED,
            subject,
            VerificationStatus.UNVERIFIED if status is VerificationStatus.IN_WORK else status,
            actor=actor.name,
            found=Findings(note=said),
            proposal=None if proposal is None else proposal.seq,
        )
    publish_pending_entries(archive)
    return act


def find_assessed(connection: Connection, name: str, *, viewer: Viewer) -> tuple[AssessedSubject, tuple[str, ...]]:
    """What has this name, and of a record the wordings that the viewer may see, in the order they were first seen.

    Raises `NothingToAssess`.
    """
    wanted = name.strip()
    seen = tuple(sightings_of_record(connection, wanted, viewer=viewer))
    if seen:
        return AssessedSubject("record", wanted), tuple(dict.fromkeys(each.version_id for each in seen))
    try:
        digest = Digest.parse(wanted if wanted.startswith("sha256:") else f"sha256:{wanted}")
    except ValueError:
        raise NothingToAssess(name) from None
    if not is_visible_to(connection, digest, viewer):
        raise NothingToAssess(name)
    return AssessedSubject("medium", str(digest)), ()


def _begin(
    connection: Connection, name: str, actor: Viewer, version_id: str | None
) -> tuple[AssessedSubject, str | None]:
    """What is assessed, and the wording that it is about: the newest where none is named."""
    subject, versions = find_assessed(connection, name, viewer=actor)
    if version_id is not None and version_id not in versions:
        raise AssessmentError(f"{subject.id}: expected the id of one of its versions, found {version_id[:80]!r}.")
    lock_chain(connection)
    return subject, version_id or (versions[-1] if versions else None)


def _standing(connection: Connection, subject: AssessedSubject) -> Standing:
    return standing_of(assessments_of(connection, subject))


def _waiting(connection: Connection, number: int, actor: Viewer) -> AssessmentAct:
    proposal = assessment_by_number(connection, number)
    if proposal is None or proposal.event is not AssessmentEvent.PROPOSED:
        raise AssessmentError(f"{number}: expected the number of a proposal, found none of this number.")
    try:
        find_assessed(connection, proposal.subject.id, viewer=actor)
    except NothingToAssess:
        raise AssessmentError(f"{number}: expected the number of a proposal, found none of this number.") from None
    lock_chain(connection)
    waiting = _standing(connection, proposal.subject).waiting
    if waiting is None or waiting.seq != number:
        raise AssessmentError(f"Proposal {number} was answered or taken back before.")
    return proposal


def _after_proposal(now: VerificationStatus, finding: VerificationStatus) -> VerificationStatus:
    if now in FINDINGS:
        return now if now is finding else VerificationStatus.DISPUTED
    return now if now is VerificationStatus.DISPUTED else VerificationStatus.IN_WORK


def _word(status: VerificationStatus) -> str:
    return status.replace("_", " ")


def _optional(text: str | None, what: str) -> str | None:
    return _required(text, what) if text is not None and text.strip() else None


def _required(text: str | None, what: str) -> str:
    stripped = (text or "").strip()
    if not 0 < len(stripped) <= LONGEST or not stripped.isprintable():
        raise AssessmentError(
            f"Expected {what}, in at most {LONGEST} characters on one line, found {(text or '')[:80]!r}."
        )
    return stripped

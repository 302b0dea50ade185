"""How records and media stand after what analysts found out, as pages, API and commands say it.

In: the archive, names, whom the answer is for. Out: JSON-ready rows. An assessment is seen by all who may see the
record or medium that it is about, and by nobody else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from access.rendering.formatting import heading
from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.records import sightings_of_record
from storage.integrity import assessment
from storage.ledger.assessments import (
    AssessedKind,
    AssessmentAct,
    Findings,
    VerificationStatus,
    assessments_of,
    newest_assessments,
    standing_of,
    statuses_of,
)

STATUSES: Final = tuple(VerificationStatus)
MOST_LISTED: Final = 500
"""Subjects of the list of assessments, the newest first."""


def verification_of(archive: Archive, name: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any]:
    """How one record or medium stands, with every act; raises `storage.integrity.assessment.NothingToAssess`."""
    with archive.reader.connect() as connection:
        subject, versions = assessment.find_assessed(connection, name, viewer=viewer)
        acts = assessments_of(connection, subject)
    return verification_row(acts, versions)


def version_numbered(archive: Archive, name: str, number: int) -> str | None:
    """The wording of a record with this number, from 1; None where it has none of this number."""
    with archive.reader.connect() as connection:
        _, versions = assessment.find_assessed(connection, name, viewer=EVERYONE)
    return versions[number - 1] if 0 < number <= len(versions) else None


def statuses(archive: Archive, kind: AssessedKind, ids: Collection[str]) -> dict[str, str]:
    """The status of each of these that was ever assessed; whoever asks has seen that the viewer may see them."""
    with archive.reader.connect() as connection:
        return {name: str(status) for name, status in statuses_of(connection, kind, ids).items()}


def assessed(archive: Archive, wanted: Collection[str] = (), *, viewer: Viewer = EVERYONE) -> list[dict[str, Any]]:
    """What was assessed and the viewer may see, the newest first; ``wanted`` leaves only what stands so now."""
    rows = []
    with archive.reader.connect() as connection:
        for newest in newest_assessments(connection, wanted):
            try:
                _, versions = assessment.find_assessed(connection, newest.subject.id, viewer=viewer)
            except assessment.NothingToAssess:
                continue
            row = verification_row(assessments_of(connection, newest.subject), versions)
            title = None
            if newest.subject.kind == "record":
                last = [*sightings_of_record(connection, newest.subject.id, viewer=viewer)][-1]
                title = heading(last.kind, last.content)
            rows.append(
                {
                    "kind": "assessed",
                    "subject_kind": newest.subject.kind,
                    "subject_id": newest.subject.id,
                    "heading": title,
                    **row,
                }
            )
            if len(rows) == MOST_LISTED:
                break
    return rows


def assess(archive: Archive, fields: Mapping[str, Any], *, actor: Viewer) -> dict[str, Any]:
    """Do what ``action`` names; raises `storage.integrity.assessment.AssessmentError`.

    ``fields``: ``action`` (``begin``, ``verified``, ``refuted``, ``confirm``, ``dispute``, ``drop``), ``name``, or
    ``proposal`` of ``confirm``, ``version_id``, ``place``, ``happened``, ``method``, ``note``; any may be missing.
    """
    name, version = fields.get("name") or "", fields.get("version_id") or None
    note = fields.get("note") or None
    match fields.get("action"):
        case "begin":
            act = assessment.begin_assessment(archive, name, actor=actor, version_id=version, note=note)
        case "verified" | "refuted" as finding:
            found = Findings(fields.get("place"), fields.get("happened"), fields.get("method"), note)
            status = VerificationStatus(finding)
            act = assessment.propose_finding(archive, name, status, found, actor=actor, version_id=version)
        case "confirm":
            act = assessment.confirm_finding(archive, fields.get("proposal") or 0, actor=actor, note=note)
        case "dispute":
            act = assessment.dispute_finding(archive, name, actor=actor, note=note or "", version_id=version)
        case "drop":
            act = assessment.drop_assessment(archive, name, actor=actor, note=note)
        case other:
            raise assessment.AssessmentError(
                f"Expected begin, verified, refuted, confirm, dispute or drop, found {str(other)[:80]!r}."
            )
    with archive.reader.connect() as connection:
        _, versions = assessment.find_assessed(connection, act.subject.id, viewer=actor)
    return assessment_row(act, versions)


def verification_row(acts: Sequence[AssessmentAct], versions: Sequence[str]) -> dict[str, Any]:
    """``verification`` of a record or medium; ``versions`` are the wordings that the viewer may see, in order."""
    standing = standing_of(acts)
    decided, confirmed = standing.decided, standing.confirmed
    about = decided.version_id if decided is not None else None
    return {
        "status": str(standing.status),
        "since": None if standing.since is None else time_text(standing.since),
        "version": number_of(about, versions),
        "version_id": about,
        "edited_since": about is not None and bool(versions) and versions[-1] != about,
        "place": None if decided is None else decided.found.place,
        "happened": None if decided is None else decided.found.happened,
        "method": None if decided is None else decided.found.method,
        "by": [] if decided is None or confirmed is None else [decided.actor, confirmed.actor],
        "waiting": None if standing.waiting is None else assessment_row(standing.waiting, versions),
        "history": [assessment_row(act, versions) for act in acts],
    }


def assessment_row(act: AssessmentAct, versions: Sequence[str]) -> dict[str, Any]:
    """An act with the keys of architecture section 7."""
    return {
        "kind": "assessment",
        "custody_seq": act.seq,
        "event": str(act.event),
        "subject_kind": act.subject.kind,
        "subject_id": act.subject.id,
        "status": str(act.status),
        "finding": None if act.finding is None else str(act.finding),
        "version": number_of(act.version_id, versions),
        "version_id": act.version_id,
        "at": time_text(act.at),
        "actor": act.actor,
        "place": act.found.place,
        "happened": act.found.happened,
        "method": act.found.method,
        "note": act.found.note,
        "proposal": act.proposal,
    }


def number_of(version_id: str | None, versions: Sequence[str]) -> int | None:
    """The number of a wording as pages count them, from 1; None where the viewer may not see it."""
    return versions.index(version_id) + 1 if version_id in versions else None


def with_status(archive: Archive, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with ``record_id``, each with ``verification``: the status of its record; None of what is no record."""
    listed = list(rows)
    ids = {row["record_id"] for row in listed if row["record_id"] is not None}
    known = statuses(archive, "record", ids)
    unverified = str(VerificationStatus.UNVERIFIED)
    return [
        row | {"verification": None if row["record_id"] is None else known.get(row["record_id"], unverified)}
        for row in listed
    ]

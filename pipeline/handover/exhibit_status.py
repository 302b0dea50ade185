"""How the records and media of an exhibit stood, by what analysts found out, when the selection was frozen.

In: a connection, an exhibit, its sightings among the captures that go along, the moment. Out: `SubjectStatus`es.
What was said afterwards is left out, so that a package which is built again says the same. Names of analysts and
their notes stay in the house: a package says how many people found it, not who.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from crawlers.model.iso_time import time_text
from pipeline.handover.selection import Exhibit
from storage.catalogue.records import RecordSighting
from storage.ledger.assessments import (
    FINDINGS,
    AssessedKind,
    AssessedSubject,
    VerificationStatus,
    assessments_of,
    standing_of,
)


@dataclass(frozen=True, slots=True)
class SubjectStatus:
    """How one record or medium stood.

    ``version_id`` is the wording that was verified or refuted, ``newest_here`` whether it is the newest that goes
    along; both are None of media and where nothing was.
    """

    kind: AssessedKind
    subject_id: str
    status: VerificationStatus
    since: datetime | None = None
    version_id: str | None = None
    newest_here: bool | None = None
    place: str | None = None
    happened: str | None = None
    method: str | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON-ready; ``people`` is how many have said so."""
        return {
            "subject_kind": self.kind,
            "subject_id": self.subject_id,
            "status": str(self.status),
            "since": None if self.since is None else time_text(self.since),
            "version_id": self.version_id,
            "is_newest_version_here": self.newest_here,
            "place": self.place,
            "happened": self.happened,
            "method": self.method,
            "people": 2 if self.status in FINDINGS else None,
        }


def statuses_of_exhibit(
    connection: Connection, exhibit: Exhibit, sightings: Sequence[RecordSighting], at: datetime
) -> tuple[SubjectStatus, ...]:
    """Of each record of the exhibit, and of each of its media that anybody has assessed or that it is of."""
    found = [
        _status(connection, AssessedSubject("record", record), sightings, at) for record in exhibit.record_ids
    ]
    for medium in dict.fromkeys((*((exhibit.subject_id,) if exhibit.kind == "medium" else ()), *exhibit.media)):
        status = _status(connection, AssessedSubject("medium", medium), (), at)
        if status.status is not VerificationStatus.UNVERIFIED or medium == exhibit.subject_id:
            found.append(status)
    return tuple(found)


def _status(
    connection: Connection, subject: AssessedSubject, sightings: Sequence[RecordSighting], at: datetime
) -> SubjectStatus:
    standing = standing_of(assessments_of(connection, subject, until=at))
    decided = standing.decided
    if decided is None:
        return SubjectStatus(subject.kind, subject.id, standing.status, standing.since)
    versions = [each.version_id for each in sightings if each.record_id == subject.id]
    ordered = tuple(dict.fromkeys(versions))
    return SubjectStatus(
        kind=subject.kind,
        subject_id=subject.id,
        status=standing.status,
        since=standing.since,
        version_id=decided.version_id,
        newest_here=None if decided.version_id is None else ordered[-1:] == (decided.version_id,),
        place=decided.found.place,
        happened=decided.found.happened,
        method=decided.found.method,
    )

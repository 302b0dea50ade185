"""What a package tells of an exhibit of which something is covered: its copies, its records with bars, its places.

In: an exhibit as it was frozen, with captures in the roles ``redacted`` and ``covered``. Out: a `CoveredExhibit`;
None of an exhibit of which nothing is covered. Raises `PackageRefusedError` where a copy is not there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection

from crawlers.model.iso_time import time_text
from pipeline.handover.exhibit_status import SubjectStatus
from pipeline.handover.redaction.covering import Covering, covered_texts
from pipeline.handover.redaction.record_copies import NO_VERSION, RecordCopy, record_copy
from pipeline.handover.selection import CaptureRole, Exhibit
from processors.redaction.words import WordCover
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids
from storage.catalogue.records import RecordSighting, sightings_of_record
from storage.ledger.redactions import OF_RECORD, Redaction

SHORTEST_ELSEWHERE: Final = 3
"""Characters of a covered text that is covered in other records of the exhibit, too; shorter ones are no names."""


@dataclass(frozen=True, slots=True)
class CoveredExhibit:
    """``covered`` are captures whose bytes stay out, the subject's own first; ``addresses`` theirs, with bars."""

    redactions: tuple[Redaction, ...]
    covered: tuple[Capture, ...]
    addresses: Mapping[str, str]
    sightings: tuple[RecordSighting, ...]


def covered_exhibit(
    archive: Archive, connection: Connection, exhibit: Exhibit, covering: Covering | None
) -> CoveredExhibit | None:
    """What goes; ``covering`` is None where whoever chose wants the originals."""
    copies = [each.capture_id for each in exhibit.captures if each.role is CaptureRole.REDACTED]
    covered_ids = [each.capture_id for each in exhibit.captures if each.role is CaptureRole.COVERED]
    if covering is None or not (copies or covered_ids):
        return None
    found = tuple(each for each in covering.redactions if each.copy_id in copies)
    known = captures_by_ids(connection, {*copies, *covered_ids})
    of_records = {
        each.original_id: record_copy(archive, known[each.copy_id])
        for each in found
        if each.original_kind == OF_RECORD and each.copy_id in known
    }
    texts = [each for each in covered_texts(covering.redactions) if len(each) >= SHORTEST_ELSEWHERE]
    cover = WordCover(texts)
    covered = tuple(known[each] for each in covered_ids if each in known)
    addresses = {each.id: cover.text(each.url) for each in covered}
    for copy in of_records.values():
        addresses |= {name: address for name, address in copy.addresses.items() if name in addresses}
    return CoveredExhibit(
        found, covered, addresses, tuple(_sightings(connection, exhibit, covering, of_records, cover))
    )


def _sightings(
    connection: Connection,
    exhibit: Exhibit,
    covering: Covering,
    copies: Mapping[str, RecordCopy],
    cover: WordCover,
) -> Iterator[RecordSighting]:
    """Of each record the copy where there is one; of others what no region covers, with the same words covered."""
    here = [each.capture_id for each in exhibit.captures]
    for record in exhibit.record_ids:
        if record in copies:
            own = copies[record].sightings
            yield from sorted((own[each] for each in here if each in own), key=lambda each: each.captured_at)
            continue
        for sighting in sightings_of_record(connection, record):
            if sighting.capture_id in here and sighting.capture_id not in covering.captures.by_region:
                yield _with_bars(sighting, cover)


def _with_bars(sighting: RecordSighting, cover: WordCover) -> RecordSighting:
    content = cover.record(sighting.content)
    key, remarks = cover.text(sighting.natural_key), tuple(cover.text(each) for each in sighting.page_remarks)
    same = (content, key, remarks) == (dict(sighting.content), sighting.natural_key, sighting.page_remarks)
    version = sighting.version_id if same else NO_VERSION
    return RecordSighting(
        record_id=sighting.record_id,
        version_id=version,
        kind=sighting.kind,
        natural_key=key,
        content=content,
        capture_id=sighting.capture_id,
        captured_at=sighting.captured_at,
        source_id=sighting.source_id,
        page_remarks=remarks,
    )


def bare_status(status: SubjectStatus) -> SubjectStatus:
    """How it stood, without a word of what was found out: place, time and method may name what is covered.

    The wording it was said about goes, too, since its id is a digest of the words.
    """
    return replace(status, version_id=None, newest_here=None, place=None, happened=None, method=None)


def redactions_json(covered: CoveredExhibit) -> list[dict[str, Any]]:
    """The redacted copies, as the file of an exhibit has them: nothing of who made them, or why."""
    return [
        {
            "copy_id": each.copy_id,
            "copy_sha256": str(each.copy_digest),
            "original_kind": each.original_kind,
            "original_id": each.original_id,
            "original_sha256": str(each.original_digest),
            "made_at": time_text(each.at),
            "tool": each.tool,
            "custody_entry": each.seq,
            "steps": [dict(step) for step in each.steps],
        }
        for each in covered.redactions
    ]


def covered_json(covered: CoveredExhibit) -> list[dict[str, Any]]:
    """The captures whose bytes stay out: where and when they were made."""
    return [
        {
            "capture_id": each.id,
            "url": covered.addresses[each.id],
            "captured_at": time_text(each.captured_at),
            "source": each.source_id,
            "status": each.status,
            "media_type": each.media_type,
        }
        for each in covered.covered
    ]

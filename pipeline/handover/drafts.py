"""One exhibit as it would be: its subject, and by default what belongs beside it.

In: a reading connection, a record, a capture or a medium, whom the answer is for. Out: `ExhibitDraft`s. The
context of a post are the ten before and after it in its channel, all its versions, its media and the failed
captures of its address; of a hearing the list that shows it and its earlier states; of an article its versions and
other records that say the same; of a capture the other captures of its address. A draft has what the viewer may
see; what of it may go to a recipient is decided in `pipeline.handover.choosing`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from access.rendering.formatting import heading
from pipeline.handover.selection import CaptureRole, ExhibitKind, SelectedCapture
from processors.digest import Digest
from storage.access_labels import Viewer
from storage.catalogue.captures import Capture, capture_by_id, captures_by_ids, captures_of
from storage.catalogue.records import RecordSighting, records_of_capture, sightings_of_record
from storage.catalogue.revisits import payload_capture
from storage.queries.neighbours import neighbouring_posts
from storage.queries.record_media import fetched_with
from storage.queries.surroundings import pages_linking_to, records_showing, records_with_text
from storage.similarity.media import medium_of_capture, occurrences_of

NEIGHBOURS: Final = 10
"""Posts before and after one, as lawyers ask for the conversation around a message."""
CONTENT: Final = "content"
MOST_FAILED: Final = 50
MOST_MIRRORS: Final = 20
LONGEST_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class ExhibitDraft:
    """What would become an exhibit; the first of ``captures`` is the subject's own."""

    kind: ExhibitKind
    subject_id: str
    title: str
    record_ids: tuple[str, ...]
    captures: tuple[SelectedCapture, ...]
    media: tuple[str, ...]


def draft_of_record(
    connection: Connection, record_id: str, *, viewer: Viewer, context: bool, stays: Callable[[Capture], bool]
) -> ExhibitDraft | None:
    """The exhibit of a record, in the wording seen last; None where the viewer may see none of this id.

    ``stays`` says of a capture that it does not go to the recipient: neither title nor media are taken from such a
    one, unless there is no other.
    """
    every = tuple(sightings_of_record(connection, record_id, viewer=viewer))
    known = captures_by_ids(connection, {each.capture_id for each in every}, viewer=viewer)
    every = tuple(each for each in every if each.capture_id in known)
    if not every:
        return None
    seen = tuple(each for each in every if not stays(known[each.capture_id])) or every
    newest = seen[-1]
    roles = _Roles(newest.capture_id)
    records = [record_id]
    if context:
        roles.add(CaptureRole.VERSION, _bounds_of_versions(seen))
        roles.add(CaptureRole.VERSION, _bounds_of_versions(every))
    media: list[str] = []
    for sighting in {each.version_id: each for each in seen}.values() if context else (newest,):
        for capture in _media_captures(connection, sighting, viewer):
            roles.add(CaptureRole.MEDIUM, [capture.id])
            media.extend(_digests(connection, capture, viewer))
    if context:
        for neighbour in neighbouring_posts(connection, newest, NEIGHBOURS, viewer=viewer):
            roles.add(CaptureRole.CONTEXT, [neighbour.capture_id])
            records.append(neighbour.record_id)
        roles.add(CaptureRole.FAILED, _failed(connection, str(newest.content.get("url") or ""), viewer))
        for mirror in _mirrors(connection, newest, viewer):
            roles.add(CaptureRole.MIRROR, [mirror.capture_id])
            records.append(mirror.record_id)
        subject = capture_by_id(connection, newest.capture_id, viewer=viewer)
        if subject is not None:
            linking = pages_linking_to(connection, subject, viewer=viewer)
            roles.add(CaptureRole.LIST, [each.id for each in linking])
    return ExhibitDraft(
        ExhibitKind.RECORD,
        record_id,
        _title(heading(newest.kind, newest.content) or newest.natural_key),
        tuple(dict.fromkeys(records)),
        roles.selected(),
        tuple(dict.fromkeys(media)),
    )


def draft_of_capture(
    connection: Connection, capture_id: str, *, viewer: Viewer, context: bool
) -> ExhibitDraft | None:
    """The exhibit of one capture; None where the viewer may see none of this id."""
    capture = capture_by_id(connection, capture_id, viewer=viewer)
    if capture is None:
        return None
    roles = _Roles(capture.id)
    media = _digests(connection, capture, viewer)
    read = tuple(records_of_capture(connection, capture.id, viewer=viewer))
    if context:
        others = [each for each in captures_of(connection, capture.url, viewer=viewer) if each.id != capture.id]
        roles.add(CaptureRole.VERSION, [each.id for each in others if each.outcome in (None, CONTENT)])
        roles.add(CaptureRole.FAILED, _failed_among(others))
        roles.add(CaptureRole.LIST, [each.id for each in pages_linking_to(connection, capture, viewer=viewer)])
        for sighting in read:
            for shown in _media_captures(connection, sighting, viewer):
                roles.add(CaptureRole.MEDIUM, [shown.id])
                media.extend(_digests(connection, shown, viewer))
    return ExhibitDraft(
        ExhibitKind.CAPTURE,
        capture.id,
        _title(capture.url),
        tuple(dict.fromkeys(each.record_id for each in read)),
        roles.selected(),
        tuple(dict.fromkeys(media)),
    )


def draft_of_medium(
    connection: Connection, sha256: Digest, *, viewer: Viewer, context: bool
) -> ExhibitDraft | None:
    """The exhibit of a medium: every capture of it, and what shows it; None where the viewer may see none."""
    captures = tuple(occurrences_of(connection, sha256, viewer=viewer))
    if not captures:
        return None
    roles = _Roles(captures[0].id)
    roles.add(CaptureRole.VERSION, [each.id for each in captures])
    showing = records_showing(connection, captures, viewer=viewer).values() if context else ()
    roles.add(CaptureRole.CONTEXT, sorted({each.capture_id for each in showing}))
    return ExhibitDraft(
        ExhibitKind.MEDIUM,
        str(sha256),
        _title(captures[0].url),
        tuple(sorted({each.record_id for each in showing})),
        roles.selected(),
        (str(sha256),),
    )


class _Roles:
    """Captures in the order in which they were named, each in its first role."""

    def __init__(self, subject: str) -> None:
        self._roles = {subject: CaptureRole.SUBJECT}

    def add(self, role: CaptureRole, capture_ids: Iterable[str]) -> None:
        for capture_id in capture_ids:
            self._roles.setdefault(capture_id, role)

    def selected(self) -> tuple[SelectedCapture, ...]:
        return tuple(SelectedCapture(capture_id, role) for capture_id, role in self._roles.items())


def _bounds_of_versions(seen: Sequence[RecordSighting]) -> list[str]:
    """The first and the last capture of each wording: when it stood there."""
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for sighting in seen:
        first.setdefault(sighting.version_id, sighting.capture_id)
        last[sighting.version_id] = sighting.capture_id
    return [capture_id for version_id in first for capture_id in (first[version_id], last[version_id])]


def _media_captures(connection: Connection, sighting: RecordSighting, viewer: Viewer) -> list[Capture]:
    named = [
        each[name]
        for key in ("media", "images")
        for each in sighting.content.get(key) or ()
        if isinstance(each, dict)
        for name in ("url", "thumb_url")
        if each.get(name)
    ]
    found = fetched_with(connection, named, sighting.capture_id, viewer=viewer)
    return [found[url] for url in dict.fromkeys(named) if url in found]


def _digests(connection: Connection, capture: Capture, viewer: Viewer) -> list[str]:
    held = payload_capture(connection, capture, viewer=viewer) or capture
    digest = medium_of_capture(connection, held.id)
    return [] if digest is None else [str(digest)]


def _failed(connection: Connection, url: str, viewer: Viewer) -> list[str]:
    return _failed_among(captures_of(connection, url, viewer=viewer)) if url else []


def _failed_among(found: Iterable[Capture]) -> list[str]:
    return [each.id for each in found if each.outcome not in (None, CONTENT)][-MOST_FAILED:]


def _mirrors(connection: Connection, newest: RecordSighting, viewer: Viewer) -> tuple[RecordSighting, ...]:
    text = newest.content.get("text")
    if newest.kind != "article" or not isinstance(text, str):
        return ()
    return records_with_text(connection, text, besides=newest.record_id, viewer=viewer, limit=MOST_MIRRORS)


def _title(text: str) -> str:
    return " ".join(text.split())[:LONGEST_TITLE] or "-"

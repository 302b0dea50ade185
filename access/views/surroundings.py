"""What stands around what a page shows: what led to a capture, which record shows a file, who said the same.

In: the archive, what `access.views.captures` or `access.views.search` gave, whom the answer is for. Out: values
for the page alone; the facts themselves are in the answers that they are about.
"""

from collections.abc import Collection, Mapping
from typing import Any

from access.views.custody_status import file_custody
from access.views.media import digest_of
from access.views.safe_images import PICTURE_TYPES
from access.views.search import record_row
from access.views.video_frames import frame_path, picture_path
from crawlers.model.iso_time import time_text
from processors.digest import Digest
from processors.media.frame_rendering import can_draw
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import capture_json, captures_by_ids
from storage.ledger.assessments import statuses_of
from storage.queries.surroundings import (
    SeenMedium,
    pages_linking_to,
    records_showing,
    records_with_text,
    seen_media,
)
from storage.similarity.media import StoredMedium, medium, occurrences_of

FACTS_OF_REQUEST = ("request", "requested_by", "reason", "case")
"""Facts of a collection that say why it was made."""

MOST_LOOKED_AT = 24
"""Captures of a medium that are asked for a record, and members of its group that are drawn."""


def around_capture(archive: Archive, facts: Mapping[str, Any], *, viewer: Viewer = EVERYONE) -> dict[str, Any]:
    """``image``: the path that draws what was captured, None where nothing does; ``referrers``: captures of pages
    that name the address; ``shown_in``: the record that shows the file; ``seen``: how often the file, or what is
    similar to it, was captured; ``why``: the facts of the request that led here.
    """
    capture_id = facts["capture"]["id"]
    with archive.reader.connect() as connection:
        capture = captures_by_ids(connection, [capture_id], viewer=viewer)[capture_id]
        referrers = pages_linking_to(connection, capture, viewer=viewer)
        showing = records_showing(connection, [capture], viewer=viewer).get(capture_id)
        seen = seen_media(connection, [capture_id], viewer=viewer).get(capture_id)
        digest = digest_of(facts["medium"] or "")
        found = None if digest is None else medium(connection, digest)
    return {
        "image": picture_path(capture_id) if facts["picture"] else image_of(found, capture_id),
        "duration_s": None if found is None else found.duration_s,
        "referrers": [
            {"capture_id": each.id, "url": each.url, "captured_at": time_text(each.captured_at)}
            for each in referrers
        ],
        "shown_in": None if showing is None else record_row(showing),
        "seen": None if seen is None else seen_row(seen),
        "why": {
            each["name"]: each["value"]
            for each in facts["facts"]
            if each["name"] in FACTS_OF_REQUEST and each["value"] is not None
        },
    }


def around_record(
    archive: Archive, record: Mapping[str, Any], media: Collection[dict[str, Any]], *, viewer: Viewer = EVERYONE
) -> dict[str, Any]:
    """``same_text``: other records that say the same, the first seen first; ``media``: the files with ``seen`` and
    ``verification``, the status of the medium.
    """
    newest = record["versions"][-1]["content"]
    with archive.reader.connect() as connection:
        text = newest.get("text") or ""
        others = records_with_text(connection, text, besides=record["id"], viewer=viewer)
        captured = [each["capture_id"] for each in media if each["capture_id"]]
        seen = seen_media(connection, captured, viewer=viewer)
        types = {each.capture_id: medium(connection, each.sha256) for each in seen.values()}
        known = statuses_of(connection, "medium", {str(each.sha256) for each in seen.values()})
    rows = []
    for each in media:
        capture_id = each["capture_id"]
        image = picture_path(capture_id) if each["picture"] else image_of(types.get(capture_id), capture_id)
        found = seen.get(capture_id)
        status = "unverified" if found is None else known.get(str(found.sha256), "unverified")
        beside = {"image": image, "seen": None if found is None else seen_row(found), "verification": status}
        rows.append({**each, **beside})
    return {"same_text": [record_row(each) for each in others], "media": rows}


def around_medium(archive: Archive, found: Mapping[str, Any], *, viewer: Viewer = EVERYONE) -> dict[str, Any]:
    """``shown_in``: the record that shows it; ``group``: the others of its group, with an image each."""
    ids = [each["id"] for each in found["captures"][:MOST_LOOKED_AT]]
    others = [Digest.parse(each) for each in found["group"] if each != found["sha256"]][:MOST_LOOKED_AT]
    rows = []
    with archive.reader.connect() as connection:
        showing = records_showing(
            connection, captures_by_ids(connection, ids, viewer=viewer).values(), viewer=viewer
        )
        for digest in others:
            known, captured = (
                medium(connection, digest),
                next(occurrences_of(connection, digest, viewer=viewer), None),
            )
            if captured is not None:
                row = {"sha256": str(digest), "image": image_of(known, captured.id)}
                rows.append(row | {"first_at": time_text(captured.captured_at)})
    newest = max(showing.values(), key=lambda each: each.captured_at, default=None)
    return {"shown_in": None if newest is None else record_row(newest), "group": rows}


def image_of(known: StoredMedium | None, capture_id: str) -> str | None:
    """The path that draws a captured medium: itself, of a video a frame, or nothing."""
    if known is None or known.refused is not None or not can_draw(known.media_type):
        return None
    if known.media_type in PICTURE_TYPES:
        return picture_path(capture_id)
    return frame_path(capture_id, (known.duration_s or 0) / 3)


def cited_facts(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """What `access.rendering.citation` needs of a capture, without the look at it that its own page logs."""
    with archive.reader.connect() as connection:
        capture = captures_by_ids(connection, [capture_id], viewer=viewer).get(capture_id)
    if capture is None:
        return None
    return {"capture": capture_json(capture), "holding": file_custody(archive, capture.warc_key)}


def seen_row(seen: SeenMedium) -> dict[str, Any]:
    """How often a medium, or what is similar to it, was captured."""
    return {
        "sha256": str(seen.sha256),
        "captures": seen.captures,
        "sources": seen.sources,
        "first_at": time_text(seen.first_at),
    }

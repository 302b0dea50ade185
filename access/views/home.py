"""The first page: what changed since a moment at all sources, pictures that came again, the state of the sources.

In: the archive, since when, whom the answer is for. Out: one JSON-ready object. Everything in it, counts included,
is of what the viewer may see.
"""

from datetime import datetime
from typing import Any, Final

from access.views.changes import sources_not_compared, stored_rows
from access.views.gallery import thumbnail_path
from access.views.overview import overview
from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.queries.changes import ChangeKind
from storage.queries.recurring_media import RecurringMedium, recurring_media
from storage.queries.stored_changes import ChangeQuestion, count_by_kind

KINDS: Final[tuple[ChangeKind, ...]] = ("missing", "moved", "edited", "added", "returned")
"""What can be lost comes first."""

ROWS_OF_KIND: Final = 6
MEDIA_SHOWN: Final = 12


def home(archive: Archive, since: datetime, *, viewer: Viewer = EVERYONE) -> dict[str, Any]:
    """``changes``: by kind its number and the newest rows (`access.views.changes.changes_of`); ``not_compared``:
    sources whose newest readings are not in it yet; ``media``: pictures and videos that came to a source since
    then and were seen before; ``overview``: `access.views.overview.overview`.
    """
    with archive.reader.connect() as connection:
        counts = count_by_kind(connection, ChangeQuestion(since=since), viewer=viewer)
        media = recurring_media(connection, since, viewer=viewer, limit=MEDIA_SHOWN)
    groups = [
        {
            "change": kind,
            "count": counts.get(kind, 0),
            "rows": stored_rows(archive, ChangeQuestion(since=since, kind=kind), viewer=viewer, most=ROWS_OF_KIND),
        }
        for kind in KINDS
    ]
    return {
        "since": time_text(since),
        "changes": groups,
        "not_compared": list(sources_not_compared(archive, viewer=viewer)),
        "media": [_medium_row(each) for each in media],
        "overview": overview(archive, viewer=viewer),
    }


def thumbnails_of(found: dict[str, Any]) -> dict[str, str | None]:
    """By capture, the path that draws each new medium of the home page; None where nothing can."""
    return {
        each["capture_id"]: thumbnail_path(each["capture_id"], each["media_type"], None, None)
        for each in found["media"]
        if each["media_type"] is not None
    }


def _medium_row(medium: RecurringMedium) -> dict[str, Any]:
    """One medium that came again: where it was now, and where before."""
    return {
        "sha256": medium.sha256,
        "media_type": medium.media_type,
        "source": medium.source_id,
        "capture_id": medium.capture_id,
        "captured_at": time_text(medium.captured_at),
        "earlier": {
            "sha256": medium.earlier_sha256,
            "source": medium.earlier_source_id,
            "capture_id": medium.earlier_capture_id,
            "captured_at": time_text(medium.earlier_at),
            "same_file": medium.earlier_sha256 == medium.sha256,
        },
    }

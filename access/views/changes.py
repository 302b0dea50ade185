"""What changed at a source, night by night, each change with the two captures that show it.

In: the archive, a source, from when to when, whom the answer is for. Out: JSON-ready rows of kind ``change``. A
night is the UTC day on which the later capture was made: the change happened some time between the two.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date
from typing import Any

from access.rendering.formatting import heading
from access.rendering.word_diff import differences
from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids
from storage.queries.changes import Change, ChangeKind, change_json, changes, contents_of, sources_with_files

AT_ONCE = 500
"""Captures looked up in one question; a list of a thousand pages proves each missing row by all of them."""


def changes_of(
    archive: Archive,
    source_id: str,
    *,
    first_night: date | None = None,
    last_night: date | None = None,
    only: ChangeKind | None = None,
    viewer: Viewer = EVERYONE,
) -> Iterator[dict[str, Any]]:
    """Changes of these nights (both included, None: no bound), ``only`` of one kind, oldest first.

    Each row has the keys of `storage.queries.changes.change_json`, and ``night``, ``heading``, ``differences``
    (`access.rendering.word_diff`) and ``captures``: the last before the change and the first after it.
    """
    with archive.reader.connect() as connection:
        found = [
            change
            for change in changes(connection, source_id, viewer=viewer)
            if (first_night is None or night_of(change) >= first_night)
            and (last_night is None or night_of(change) <= last_night)
            and (only is None or change.kind == only)
        ]
        contents = contents_of(connection, found)
        ids = sorted({capture_id for change in found for capture_id in change.capture_ids})
        captures: dict[str, Capture] = {}
        for start in range(0, len(ids), AT_ONCE):
            captures |= captures_by_ids(connection, ids[start : start + AT_ONCE], viewer=viewer)
    for change in found:
        yield _row(change, contents, captures)


def sources_of(archive: Archive, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """Ids of the sources that the archive holds anything of."""
    with archive.reader.connect() as connection:
        return sources_with_files(connection, viewer=viewer)


def night_of(change: Change) -> date:
    """The UTC day on which the change was noticed."""
    return change.at.astimezone(UTC).date()


def _row(
    change: Change, contents: Mapping[str, Mapping[str, Any]], captures: Mapping[str, Capture]
) -> dict[str, Any]:
    wordings = [contents[version_id] for version_id in change.version_ids]
    before, after = wordings[0], wordings[-1]
    return change_json(change) | {
        "night": night_of(change).isoformat(),
        "heading": heading(change.record_kind, after),
        "differences": differences(before, after) if change.fields else [],
        "captures": [
            {"id": capture.id, "captured_at": time_text(capture.captured_at), "url": capture.url}
            for capture in _two(change, [captures[each] for each in change.capture_ids if each in captures])
        ],
    }


def _two(change: Change, proof: list[Capture]) -> list[Capture]:
    """Before and after. Where one side is a whole list, its page under the other side's address speaks for it."""
    if len(proof) < 3:
        return proof
    one, side = (proof[-1], proof[:-1]) if change.kind == "added" else (proof[0], proof[1:])
    of_list = next((page for page in side if page.surt == one.surt), side[-1])
    return [of_list, one] if change.kind == "added" else [one, of_list]

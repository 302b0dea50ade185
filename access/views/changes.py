"""What changed at a source or at all, night by night, each change with the two captures that show it.

In: the archive, a source, from when to when, whom the answer is for. Out: JSON-ready rows of kind ``change``. A
night is the UTC day on which the later capture was made: the change happened some time between the two. One source
is compared when it is asked for; over all sources, what `storage.queries.stored_changes` has stored is shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from access.rendering.formatting import heading
from access.rendering.word_diff import differences
from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids
from storage.queries.changes import Change, ChangeKind, change_json, changes, contents_of, sources_with_files
from storage.queries.stored_changes import (
    COUNTED_UP_TO,
    ChangeQuestion,
    SourceChange,
    count_changes,
    not_compared,
    stored_changes,
    stored_for,
)

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

    Each row has the keys of `storage.queries.changes.change_json`, and ``source``, ``night``, ``heading``,
    ``differences`` (`access.rendering.word_diff`) and ``captures``: the last before the change and the first after
    it.
    """
    with archive.reader.connect() as connection:
        found = [
            SourceChange(source_id, change)
            for change in changes(connection, source_id, viewer=viewer)
            if (first_night is None or night_of(change) >= first_night)
            and (last_night is None or night_of(change) <= last_night)
            and (only is None or change.kind == only)
        ]
    shown = _Shown.of(archive, found, viewer)
    for each in found:
        yield shown.row(each)


@dataclass(frozen=True, slots=True)
class FoundChanges:
    """One page of rows, the newest first, and how many there are in all; more, where that is not ``complete``.

    ``not_compared``: the sources of which something was read that is not compared yet, so that its changes are
    missing here.
    """

    rows: list[dict[str, Any]]
    total: int
    complete: bool
    not_compared: tuple[str, ...]


def all_changes(
    archive: Archive, question: ChangeQuestion, *, viewer: Viewer = EVERYONE, most: int, offset: int = 0
) -> FoundChanges:
    """Changes at all sources, or at the one of the question, with the keys of `changes_of`."""
    rows = stored_rows(archive, question, viewer=viewer, most=most, offset=offset)
    with archive.reader.connect() as connection:
        total = count_changes(connection, question, viewer=viewer)
    waiting = sources_not_compared(archive, viewer=viewer)
    if question.source_id is not None:
        waiting = tuple(each for each in waiting if each == question.source_id)
    return FoundChanges(rows, total, total < COUNTED_UP_TO, waiting)


def stored_rows(
    archive: Archive, question: ChangeQuestion, *, viewer: Viewer = EVERYONE, most: int, offset: int = 0
) -> list[dict[str, Any]]:
    """The rows alone, the newest first."""
    with archive.reader.connect() as connection:
        found = stored_changes(connection, question, viewer=viewer, limit=most, offset=offset)
    shown = _Shown.of(archive, found, viewer)
    return [shown.row(each) for each in found if shown.has(each)]


def sources_not_compared(archive: Archive, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """The sources whose newest changes are not stored yet."""
    with archive.reader.connect() as connection:
        return not_compared(connection, viewer=viewer)


def newest_changes(
    archive: Archive, question: ChangeQuestion, *, viewer: Viewer = EVERYONE, most: int, offset: int = 0
) -> FoundChanges:
    """Changes, the newest first. A source whose stored changes are not up to date is compared now."""
    source_id = question.source_id
    if source_id is None:
        return all_changes(archive, question, viewer=viewer, most=most, offset=offset)
    with archive.reader.connect() as connection:
        stored = stored_for(connection, source_id, viewer=viewer)
    if stored:
        return all_changes(archive, question, viewer=viewer, most=most, offset=offset)
    with archive.reader.connect() as connection:
        found = [
            SourceChange(source_id, change)
            for change in reversed(changes(connection, source_id, viewer=viewer))
            if question.admits(change)
        ]
    page = found[offset : offset + most]
    shown = _Shown.of(archive, page, viewer)
    return FoundChanges([shown.row(each) for each in page], len(found), True, ())


def sources_of(archive: Archive, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """Ids of the sources that the archive holds anything of."""
    with archive.reader.connect() as connection:
        return sources_with_files(connection, viewer=viewer)


def night_of(change: Change) -> date:
    """The UTC day on which the change was noticed."""
    return change.at.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class _Shown:
    """What rows of changes show besides the changes: what the versions say, and the captures."""

    contents: Mapping[str, Mapping[str, Any]]
    captures: Mapping[str, Capture]

    @classmethod
    def of(cls, archive: Archive, found: Iterable[SourceChange], viewer: Viewer) -> "_Shown":
        changes_found = [each.change for each in found]
        ids = sorted({capture_id for change in changes_found for capture_id in change.capture_ids})
        captures: dict[str, Capture] = {}
        with archive.reader.connect() as connection:
            contents = contents_of(connection, changes_found)
            for start in range(0, len(ids), AT_ONCE):
                captures |= captures_by_ids(connection, ids[start : start + AT_ONCE], viewer=viewer)
        return cls(contents, captures)

    def has(self, found: SourceChange) -> bool:
        """Whether its versions are there; those of a source that is being read anew may have gone."""
        return all(version_id in self.contents for version_id in found.change.version_ids)

    def row(self, found: SourceChange) -> dict[str, Any]:
        change = found.change
        wordings = [self.contents[version_id] for version_id in change.version_ids]
        before, after = wordings[0], wordings[-1]
        proof = [self.captures[each] for each in change.capture_ids if each in self.captures]
        return change_json(change) | {
            "source": found.source_id,
            "night": night_of(change).isoformat(),
            "heading": heading(change.record_kind, after),
            "differences": differences(before, after) if change.fields else [],
            "captures": [
                {"id": capture.id, "captured_at": time_text(capture.captured_at), "url": capture.url}
                for capture in _two(change, proof)
            ],
        }


def _two(change: Change, proof: list[Capture]) -> list[Capture]:
    """Before and after. Where one side is a whole list, its page under the other side's address speaks for it."""
    if len(proof) < 3:
        return proof
    one, side = (proof[-1], proof[:-1]) if change.kind == "added" else (proof[0], proof[1:])
    of_list = next((page for page in side if page.surt == one.surt), side[-1])
    return [of_list, one] if change.kind == "added" else [one, of_list]

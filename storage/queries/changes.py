"""What changed at a source between visits: posts and hearings added, edited, moved, missing, returned.

In: the sightings of one source. Out: `Change`s in the order they were noticed. Nothing is claimed that was not
covered (`storage.queries.coverage`): a thing is missing only where a later visit covered the place where it would
have stood, and added only where an earlier one covered that place without it; what the first visit shows is no
change. Only readings by one line of parser versions are compared with each other (`line_of`). Source: architecture
§3.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from crawlers.model.iso_time import time_text
from processors.kinds import kind_of_record
from processors.records.own_record import PART_OF_LIST
from processors.surt import surt_key
from processors.telegram.layouts import line_of
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.sources_of_files import sources_of_files, visible_file
from storage.catalogue.tables import captures, readings, records, sightings, versions
from storage.queries.article_lists import lists_of_crawls
from storage.queries.coverage import Observation, ObservedRecord, PageReading, observations
from storage.queries.start_pages import start_pages_of_crawls

ChangeKind = Literal["added", "edited", "moved", "missing", "returned"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change, proven by ``capture_ids``. ``version_ids``: before and after, or the one where there is one.

    ``fields`` names what differs between the two versions. ``at`` is when the later capture was made: the change
    happened some time between the two.
    """

    kind: ChangeKind
    record_id: str
    record_kind: str
    natural_key: str
    version_ids: tuple[str, ...]
    capture_ids: tuple[str, ...]
    fields: tuple[str, ...]
    at: datetime
    since: datetime | None


@dataclass(slots=True)
class _Known:
    shown: ObservedRecord
    missing_since: datetime | None = None


@dataclass(slots=True)
class _History:
    """What is known of a source after some visits, for one line of parser versions."""

    known: dict[str, _Known] = field(default_factory=dict)
    before: list[Observation] = field(default_factory=list)
    there: dict[str, str] = field(default_factory=dict)
    """The crawl that first got a page at an address, whatever the page said."""


def changes(connection: Connection, source_id: str, *, viewer: Viewer = EVERYONE) -> tuple[Change, ...]:
    """Every change of the source, oldest first."""
    histories: dict[str, _History] = {}
    found: list[Change] = []
    for observation in observations(_visits(connection, source_id, viewer)):
        history = histories.setdefault(line_of(observation.parser_version), _History())
        found.extend(_compare(history, observation))
        history.before.append(observation)
        if observation.there is not None:
            history.there.setdefault(observation.there, observation.crawl_id)
    return tuple(sorted(found, key=lambda each: (each.at, each.record_kind, each.natural_key, each.kind)))


def contents_of(connection: Connection, found: Iterable[Change]) -> dict[str, Mapping[str, Any]]:
    """What the versions of these changes say, by version id."""
    wanted = {version_id for change in found for version_id in change.version_ids}
    contents_query = select(versions.c.id, versions.c.content).where(versions.c.id.in_(wanted))
    return {row.id: row.content for row in connection.execute(contents_query)}


def sources_with_files(connection: Connection, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """Every source of which the archive holds a file, in the order of their ids."""
    every = sources_of_files()
    query = select(every.c.source_id).where(visible_file(every.c.source_id, viewer)).order_by(every.c.source_id)
    return tuple(connection.scalars(query))


def change_json(change: Change) -> dict[str, Any]:
    """JSON-ready row of kind ``change``."""
    return {
        "kind": "change",
        "change": change.kind,
        "record_id": change.record_id,
        "record_kind": change.record_kind,
        "natural_key": change.natural_key,
        "fields": list(change.fields),
        "version_ids": list(change.version_ids),
        "capture_ids": list(change.capture_ids),
        "at": time_text(change.at),
        "since": None if change.since is None else time_text(change.since),
    }


def _compare(history: _History, observation: Observation) -> Iterator[Change]:
    proof: tuple[str, ...]
    for record_id, shown in observation.shown.items():
        known = history.known.get(record_id)
        if known is None:
            earlier = next(
                (seen for seen in reversed(history.before) if seen.proves_absence_of(shown, observation)), None
            )
            if earlier is not None and not _was_there(shown, observation.crawl_id, history):
                without, since = earlier.proof_without(shown)
                yield _change("added", None, shown, (*without, shown.capture_id), since)
        else:
            if known.missing_since is not None:
                proof = (known.shown.capture_id, shown.capture_id)
                yield _change("returned", known.shown, shown, proof, known.missing_since)
            if known.shown.version_id != shown.version_id:
                yield _edit(known.shown, shown)
        history.known[record_id] = _Known(shown)
    if observation.span is None and not observation.whole_list and observation.address is None:
        return  # it covers no place, so nothing can be missing from it
    for record_id, known in history.known.items():
        gone = record_id not in observation.shown and observation.covers(known.shown)
        if gone and known.missing_since is None:
            without, _ = observation.proof_without(known.shown)
            proof = (known.shown.capture_id, *without)
            yield _change("missing", known.shown, None, proof, known.shown.at, at=observation.at)
            known.missing_since = observation.at


def _was_there(shown: ObservedRecord, crawl_id: str, history: _History) -> bool:
    """Whether an earlier crawl got a page at this article's address, if only one that asks for consent."""
    if shown.record_kind != "article" or shown.url is None:
        return False
    return history.there.get(surt_key(shown.url), crawl_id) != crawl_id


def _edit(before: ObservedRecord, after: ObservedRecord) -> Change:
    fields = _differing(before.content, after.content)
    record_kind = kind_of_record(after.record_kind)
    moved = record_kind is not None and not record_kind.schedule.isdisjoint(fields)
    kind: ChangeKind = "moved" if moved else "edited"
    return _change(kind, before, after, (before.capture_id, after.capture_id), before.at)


def _change(
    kind: ChangeKind,
    before: ObservedRecord | None,
    after: ObservedRecord | None,
    capture_ids: Iterable[str],
    since: datetime,
    *,
    at: datetime | None = None,
) -> Change:
    shown = after or before
    assert shown is not None
    both = [each.version_id for each in (before, after) if each is not None]
    return Change(
        kind=kind,
        record_id=shown.record_id,
        record_kind=shown.record_kind,
        natural_key=shown.natural_key,
        version_ids=tuple(dict.fromkeys(both)),
        capture_ids=tuple(dict.fromkeys(capture_ids)),
        fields=_differing(before.content, after.content) if before and after else (),
        at=at or shown.at,
        since=since,
    )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    names = sorted({*before, *after})
    return tuple(name for name in names if before.get(name) != after.get(name))


def _visits(connection: Connection, source_id: str, viewer: Viewer) -> Iterator[PageReading]:
    """Every reading of the source with what it shows, oldest first."""
    shown: dict[tuple[str, str], list[ObservedRecord]] = {}
    # a version is read once, however many nights have seen it
    of_source = select(sightings.c.version_id).where(
        sightings.c.source_id == source_id, visible_to(viewer, sightings.c.access_label)
    )
    contents_query = select(versions.c.id, versions.c.content).where(versions.c.id.in_(of_source))
    contents: dict[str, Mapping[str, Any]] = {row.id: row.content for row in connection.execute(contents_query)}
    query = (
        select(
            sightings.c.capture_id,
            sightings.c.parser_version,
            sightings.c.record_id,
            sightings.c.version_id,
            sightings.c.captured_at,
            sightings.c.content.label("besides"),
            records.c.kind,
            records.c.natural_key,
        )
        .join(records, records.c.id == sightings.c.record_id)
        .where(sightings.c.source_id == source_id, visible_to(viewer, sightings.c.access_label))
        .order_by(sightings.c.position)
    )
    for row in connection.execute(query):
        record = ObservedRecord(
            record_id=row.record_id,
            record_kind=row.kind,
            natural_key=row.natural_key,
            version_id=row.version_id,
            content=contents[row.version_id],
            url=row.besides.get("url"),
            capture_id=row.capture_id,
            at=row.captured_at,
        )
        shown.setdefault((row.capture_id, row.parser_version), []).append(record)
    lists = lists_of_crawls(connection, source_id, viewer)
    start_pages = start_pages_of_crawls(connection, source_id, viewer)
    read = (
        select(readings)
        .join(captures, captures.c.id == readings.c.capture_id)
        .where(
            readings.c.source_id == source_id,
            readings.c.problem.is_(None),
            # a page that the viewer may not see would else be taken for one that shows nothing
            visible_to(viewer, captures.c.access_label),
        )
    )
    for row in connection.execute(read.order_by(readings.c.captured_at, readings.c.capture_id)):
        yield PageReading(
            capture_id=row.capture_id,
            parser_version=row.parser_version,
            kind=row.kind,
            crawl_id=row.crawl_id,
            url=row.url,
            at=row.captured_at,
            outcome=row.outcome,
            next_pages=tuple(row.links.get("next_pages") or ()),
            documents=tuple(row.links.get("documents") or ()),
            shown=tuple(shown.get((row.capture_id, row.parser_version), ())),
            lists=lists.get(row.crawl_id) if row.kind == "news" else None,
            entry_pages=tuple(row.links.get("articles") or ()),
            partial=row.layout == PART_OF_LIST,
            start_pages=start_pages.get(row.crawl_id),
        )

"""What stands around a capture or a record: which pages led to it, which records show it, where else it was seen.

In: captures or a record, a reading connection, whom the answer is for. Out: captures, sightings of records, and
how often media were seen; each only as far as the viewer may see it. Everything is asked of the same crawl where
addresses are concerned: addresses of media are signed and expire, and name the same file in that crawl alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, distinct_on

from processors.digest import Digest
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.records import RecordSighting, select_sightings, sighting_of
from storage.catalogue.tables import captures, group_members, occurrences, readings, sightings, versions

EXCERPT_CHARACTERS: Final = 48
"""So much of a text is looked up in the index of trigrams; the digest of all of it then decides."""

SHORTEST_TEXT: Final = 40
"""Characters below which equal texts say nothing: a date, "see above"."""


@dataclass(frozen=True, slots=True)
class SeenMedium:
    """A captured file as a medium: how often it, or what is similar to it, was captured, and since when."""

    capture_id: str
    sha256: Digest
    captures: int
    sources: int
    first_at: datetime


def pages_linking_to(
    connection: Connection, capture: Capture, *, viewer: Viewer = EVERYONE, limit: int = 5
) -> tuple[Capture, ...]:
    """Captures of pages of the same crawl on which the address of this one was found, oldest first."""
    named = func.jsonb_path_exists(
        readings.c.links,
        cast(literal("$.** ? (@ == $url)"), JSONPATH),
        func.jsonb_build_object("url", capture.url),
    )
    found = (
        select(readings.c.capture_id)
        .join(captures, captures.c.id == readings.c.capture_id)
        .where(captures.c.crawl_id == capture.crawl_id, captures.c.id != capture.id, named)
    )
    query = captures_joined(viewer).where(captures.c.id.in_(found)).order_by(captures.c.captured_at).limit(limit)
    return tuple(capture_of(row) for row in connection.execute(query))


def records_showing(
    connection: Connection, files: Collection[Capture], *, viewer: Viewer = EVERYONE
) -> dict[str, RecordSighting]:
    """By the capture of a picture or file, the record that shows it: a video's post, a picture's article."""
    if not files:
        return {}
    urls = {file.url for file in files}
    named = func.jsonb_array_elements(_array("media").op("||")(_array("images"))).column_valued(
        "named", joins_implicitly=True
    )
    address, small = (cast(named, JSONB)[name].astext for name in ("url", "thumb_url"))
    query = (
        select_sightings(viewer)
        .join(captures, captures.c.id == sightings.c.capture_id)
        .add_columns(captures.c.crawl_id, address.label("address"), small.label("small"))
        .where(captures.c.crawl_id.in_({file.crawl_id for file in files}), or_(address.in_(urls), small.in_(urls)))
        .order_by(sightings.c.captured_at)
    )
    by_place: dict[tuple[str, str], RecordSighting] = {}
    for row in connection.execute(query):
        for url in filter(None, (row.address, row.small)):
            by_place[row.crawl_id, url] = sighting_of(row)
    return {file.id: by_place[file.crawl_id, file.url] for file in files if (file.crawl_id, file.url) in by_place}


def records_with_text(
    connection: Connection, text: str, *, besides: str, viewer: Viewer = EVERYONE, limit: int = 20
) -> tuple[RecordSighting, ...]:
    """Other records than ``besides`` that say exactly this, each as it was seen first; of a few words, none."""
    if len(text) < SHORTEST_TEXT:
        return ()
    middle = (len(text) - EXCERPT_CHARACTERS) // 2
    excerpt = text[max(0, middle) : max(0, middle) + EXCERPT_CHARACTERS]
    same = func.md5(versions.c.content["text"].astext) == func.md5(literal(text))
    query = (
        select_sightings(viewer)
        .where(versions.c.text.contains(excerpt, autoescape=True), same, sightings.c.record_id != besides)
        .ext(distinct_on(sightings.c.record_id))
        .order_by(sightings.c.record_id, sightings.c.captured_at)
        .limit(limit)
    )
    found = (sighting_of(row) for row in connection.execute(query))
    return tuple(sorted(found, key=lambda each: (each.captured_at, each.record_id)))


def seen_media(
    connection: Connection, capture_ids: Collection[str], *, viewer: Viewer = EVERYONE
) -> Mapping[str, SeenMedium]:
    """By capture: the medium it is, with the captures of it and of its group of similar media."""
    if not capture_ids:
        return {}
    own, member = group_members.alias("own_group"), group_members.alias("member")
    alike = (
        select(
            occurrences.c.capture_id.label("asked"),
            occurrences.c.sha256.label("medium"),
            func.coalesce(member.c.sha256, occurrences.c.sha256).label("other"),
        )
        .outerjoin(own, own.c.sha256 == occurrences.c.sha256)
        .outerjoin(member, member.c.group_id == own.c.group_id)
        .where(occurrences.c.capture_id.in_(capture_ids))
        .subquery()
    )
    seen, at = occurrences.alias("seen"), captures.alias("at")
    query = (
        select(
            alike.c.asked,
            alike.c.medium,
            func.count(at.c.id.distinct()).label("times"),
            func.count(at.c.source_id.distinct()).label("sources"),
            func.min(at.c.captured_at).label("first_at"),
        )
        .join(seen, seen.c.sha256 == alike.c.other)
        .join(at, and_(at.c.id == seen.c.capture_id, visible_to(viewer, at.c.access_label)))
        .group_by(alike.c.asked, alike.c.medium)
    )
    return {
        row.asked: SeenMedium(row.asked, Digest.parse(row.medium), row.times, row.sources, row.first_at)
        for row in connection.execute(query)
    }


def _array(name: str) -> ColumnElement[Any]:
    """What a sighting, else its version, has under this name; an empty list of whatever is no list."""
    value = func.coalesce(sightings.c.content[name], versions.c.content[name])
    return case((func.jsonb_typeof(value) == "array", value), else_=literal([], JSONB))

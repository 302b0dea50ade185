"""Which captures hold what somebody has covered, or something made of it: none of them may leave in its place.

In: a reading connection, redactions. Out: `CoveredCaptures`. Of a covered picture, document, video or sound
these are all captures of the same content, of media that were found similar, the renderings of pages that show
them; of a covered record every capture in which it was read; and of all of these the pages that renderings
depict, every rendering of such a page, and revisits. Copies that are covered themselves are none of them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, or_, select

from storage.access_labels import UPKEEP
from storage.catalogue.captures import capture_of, captures_joined
from storage.catalogue.tables import captures, links, occurrences, sightings, warcs
from storage.ledger.redactions import COPY_PREFIX, OF_RECORD, Redaction
from storage.queries.surroundings import pages_linking_to, records_showing

AT_ONCE: Final = 1000
MOST_PAGES: Final = 200
ROUNDS: Final = 4
"""A revisit of a page, its rendering, the page of that: nothing lies further from what is covered."""


@dataclass(frozen=True, slots=True)
class CoveredCaptures:
    """Captures that hold what is covered. ``by_region``: those of them by a region or stretch of a capture.

    ``showing`` are pages that show a covered picture: their own bytes name its address alone.
    """

    touched: frozenset[str]
    by_region: frozenset[str]
    showing: frozenset[str]


def covered_captures(connection: Connection, found: Iterable[Redaction]) -> CoveredCaptures:
    """All captures that hold what these redactions cover, whoever asks."""
    redactions = tuple(found)
    if not redactions:
        return CoveredCaptures(frozenset(), frozenset(), frozenset())
    of_captures = [each for each in redactions if each.original_kind != OF_RECORD]
    records = {each.original_id for each in redactions if each.original_kind == OF_RECORD}
    media = _similar(connection, {str(each.original_digest) for each in of_captures})
    same = _ids(
        connection,
        select(captures.c.id).where(captures.c.payload_digest.in_(media)),
        select(occurrences.c.capture_id).where(occurrences.c.sha256.in_(media)),
        select(captures.c.id).where(captures.c.id.in_({each.original_id for each in of_captures})),
    )
    by_region = _with_all_beside(connection, same)
    read = _ids(connection, select(sightings.c.capture_id).where(sightings.c.record_id.in_(records)))
    showing = _showing(connection, same) - by_region
    touched = by_region | _with_all_beside(connection, read) | _screenshots(connection, showing)
    copies = _ids(connection, select(captures.c.id).where(captures.c.url.startswith(COPY_PREFIX)))
    return CoveredCaptures(
        frozenset(touched - copies), frozenset(by_region - copies), frozenset(showing - touched)
    )


def declaration_of_file(connection: Connection, warc_key: str) -> dict[str, Any] | None:
    """How the source of a file was declared when it was collected; None where the file does not say."""
    return connection.scalar(select(warcs.c.declaration).where(warcs.c.key == warc_key))


def _similar(connection: Connection, digests: Collection[str]) -> set[str]:
    """The media, and those that were found similar to one of them: the same picture in another file."""
    query = select(links.c.a, links.c.b).where(or_(links.c.a.in_(digests), links.c.b.in_(digests)))
    return {*digests, *(each for row in connection.execute(query) for each in (row.a, row.b))}


def _with_all_beside(connection: Connection, begun: set[str]) -> set[str]:
    reached = {*begun}
    for _ in range(ROUNDS):
        more = {each for some in _batches(reached) for each in _beside(connection, some)} - reached
        if not more:
            break
        reached |= more
    return reached


def _screenshots(connection: Connection, pages: Collection[str]) -> set[str]:
    """The renderings of these pages in which pictures can be seen."""
    page, made = captures.alias("page"), captures.alias("made")
    query = (
        select(made.c.id)
        .join(page, made.c.refers_to_id == page.c.record_id)
        .where(page.c.id.in_(pages), made.c.record_type == "resource", made.c.media_type.startswith("image/"))
    )
    return _ids(connection, query)


def _showing(connection: Connection, capture_ids: Collection[str]) -> set[str]:
    """The pages that show one of these files, with their renderings of the DOM: by records, and by addresses."""
    query = captures_joined(UPKEEP).where(captures.c.id.in_(capture_ids))
    files = [capture_of(row) for row in connection.execute(query)]
    found = {each.capture_id for each in records_showing(connection, files, viewer=UPKEEP).values()}
    for file in files:
        linking = pages_linking_to(connection, file, viewer=UPKEEP, limit=MOST_PAGES)
        found |= {each.id for each in linking}
    here, other = captures.alias("here"), captures.alias("other")
    depicted = select(other.c.id).join(here, here.c.refers_to_id == other.c.record_id)
    return found | _ids(connection, depicted.where(here.c.id.in_(found), here.c.record_type == "resource"))


def _beside(connection: Connection, some: Collection[str]) -> set[str]:
    """What renders, repeats or is depicted by one of these captures; by its record id, as captures refer."""
    here, other = captures.alias("here"), captures.alias("other")
    of_here = here.c.id.in_(some)
    return _ids(
        connection,
        select(other.c.id).join(here, other.c.refers_to_id == here.c.record_id).where(of_here),
        select(other.c.id).join(here, here.c.refers_to_id == other.c.record_id).where(of_here),
        select(other.c.id)
        .join(here, other.c.payload_digest == here.c.payload_digest)
        .where(of_here, or_(here.c.record_type == "revisit", other.c.record_type == "revisit")),
    )


def _ids(connection: Connection, *queries: Select[Any]) -> set[str]:
    return {each for query in queries for each in connection.scalars(query)}


def _batches(ids: Collection[str]) -> Iterable[list[str]]:
    every = sorted(ids)
    return (every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE))

"""Search over records and over the text of pages without records: the one door for pages, API and commands.

In: the archive, a `SearchQuery`, whom the answer is for. Out: `SearchAnswer`. The index of this host answers;
where there is none, or it is far behind, the database does, and the answer says so. Whoever answers, every hit is
read from the database under the viewer's rights before it is shown: what was deleted or relabelled a moment ago is
not.
"""

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import tantivy
from sqlalchemy import Connection, select, true

from processors.name_search.matching import explain
from processors.records.own_record import is_own_kind
from storage.access_labels import EVERYONE, Viewer, labels_of, visible_to
from storage.archive import Archive
from storage.catalogue.records import sighting_of
from storage.catalogue.tables import captures, outcomes, page_texts, readings, records, sightings, versions, warcs
from storage.ledger.assessments import assessed_now
from storage.queries.full_text import search_database
from storage.search_index.answer import PageSighting, SearchAnswer, SearchHit
from storage.search_index.documents import PAGE_SUBJECT
from storage.search_index.highlight import Highlighter
from storage.search_index.question import Facet, HistogramUnit, SearchQuery
from storage.search_index.reader import IndexReader, IndexSearch, Match
from storage.search_index.state import state_of
from storage.search_index.words import Group, exact_words, parse_words

BEHIND_AT_MOST_S: Final = 300.0
"""An index that has not read a change for this long is not asked."""
NAMES_COMPARED: Final = 200
"""Texts that are compared with a name; each takes a millisecond or two."""
STATE_KEPT_S: Final = 5.0
"""So long the answer to how far the index is behind is kept."""
TITLE: Final = 200
SUGGESTED_FROM: Final = 5
"""Hits whose words are suggested where a query found nothing."""


@dataclass(slots=True)
class _Index:
    """The index of this process, and what was last known of its state."""

    reader: IndexReader
    because: str | None = None
    known_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


_INDEXES: Final[dict[Path, _Index]] = {}


def search(
    archive: Archive,
    query: SearchQuery,
    *,
    viewer: Viewer = EVERYONE,
    limit: int = 50,
    offset: int = 0,
    facets: Collection[Facet] = (),
    histogram: HistogramUnit | None = None,
) -> SearchAnswer:
    """What matches, in the order asked for, without the first ``offset``."""
    with archive.reader.connect() as connection:
        searcher, because = _searcher(archive, connection)
        if searcher is None:
            found = search_database(connection, query, viewer=viewer, limit=limit, offset=offset)
            return replace(found, answered_by="database", because=because)
        if query.names and query.fold_names and query.text:
            return _bearers(connection, searcher, query, viewer, limit, offset, facets, histogram)
        groups = exact_words(query.text) if query.names else parse_words(query.text)
        asked = _index_search(connection, searcher, query, groups, viewer)
        matches = asked.matches(limit, offset)
        hits = _shown(connection, matches, query, groups, viewer)
        total = max(0, asked.total() - (len(matches) - len(hits)))
        return SearchAnswer(
            hits=hits,
            total=total,
            facets=asked.facets(facets),
            histogram=None if histogram is None else asked.histogram(histogram),
            suggestions=() if total or not groups else _suggestions(connection, searcher, query, groups, viewer),
        )


def _bearers(
    connection: Connection,
    searcher: tantivy.Searcher,
    query: SearchQuery,
    viewer: Viewer,
    limit: int,
    offset: int,
    facets: Collection[Facet],
    histogram: HistogramUnit | None,
) -> SearchAnswer:
    """Who bears a name, the surest first.

    The keys of the index are wide; each of the best `NAMES_COMPARED` texts that have them is compared with the
    name. Facets and histogram count all that have the keys: a few of them are other persons.
    """
    asked = _index_search(connection, searcher, query, (), viewer)
    matches = asked.matches(NAMES_COMPARED)
    candidates = _record_hits(connection, matches, query, viewer)
    found = []
    for match in matches:
        hit = candidates.get(match.subject)
        name = None if hit is None else explain(query.text, hit.excerpt)
        if hit is None or name is None:
            continue
        excerpt = Highlighter.around(hit.excerpt, name.start, name.end)
        because = tuple(str(reason) for reason in name.reasons)
        found.append(replace(hit, excerpt=excerpt, rank=name.score, because=because, similar=not name.same))
    if query.order == "best":
        found.sort(key=lambda hit: (hit.similar, -hit.rank))
    return SearchAnswer(
        hits=tuple(found[offset : offset + limit]),
        total=len(found),
        complete=len(matches) < NAMES_COMPARED,
        facets=asked.facets(facets),
        histogram=None if histogram is None else asked.histogram(histogram),
    )


def _index_search(
    connection: Connection,
    searcher: tantivy.Searcher,
    query: SearchQuery,
    groups: Sequence[Group],
    viewer: Viewer,
) -> IndexSearch:
    """The query under the viewer's rights, with how records stand now."""
    assessed = assessed_now(connection, "record")
    return IndexSearch(searcher, query, groups, labels_of(connection, viewer), assessed)


def own_kinds(connection: Connection, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """The kinds of records that operators' parsers have read; looked for at the sources that name such a
    parser.
    """
    parser = warcs.c.declaration["parser"].astext
    sources = select(warcs.c.source_id).where(parser.is_not(None), visible_to(viewer, warcs.c.access_label))
    query = select(readings.c.kind).where(readings.c.source_id.in_(sources.distinct())).distinct()
    return tuple(sorted(kind for kind in connection.scalars(query) if is_own_kind(kind)))


def _searcher(archive: Archive, connection: Connection) -> tuple[tantivy.Searcher | None, str | None]:
    """The index, or why it is not asked."""
    if archive.search_folder is None:
        return None, "no search index is configured here"
    index = _INDEXES.setdefault(archive.search_folder, _Index(IndexReader(archive.search_folder)))
    searcher = index.reader.searcher()
    if searcher is None:
        return None, "the search index of this host is not made yet"
    with index.lock:
        if time.monotonic() - index.known_at > STATE_KEPT_S:
            index.because = _why_not(index.reader, connection)
            index.known_at = time.monotonic()
    return (searcher, None) if index.because is None else (None, index.because)


def _why_not(reader: IndexReader, connection: Connection) -> str | None:
    """Why the index is not to be asked; None where it is near enough to the catalogue."""
    state = state_of(connection, reader)
    if state.problem is not None:
        return f"the search index of this host cannot be asked: {state.problem}"
    if state.behind_s > BEHIND_AT_MOST_S:
        return f"the search index of this host is {state.behind_s:.0f} s behind the catalogue"
    return None


def _shown(
    connection: Connection,
    matches: Sequence[Match],
    query: SearchQuery,
    groups: Sequence[Group],
    viewer: Viewer,
) -> tuple[SearchHit, ...]:
    """The hits as the database has them, without those that the viewer may not see now."""
    highlighter = Highlighter(
        [clause for group in groups for clause in group.with_], typing_errors=query.typing_errors
    )
    of_records = _record_hits(connection, [each for each in matches if not _is_page(each)], query, viewer)
    of_pages = _page_hits(connection, [each for each in matches if _is_page(each)], viewer)
    hits = {match.subject: (of_pages if _is_page(match) else of_records).get(match.subject) for match in matches}
    return tuple(
        replace(found, excerpt=highlighter.excerpt(found.excerpt), rank=match.rank)
        for match in matches
        if (found := hits[match.subject]) is not None
    )


def _is_page(match: Match) -> bool:
    return match.subject.startswith(PAGE_SUBJECT)


def _record_hits(
    connection: Connection, matches: Sequence[Match], query: SearchQuery, viewer: Viewer
) -> dict[str, SearchHit]:
    """By record, the matching version that was seen last; the excerpt is its whole text yet."""
    if not matches:
        return {}
    seen = (
        select(
            sightings.c.content.label("besides"),
            sightings.c.capture_id,
            sightings.c.captured_at,
            sightings.c.source_id,
        )
        .where(sightings.c.version_id == versions.c.id, visible_to(viewer, sightings.c.access_label))
        .order_by(sightings.c.captured_at.desc(), sightings.c.capture_id)
        .limit(1)
    )
    if query.source:
        seen = seen.where(sightings.c.source_id.in_(query.source))
    newest = seen.correlate(versions).lateral("seen")
    rows = connection.execute(
        select(
            versions.c.record_id,
            versions.c.id.label("version_id"),
            versions.c.kind,
            versions.c.content.label("version"),
            versions.c.text,
            records.c.natural_key,
            newest,
        )
        .select_from(versions.join(records, records.c.id == versions.c.record_id).join(newest, true()))
        .where(versions.c.id.in_([each for match in matches for each in match.ids]))
        .order_by(newest.c.captured_at, versions.c.id.desc())
    )
    return {row.record_id: SearchHit(sighting=sighting_of(row), excerpt=row.text) for row in rows}


def _page_hits(connection: Connection, matches: Sequence[Match], viewer: Viewer) -> Mapping[str, SearchHit]:
    if not matches:
        return {}
    rows = connection.execute(
        select(page_texts, captures, outcomes.c.outcome)
        .select_from(
            page_texts.join(captures, captures.c.id == page_texts.c.capture_id).outerjoin(
                outcomes, outcomes.c.capture_id == captures.c.id
            )
        )
        .where(
            page_texts.c.capture_id.in_([each for match in matches for each in match.ids]),
            visible_to(viewer, captures.c.access_label),
        )
    )
    return {PAGE_SUBJECT + row.capture_id: SearchHit(page=_page_of(row), excerpt=row.text) for row in rows}


def _page_of(row: Any) -> PageSighting:
    first_line = row.text.lstrip().partition("\n")[0].strip()
    return PageSighting(
        capture_id=row.capture_id,
        captured_at=row.captured_at,
        url=row.url,
        title=first_line[:TITLE] or None,
        source_id=row.source_id,
        outcome=row.outcome,
        media_type=row.media_type,
        language=row.language,
    )


def _suggestions(
    connection: Connection,
    searcher: tantivy.Searcher,
    query: SearchQuery,
    groups: Sequence[Group],
    viewer: Viewer,
) -> tuple[str, ...]:
    """Words a letter away from those of the query, out of texts that the viewer may see."""
    if query.typing_errors or query.names:
        return ()
    nearly = replace(query, typing_errors=True)
    asked = _index_search(connection, searcher, nearly, groups, viewer)
    matches = asked.matches(SUGGESTED_FROM)
    rows = {
        **_record_hits(connection, [each for each in matches if not _is_page(each)], nearly, viewer),
        **_page_hits(connection, [each for each in matches if _is_page(each)], viewer),
    }
    clauses = [clause for group in groups for clause in group.with_]
    written = {clause.exact[0] for clause in clauses}
    highlighter = Highlighter(clauses, typing_errors=True)
    words = [word for hit in rows.values() for word in highlighter.words_meant(hit.excerpt)]
    return tuple(dict.fromkeys(word for word in words if word not in written))[:SUGGESTED_FROM]


def reset_index_state() -> None:
    """Ask anew how far the index of this process is behind; for those who have just written it."""
    for index in _INDEXES.values():
        index.known_at = float("-inf")

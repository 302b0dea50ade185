"""What the search page shows beside the hits: values to narrow by and to widen by, a histogram, small pictures.

In: the archive, a query, whom the answer is for. Out: an answer of `access.views.search` with every facet and a
histogram; small pictures by record. A facet of which values are chosen counts what choosing others would find, so
it is asked for without that choice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

from access.rendering.labels import kind_label
from access.views.changes import sources_of
from access.views.gallery import thumbnail_path
from access.views.search import FoundRows, found, kinds_of
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.ledger.assessments import VerificationStatus
from storage.queries.record_media import drawable_beside
from storage.search_index.question import FACETS, Facet, HistogramUnit, SearchQuery

DAYS_UP_TO: Final = timedelta(days=92)
"""Hits that lie within so long are counted by day."""
MONTHS_UP_TO: Final = timedelta(days=3660)
"""Within so long by month; beyond it by year."""
PICTURES_OF_ROW: Final = 3
LANDING: Final[tuple[Facet, ...]] = ("kind", "source", "language", "year")
"""What a reader who has asked for nothing yet may begin with."""


def found_with_facets(
    archive: Archive, query: SearchQuery, *, viewer: Viewer = EVERYONE, most: int, offset: int = 0
) -> FoundRows:
    """The hits of a page with every facet and the histogram in the unit that fits.

    Of a name, facets and histogram are those of one question: each takes the comparison of many texts.
    """
    answer = found(
        archive,
        query,
        viewer=viewer,
        most=most,
        offset=offset,
        facets=FACETS,
        histogram=_unit_of_query(query),
    )
    if answer.answered_by == "database":
        return replace(answer, facets=_uncounted(archive, query, viewer))
    if query.names:
        return answer
    facets = dict(answer.facets)
    for facet in FACETS:
        chosen = query.values(facet)
        if chosen:
            others = found(archive, _without(query, facet), viewer=viewer, most=1, facets=(facet,))
            facets[facet] = _with_choice(others.facets.get(facet, []), chosen)
    return replace(answer, facets=facets, histogram=_histogram(archive, query, answer.histogram, viewer))


def beginnings(archive: Archive, *, viewer: Viewer = EVERYONE) -> dict[str, list[dict[str, Any]]]:
    """Values of a few facets over everything that the viewer may see."""
    query = SearchQuery(order="newest")
    answer = found(archive, query, viewer=viewer, most=1, facets=LANDING)
    return _uncounted(archive, query, viewer) if answer.answered_by == "database" else answer.facets


def small_pictures(
    archive: Archive, rows: Iterable[Mapping[str, Any]], *, viewer: Viewer = EVERYONE
) -> dict[str, list[dict[str, Any]]]:
    """By record: ``image`` (a path), ``capture_id`` of the picture or video, and ``description``."""
    named = {
        row["record_id"]: (row["capture_id"], list(islice(_media(row), PICTURES_OF_ROW)))
        for row in rows
        if row["record_id"] is not None
    }
    addresses: dict[str, set[str]] = {}
    for capture_id, media in named.values():
        addresses.setdefault(capture_id, set()).update(url for urls, _ in media for url in urls)
    with archive.reader.connect() as connection:
        drawable = drawable_beside(connection, addresses, viewer=viewer)
    shown: dict[str, list[dict[str, Any]]] = {}
    for record_id, (capture_id, media) in named.items():
        for urls, description in media:
            medium = next((drawable[capture_id, url] for url in urls if (capture_id, url) in drawable), None)
            if medium is None:
                continue
            image = thumbnail_path(medium.capture_id, medium.media_type, medium.length_bytes, medium.duration_s)
            if image is not None:
                picture = {"image": image, "capture_id": medium.capture_id, "description": description}
                shown.setdefault(record_id, []).append(picture)
    return shown


def _media(row: Mapping[str, Any]) -> Iterable[tuple[list[str], str]]:
    """Addresses under which a medium may have been fetched, and what it is."""
    for name in ("media", "images"):
        for each in row.get(name) or ():
            if isinstance(each, Mapping):
                urls = [str(each[key]) for key in ("url", "thumb_url") if each.get(key)]
                yield urls, str(each.get("caption") or kind_label(str(each.get("kind") or "picture")))


def _without(query: SearchQuery, facet: Facet) -> SearchQuery:
    changed: dict[str, Any] = {facet: ()}
    return replace(query, **changed)


def _with_choice(values: Iterable[Mapping[str, Any]], chosen: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = [{**row, "chosen": row["value"] in chosen} for row in values]
    counted = {row["value"] for row in rows}
    return rows + [{"value": value, "count": 0, "chosen": True} for value in chosen if value not in counted]


def _uncounted(archive: Archive, query: SearchQuery, viewer: Viewer) -> dict[str, list[dict[str, Any]]]:
    """Kinds and sources without counts, which the database alone does not give, and whatever is chosen."""
    known: Mapping[str, Iterable[str]] = {
        "kind": kinds_of(archive, viewer=viewer),
        "source": sources_of(archive, viewer=viewer),
        "verification": tuple(map(str, VerificationStatus)),
    }
    facets: dict[str, list[dict[str, Any]]] = {}
    for facet in FACETS:
        chosen = query.values(facet)
        values = dict.fromkeys((*known.get(facet, ()), *chosen))
        facets[facet] = [{"value": value, "count": None, "chosen": value in chosen} for value in values]
    return facets


def _unit_of_query(query: SearchQuery) -> HistogramUnit:
    if query.since is None or query.until is None:
        return "month"
    return _unit(query.until - query.since)


def _histogram(
    archive: Archive, query: SearchQuery, first: dict[str, Any] | None, viewer: Viewer
) -> dict[str, Any] | None:
    """In the unit that fits what was found, which is known only then."""
    if first is None or not first["bars"]:
        return first
    begins, ends = (date.fromisoformat(first["bars"][place]["start"]) for place in (0, -1))
    unit = _unit(ends - begins)
    if unit == first["unit"]:
        return first
    return found(archive, query, viewer=viewer, most=1, histogram=unit).histogram


def _unit(lasting: timedelta) -> HistogramUnit:
    if lasting <= DAYS_UP_TO:
        return "day"
    return "month" if lasting <= MONTHS_UP_TO else "year"

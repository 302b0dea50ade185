"""What was published: search over records, and one record with its versions and sightings.

In: the archive, a query or a record id, whom the answer is for. Out: JSON-ready rows: a record has the keys of
its kind (architecture section 7), beside them what the archive knows of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from itertools import groupby, pairwise
from typing import Any

from access.rendering.formatting import dated, heading
from access.rendering.word_diff import differences
from access.views.assessments import verification_row, with_status
from processors.kinds import record_kinds
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.dom_renderings import exchanges_of_doms
from storage.catalogue.records import RecordSighting, sightings_of_record, versions_of_record
from storage.ledger.assessments import AssessedSubject, assessments_of
from storage.queries.search import own_kinds, search
from storage.search_index.answer import START_MARK, STOP_MARK, Histogram, PageSighting, SearchHit
from storage.search_index.question import Facet, HistogramUnit, SearchQuery


@dataclass(frozen=True, slots=True)
class FoundRows:
    """One page of rows, and how many there are in all; more, where that is not ``complete``.

    ``facets`` has the values of each facet that was asked for, ``histogram`` the hits over time (None: not asked
    for). ``answered_by`` is the index or the database, and ``because`` says why it was not the index.
    ``suggestions`` are words that would find something where nothing was found.
    """

    rows: list[dict[str, Any]]
    total: int
    complete: bool
    facets: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    histogram: dict[str, Any] | None = None
    suggestions: list[str] = field(default_factory=list)
    answered_by: str = "index"
    because: str | None = None


def found(
    archive: Archive,
    query: SearchQuery,
    *,
    viewer: Viewer = EVERYONE,
    most: int = 50,
    offset: int = 0,
    facets: Collection[Facet] = (),
    histogram: HistogramUnit | None = None,
) -> FoundRows:
    """Records and pages that match, in the order asked for, without the first ``offset``.

    Each row is the record in the newest wording that matches, with ``record_id``, ``heading``, ``excerpt`` (what
    matched between « and »; ``excerpt_pieces`` has it without them), ``dated_at`` (what the source says),
    ``source``, ``capture_id`` and ``captured_at`` of its newest sighting, and ``because``: why a name matched
    (``similar``: it may be another person's), and ``verification``, its status. A page that gave no records has
    the kind ``page_text``, and None for ``record_id`` and ``verification``.
    """
    answer = search(archive, query, viewer=viewer, limit=most, offset=offset, facets=facets, histogram=histogram)
    return FoundRows(
        rows=with_status(archive, (_found_row(each) for each in answer.hits)),
        total=answer.total,
        complete=answer.complete,
        facets={name: [asdict(value) for value in values] for name, values in answer.facets.items()},
        histogram=None if answer.histogram is None else _histogram_row(answer.histogram),
        suggestions=list(answer.suggestions),
        answered_by=answer.answered_by,
        because=answer.because,
    )


def kinds_of(archive: Archive, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """Every kind of record that may be asked for: ours, and those that operators' parsers have read."""
    with archive.reader.connect() as connection:
        return (*record_kinds(), *own_kinds(connection, viewer=viewer))


def one_record(archive: Archive, record_id: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """One record: ``versions`` in the order in which they were first seen, each with its sightings, oldest first.

    ``differences`` of a version says, field by field, what of the version before it went and what came.
    ``page_remarks``: what the parser remarked on the page of its newest sighting, besides those on the record.

    ``verification``: how it stands after what analysts found out.

    A sighting says whether it was read from what the server sent or from the final DOM, and of which exchange.
    None where there is none of this name that the viewer may see.
    """
    with archive.reader.connect() as connection:
        sightings = tuple(sightings_of_record(connection, record_id, viewer=viewer))
        exchanges = exchanges_of_doms(connection, [each.capture_id for each in sightings])
        contents = versions_of_record(connection, record_id) if sightings else {}
        acts = assessments_of(connection, AssessedSubject("record", record_id)) if sightings else ()
    if not sightings:
        return None
    order = {
        version_id: place for place, version_id in enumerate(dict.fromkeys(each.version_id for each in sightings))
    }
    by_version = groupby(
        sorted(sightings, key=lambda each: order[each.version_id]), key=lambda each: each.version_id
    )
    newest = sightings[-1]
    changed = {after: differences(contents[before], contents[after]) for before, after in pairwise(order)}
    return {
        "kind": newest.kind,
        "id": newest.record_id,
        "key": newest.natural_key,
        "heading": heading(newest.kind, newest.content),
        "first_seen_at": sightings[0].captured_at,
        "last_seen_at": newest.captured_at,
        "versions": [
            {**_version_row(version_id, tuple(group), exchanges), "differences": changed.get(version_id, [])}
            for version_id, group in by_version
        ],
        "verification": verification_row(acts, [*order]),
    }


def record_row(sighting: RecordSighting) -> dict[str, Any]:
    """A record in a list: its own keys, and what the archive knows of it."""
    return {
        **sighting.content,
        "record_id": sighting.record_id,
        "version_id": sighting.version_id,
        "heading": heading(sighting.kind, sighting.content),
        "dated_at": dated(sighting.content),
        "source": sighting.source_id,
        "capture_id": sighting.capture_id,
        "captured_at": sighting.captured_at,
    }


def _found_row(each: SearchHit) -> dict[str, Any]:
    pieces = _pieces(" ".join(each.excerpt.split()))
    excerpt = "".join(f"«{piece['text']}»" if piece["matched"] else piece["text"] for piece in pieces)
    if each.sighting is not None:
        row = record_row(each.sighting)
    else:
        assert each.page is not None
        row = _page_row(each.page)
    return row | {
        "excerpt": excerpt,
        "excerpt_pieces": pieces,
        "because": list(each.because),
        "similar": each.similar,
    }


def _page_row(page: PageSighting) -> dict[str, Any]:
    """A page that gave no records, with the keys that every row of a list has."""
    return {
        "kind": "page_text",
        "url": page.url,
        "title": page.title,
        "outcome": page.outcome,
        "media_type": page.media_type,
        "language": page.language,
        "record_id": None,
        "version_id": None,
        "heading": page.title or page.url,
        "dated_at": None,
        "source": page.source_id,
        "capture_id": page.capture_id,
        "captured_at": page.captured_at,
    }


def _histogram_row(histogram: Histogram) -> dict[str, Any]:
    bars = [{"start": bar.start.isoformat(), "count": bar.count} for bar in histogram.bars]
    return {"unit": histogram.unit, "bars": bars, "undated": histogram.undated}


def _pieces(marked: str) -> list[dict[str, Any]]:
    """The excerpt cut where a match begins or ends."""
    first, *others = marked.split(START_MARK)
    pieces: list[dict[str, Any]] = [{"text": first, "matched": False}]
    for other in others:
        matched, _, rest = other.partition(STOP_MARK)
        pieces += [{"text": matched, "matched": True}, {"text": rest, "matched": False}]
    return [piece for piece in pieces if piece["text"]]


def _version_row(
    version_id: str, sightings: tuple[RecordSighting, ...], exchanges: Mapping[str, str | None]
) -> dict[str, Any]:
    return {
        "version_id": version_id,
        "first_seen_at": sightings[0].captured_at,
        "last_seen_at": sightings[-1].captured_at,
        "content": sightings[-1].content,
        "page_remarks": list(sightings[-1].page_remarks),
        "sightings": [
            {
                "capture_id": each.capture_id,
                "captured_at": each.captured_at,
                "source": each.source_id,
                "url": each.content.get("url"),
                "read_from": "dom" if each.capture_id in exchanges else "exchange",
                "exchange_capture_id": exchanges.get(each.capture_id, each.capture_id),
                "content": each.content,
            }
            for each in sightings
        ],
    }

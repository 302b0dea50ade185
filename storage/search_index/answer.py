"""What a search found: hits, how many there are in all, facets with counts, a histogram over time.

Everything here tells only of what the viewer may see. Excerpts carry `START_MARK` and `STOP_MARK` around what
matched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal

from storage.catalogue.records import RecordSighting
from storage.search_index.question import Facet, HistogramUnit

START_MARK: Final = "\ue000"
STOP_MARK: Final = "\ue001"
"""Around words that matched; private to us, since no quotation mark is: sources quote with all of them."""

AnsweredBy = Literal["index", "database"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSighting:
    """A captured page that gave no records, found by its text."""

    capture_id: str
    captured_at: datetime
    url: str
    title: str | None
    source_id: str
    outcome: str | None
    media_type: str | None
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A record in the newest wording that matches, or a page without records: exactly one of the two.

    ``because``: of a search for a name, each step from the name asked for to the name found
    (`processors.name_search.reasons`); ``similar``: it may be another person's.
    """

    sighting: RecordSighting | None = None
    page: PageSighting | None = None
    excerpt: str
    rank: float = 0.0
    because: tuple[str, ...] = ()
    similar: bool = False


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value of a facet, and how many of the hits have it; ``chosen``: the query asks for it."""

    value: str
    count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """How many hits are dated within the year, month or day that begins at ``start`` (UTC)."""

    start: date
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Hits over time, oldest first, empty bars left out; ``undated`` hits have no date by their source."""

    unit: HistogramUnit
    bars: tuple[Bar, ...]
    undated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """One page of what was found.

    ``total`` counts records (and pages without records) once each. Not ``complete``: more match than were looked
    at, and the newest were. ``facets`` and ``histogram`` are there where they were asked for; the database answers
    without them. ``answered_by`` names who answered, and ``because`` why it was not the index. ``suggestions`` are
    other words that would find something, where nothing was found.
    """

    hits: tuple[SearchHit, ...] = ()
    total: int = 0
    complete: bool = True
    facets: Mapping[Facet, tuple[FacetCount, ...]] = field(default_factory=dict)
    histogram: Histogram | None = None
    suggestions: tuple[str, ...] = ()
    answered_by: AnsweredBy = "index"
    because: str | None = None

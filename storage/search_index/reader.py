"""Asks the index of a host: which subjects match, how many, with which values of facets, when.

In: the folder of the index, a query and the labels of its viewer. Out: ids in the order that was asked for, and
counts; everything that is shown is read from the database afterwards. A subject of several documents is counted
once: with HyperLogLog++, so where there are many thousands of such subjects within a hundredth. An index that has
been replaced or written meanwhile is opened again. May be called from several threads at once.
"""

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import tantivy
from tantivy import Order, Query

from storage.ledger.assessments import VerificationStatus
from storage.search_index.answer import Bar, FacetCount, Histogram
from storage.search_index.change_log import Position
from storage.search_index.folder import current_index
from storage.search_index.index_query import Assessed, both, but_not, index_query, of_subjects, one_of, standing
from storage.search_index.question import Facet, HistogramUnit, SearchQuery
from storage.search_index.schema import AT, DAY, ID, MONTH, RECORD, SEVERAL, SUBJECT, YEAR, opened
from storage.search_index.words import Group
from storage.search_index.writer import position_of

FACET_VALUES: Final = 50
"""Values of one facet that are counted, those with most hits first."""
MOST_BARS: Final = 40_000
MOST_WORDINGS: Final = 1_000
"""Documents of the subjects of one page that are looked at for the wording that is shown."""

VERIFICATION: Final = "verification"
NOTHING_ASSESSED: Final[Assessed] = {}

_UNITS: Final[Mapping[HistogramUnit, str]] = {"year": YEAR, "month": MONTH, "day": DAY}


@dataclass(frozen=True, slots=True)
class Match:
    """A subject that matches: the ids of those of its documents that do, and its rank."""

    subject: str
    ids: tuple[str, ...]
    rank: float


class IndexSearch:
    """One query over one state of the index."""

    def __init__(
        self,
        searcher: tantivy.Searcher,
        query: SearchQuery,
        groups: Sequence[Group],
        labels: Collection[str] | None,
        assessed: Assessed = NOTHING_ASSESSED,
    ) -> None:
        self._searcher = searcher
        self._asked = query
        self._by_rank = query.order == "best" and (bool(groups) or query.names)
        self._assessed = assessed
        self._query = index_query(query, groups, labels, assessed)
        self._documents = self._count(self._query)
        self._several = both(self._query, one_of(SEVERAL, [True]))
        self._of_several = self._count(self._several)

    def total(self) -> int:
        """How many subjects match."""
        return self._subjects(self._query, self._documents, self._several, self._of_several)

    def matches(self, limit: int, offset: int = 0) -> tuple[Match, ...]:
        """The subjects of one page, in the order that was asked for."""
        addresses = self._page(limit, offset)
        found = [(rank, self._searcher.doc(address)) for rank, address in addresses]
        ids: dict[str, list[str]] = {document[SUBJECT][0]: [document[ID][0]] for _, document in found}
        if self._of_several and ids:
            for subject, other in self._wordings(tuple(ids)):
                ids[subject].append(other)
        ranks = {document[SUBJECT][0]: rank for rank, document in found}
        return tuple(
            Match(subject, tuple(dict.fromkeys(each)), ranks[subject] if self._by_rank else 0.0)
            for subject, each in ids.items()
        )

    def facets(self, facets: Collection[Facet]) -> dict[Facet, tuple[FacetCount, ...]]:
        """The values of these facets, those with most hits first."""
        if not facets:
            return {}
        terms: dict[str, Any] = {
            facet: {"terms": {"field": facet, "size": FACET_VALUES}} for facet in facets if facet != VERIFICATION
        }
        counted = self._counted(terms) if terms else {}
        if VERIFICATION in facets:
            counted[VERIFICATION] = self._by_status()
        return {facet: self._facet(facet, counted[facet]) for facet in facets}

    def histogram(self, unit: HistogramUnit) -> Histogram:
        """The hits by year, month or day."""
        by = _UNITS[unit]
        counted = self._counted({by: {"terms": {"field": by, "size": MOST_BARS}}})[by]
        bars = tuple(Bar(_start_of(unit, int(value)), count) for value, count in sorted(counted.items()))
        undated = but_not(self._query, Query.exists_query(DAY))
        several = but_not(self._several, Query.exists_query(DAY))
        without = self._subjects(undated, self._count(undated), several, self._count(several))
        return Histogram(unit, bars, without)

    def _by_status(self) -> Counter[Any]:
        """Records by verification status, which the ledger knows and no field of the index."""
        counted: Counter[Any] = Counter()
        for status in VerificationStatus:
            query = both(self._query, standing((status,), self._assessed))
            several = both(self._several, standing((status,), self._assessed))
            found = self._subjects(query, self._count(query), several, self._count(several))
            if found:
                counted[str(status)] = found
        return counted

    def _facet(self, facet: Facet, counted: Mapping[Any, int]) -> tuple[FacetCount, ...]:
        chosen = self._asked.values(facet)
        by_value = {str(value): count for value, count in counted.items()}
        rows = [FacetCount(value, count, value in chosen) for value, count in by_value.items()]
        rows += [FacetCount(value, 0, chosen=True) for value in chosen if value not in by_value]
        return tuple(sorted(rows, key=lambda each: (-each.count, each.value)))

    def _counted(self, terms: Mapping[str, Any]) -> dict[str, Counter[Any]]:
        """Subjects by value: those of one document by document, the others by distinct subject."""
        counted: dict[str, Counter[Any]] = {name: Counter() for name in terms}
        if not self._of_several:
            for name, value, bucket in self._buckets(self._query, terms):
                counted[name][value] += bucket["doc_count"]
            return counted
        for name, value, bucket in self._buckets(both(self._query, one_of(SEVERAL, [False])), terms):
            counted[name][value] += bucket["doc_count"]
        distinct = {"subjects": {"cardinality": {"field": RECORD}}}
        of_several = {name: asked | {"aggs": distinct} for name, asked in terms.items()}
        for name, value, bucket in self._buckets(self._several, of_several):
            counted[name][value] += round(bucket["subjects"]["value"])
        return counted

    def _buckets(self, query: Query, terms: Mapping[str, Any]) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
        for name, answer in self._searcher.aggregate(query, dict(terms)).items():
            for bucket in answer["buckets"]:
                yield name, bucket["key"], bucket

    def _subjects(self, query: Query, documents: int, several: Query, of_several: int) -> int:
        if not of_several:
            return documents
        return documents - of_several + round(self._searcher.cardinality(several, RECORD))

    def _count(self, query: Query) -> int:
        found: Any = self._searcher.search(query, 1, order_by_field=RECORD)  # its types lack the count
        return int(found.count)

    def _page(self, limit: int, offset: int) -> list[tuple[float, tantivy.DocAddress]]:
        if not self._of_several:
            return self._ranked(limit, offset)
        most = offset + limit
        window = 2 * most + 20
        while True:
            ranked = self._ranked(window, 0)
            numbers = self._searcher.fast_field_values(RECORD, [address for _, address in ranked])
            first_of: dict[Any, tuple[float, tantivy.DocAddress]] = {}
            for number, each in zip(numbers, ranked, strict=True):
                first_of.setdefault(number, each)
            if len(first_of) >= most or len(ranked) < window:
                return list(first_of.values())[offset:most]
            window *= 2

    def _ranked(self, limit: int, offset: int) -> list[tuple[float, tantivy.DocAddress]]:
        if self._by_rank:
            found = self._searcher.search(self._query, limit, count=False, offset=offset)
        else:
            order = Order.Asc if self._asked.order == "oldest" else Order.Desc
            found = self._searcher.search(
                self._query, limit, count=False, offset=offset, order_by_field=AT, order=order
            )
        return list(found.hits)

    def _wordings(self, subjects: Collection[str]) -> Iterator[tuple[str, str]]:
        """The other documents that match of the subjects of a page."""
        query = both(self._several, of_subjects(subjects, SUBJECT))
        for _, address in self._searcher.search(query, MOST_WORDINGS, count=False).hits:
            document = self._searcher.doc(address)
            yield document[SUBJECT][0], document[ID][0]


@dataclass(slots=True)
class _Opened:
    folder: Path
    written: int
    index: tantivy.Index
    searcher: tantivy.Searcher
    position: Position | None


@dataclass(slots=True)
class IndexReader:
    """The index of a host as those have it who ask; opens what is in use, and again what has changed."""

    folder: Path
    _opened: _Opened | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def searcher(self) -> tantivy.Searcher | None:
        """The newest state of the index, None where there is none that can be asked."""
        opened_now = self._newest()
        return None if opened_now is None else opened_now.searcher

    def position(self) -> Position | None:
        """Up to where the index has read the log of changes; None where there is none."""
        opened_now = self._newest()
        return None if opened_now is None else opened_now.position

    def _newest(self) -> _Opened | None:
        with self._lock:
            folder = current_index(self.folder)
            if folder is None:
                self._opened = None
                return None
            try:
                written = (folder / "meta.json").stat().st_mtime_ns
                if self._opened is None or self._opened.folder != folder:
                    self._opened = _open(folder, written, opened(str(folder)))
                elif self._opened.written != written:
                    self._opened.index.reload()
                    self._opened = _open(folder, written, self._opened.index)
            except (OSError, ValueError):  # it was replaced at this moment
                self._opened = None
            return self._opened


def _open(folder: Path, written: int, index: tantivy.Index) -> _Opened:
    searcher = index.searcher()
    return _Opened(folder, written, index, searcher, position_of(searcher))


def _start_of(unit: HistogramUnit, value: int) -> date:
    match unit:
        case "year":
            return date(value, 1, 1)
        case "month":
            return date(value // 100, value % 100, 1)
        case "day":
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=value)).date()

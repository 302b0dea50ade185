"""Links from one search to the next: a value more, a value less, another order, another way of searching.

In: a `SearchQuery`, how many rows a page has, facets with counts. Out: query strings for links, each the whole
state of the page, so that every link can be shared.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from access.query_parameters import search_string
from access.rendering.labels import facet_label, facet_value_label
from access.rendering.translations import gettext
from storage.search_index.question import FACETS, Facet, SearchQuery

ROWS: Final = (20, 50, 100)
"""How many rows a page may have."""
VALUES_SHOWN: Final = 8
"""Values of a facet that are shown at once; the others are behind a fold."""

_PIECE: Final = re.compile(r'-?"[^"]*"?|\S+')
_LEFT: Final = re.compile(r"or|OR|\||[-=].*|.*\*|\S*\".*")
"""What stays as it is where words are to be found as written: exclusions, beginnings, phrases."""


@dataclass(frozen=True, slots=True)
class SearchLinks:
    """Where one may go from a search."""

    query: SearchQuery
    rows: int = ROWS[0]

    def to(self, **changed: Any) -> str:
        """The query string with other values of some attributes."""
        return self._string(replace(self.query, **changed), self.rows)

    def with_rows(self, rows: int) -> str:
        """The same search with so many rows on a page."""
        return self._string(self.query, rows)

    def facets(self, facets: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
        """Each facet that has values, in the order of `FACETS`: ``shown``, and ``folded`` where there are more."""
        groups = []
        for facet in FACETS:
            values = [self._value(facet, row) for row in facets.get(facet, ())]
            values.sort(key=lambda value: not value["chosen"])
            if values:
                groups.append(
                    {
                        "facet": facet,
                        "label": facet_label(facet),
                        "chosen": values[0]["chosen"],
                        "shown": values[:VALUES_SHOWN],
                        "folded": values[VALUES_SHOWN:],
                    }
                )
        return groups

    def chips(self) -> list[dict[str, str]]:
        """What narrows the search or changes its way, each with the link that takes it away."""
        query = self.query
        chips = [
            _chip(facet_label(facet), facet_value_label(facet, value), self._toggled(facet, value))
            for facet in FACETS
            for value in query.values(facet)
        ]
        if query.since is not None:
            chips.append(_chip(gettext("Date from"), query.since.isoformat(), self.to(since=None)))
        if query.until is not None:
            chips.append(_chip(gettext("to"), query.until.isoformat(), self.to(until=None)))
        if query.names:
            chips.append(_chip(gettext("Way of searching"), gettext("name of a person"), self.to(names=False)))
        if not query.fold_names:
            spelled = gettext("this spelling of the name only")
            chips.append(_chip(gettext("Way of searching"), spelled, self.to(fold_names=True)))
        if query.typing_errors:
            wrong = gettext("one letter may be wrong")
            chips.append(_chip(gettext("Way of searching"), wrong, self.to(typing_errors=False)))
        if not query.pages:
            without = gettext("without pages that gave no records")
            chips.append(_chip(gettext("Way of searching"), without, self.to(pages=True)))
        return chips

    def words_alone(self) -> str:
        """The same words with nothing that narrows them."""
        return self._string(SearchQuery(text=self.query.text, order=self.query.order), self.rows)

    def hidden(self) -> list[tuple[str, str]]:
        """Names and values that the form carries on."""
        carried: list[tuple[str, str]] = [(facet, value) for facet in FACETS for value in self.query.values(facet)]
        if self.query.order != "best":
            carried.append(("order", self.query.order))
        if self.rows != ROWS[0]:
            carried.append(("rows", str(self.rows)))
        return carried

    def between(self, since: date, until: date) -> str:
        """The same search within these days."""
        return self.to(since=since, until=until)

    def as_written(self) -> str | None:
        """The same words, each as it is written; None where they are that already."""
        text = as_written(self.query.text)
        return None if self.query.names or text == self.query.text else self.to(text=text, typing_errors=False)

    def instead(self, suggestions: Sequence[str]) -> list[tuple[str, str]]:
        """Suggested words, each with the link that searches for it."""
        return [(word, self.to(text=word)) for word in suggestions]

    def _value(self, facet: Facet, row: Mapping[str, Any]) -> dict[str, Any]:
        value = row["value"]
        return {
            "label": facet_value_label(facet, value),
            "count": row["count"],
            "chosen": row["chosen"],
            "query": self._toggled(facet, value),
        }

    def _toggled(self, facet: Facet, value: str) -> str:
        chosen = self.query.values(facet)
        return self.to(**{facet: tuple(_other(chosen, value)) if value in chosen else (*chosen, value)})

    @staticmethod
    def _string(query: SearchQuery, rows: int) -> str:
        return "&".join(filter(None, (search_string(query), f"rows={rows}" if rows != ROWS[0] else "")))


def as_written(text: str) -> str:
    """A query whose words are found as they stand, in no other form."""
    pieces = _PIECE.findall(text)
    return " ".join(piece if _LEFT.fullmatch(piece) else f"={piece}" for piece in pieces)


def _other(chosen: Iterable[str], value: str) -> Iterator[str]:
    return (each for each in chosen if each != value)


def _chip(title: str, value: str, query: str) -> dict[str, str]:
    return {"title": title, "value": value, "query": query}

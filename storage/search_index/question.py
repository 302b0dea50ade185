"""What is searched for, and what narrows it.

In: words as an analyst writes them, and values of facets. Out: a frozen `SearchQuery`, the same for the search
index and for the database. The language of ``text``: all words must match, in any form; ``"words in quotes"`` and
``=word`` match as they stand, stop words included; ``word*`` matches beginnings; ``-`` excludes; ``or`` stands
between two alternatives.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

Order = Literal["best", "newest", "oldest"]
"""``best``: by relevance. The others: by the date that the source gives, undated ones last."""

Facet = Literal[
    "kind",
    "source",
    "verification",
    "court",
    "judge",
    "article",
    "status",
    "outcome",
    "language",
    "media_type",
    "year",
]
"""Narrowing by a value: each has the attribute of this name in `SearchQuery`.

``status`` is what a row of a list says of its proceedings, ``outcome`` what the captured page was classified as,
``media_type`` that of the capture, ``year`` of the date that the source gives. ``verification`` is how a record
stands after what analysts found out (`storage.ledger.assessments`), asked of the ledger and not of the index.
"""

FACETS: Final[tuple[Facet, ...]] = get_args(Facet)

PAGE_KIND: Final = "page_text"
"""The kind of a page that gave no records."""

HistogramUnit = Literal["year", "month", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What is looked for; an empty facet narrows nothing, several values of one mean any of them.

    ``since`` and ``until`` are UTC days, both included, of the date that the source gives; a record to which its
    source gives none lies between no two days. ``typing_errors``: words that differ by one letter match as well.
    ``names``: ``text`` is the name of a person, found in other spellings and scripts; with ``fold_names`` off, as
    it stands. ``pages``: the text of captured pages that gave no records is searched, too.
    """

    text: str = ""
    kind: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    court: tuple[str, ...] = ()
    judge: tuple[str, ...] = ()
    article: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    media_type: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    verification: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    order: Order = "best"
    typing_errors: bool = False
    names: bool = False
    fold_names: bool = True
    pages: bool = True

    @property
    def narrows(self) -> bool:
        """Whether anything but the words narrows what is found."""
        return bool(self.since or self.until or any(self.values(facet) for facet in FACETS))

    def values(self, facet: Facet) -> tuple[str, ...]:
        """The chosen values of a facet."""
        chosen: tuple[str, ...] = getattr(self, facet)
        return chosen

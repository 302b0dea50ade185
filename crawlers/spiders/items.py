"""What spiders yield besides requests and records.

A record is whatever a parser gives (`processors.pages.parse_result.Record`) and is yielded as it is. A page that
yields no `PageOutcome` is judged by `processors.pages.outcome.classify`.
"""

from dataclasses import dataclass

from processors.pages.outcome import Outcome


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What a page came to; ``reason`` says why in a sentence where the outcome alone does not.

    ``known`` counts records that the page leads to, which are in the catalogue already and are not asked for
    again; negative where it takes back what an earlier page counted.
    """

    outcome: Outcome
    reason: str | None = None
    known: int = 0


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about a page for whoever runs the crawl; it stands in the report beside the page's address."""

    text: str

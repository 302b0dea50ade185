"""What reading a page gave: outcome, records, and the links a spider may follow."""

from dataclasses import dataclass, field

from processors.pages.outcome import Outcome
from processors.records.record import Record
from processors.records.telegram_post import Coverage

__all__ = ["Links", "Reading", "Record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Absolute URLs in page order.

    ``older`` is the page's own cursor into the past; ``next_pages`` the other pages of the same list;
    ``media`` what the records show, in the order in which it should be fetched.
    """

    older: str | None = None
    next_pages: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One page read by one parser version.

    ``kind`` is that of the parser, ours or an operator's own (`processors.records.own_record`). ``layout`` names
    what the parser recognised (``channel``, ``embed``, a declared or guessed table layout).
    ``remarks`` are sentences about what could not be understood; nothing is dropped without one.
    ``coverage`` is given for Telegram. Only an outcome of content brings records.
    """

    url: str
    kind: str
    outcome: Outcome
    outcome_reason: str | None = None
    layout: str | None = None
    parser_version: str
    records: tuple[Record, ...] = ()
    links: Links = field(default_factory=Links)
    remarks: tuple[str, ...] = ()
    coverage: Coverage | None = None

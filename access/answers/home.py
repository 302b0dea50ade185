"""Answers about what is new at all sources, and about each source over time."""

from typing import Any, Literal

from pydantic import Field

from access.answers.model import Answer, Timestamp
from access.answers.overview import Overview, SourceRow
from access.answers.records import ChangeRow


class ChangesOfKind(Answer):
    """The changes of one kind: how many, and the newest."""

    change: str = Field(examples=["missing"])
    count: int
    rows: list[ChangeRow]


class RecurringMediumRow(Answer):
    """A medium that came to a source and was seen before."""

    sha256: str
    media_type: str | None
    source: str
    capture_id: str
    captured_at: Timestamp
    earlier: dict[str, Any]
    """The earliest capture of it, or of a file of its group, before that."""


class Home(Answer):
    """What is new at all sources since a moment."""

    since: Timestamp
    changes: list[ChangesOfKind]
    not_compared: list[str]
    """Sources of which something was read that is not compared yet."""
    media: list[RecurringMediumRow]
    overview: Overview


class SourceNight(Answer):
    """One night of a source."""

    day: str = Field(examples=["2026-11-23"])
    at: Timestamp | None
    crawl_id: str | None
    state: Literal["good", "problem", "running", "gap", "none"]
    """``gap``: others were crawled and this one was not; ``none``: nothing was due."""
    pages: int
    records: int
    outcomes: dict[str, int]


class SourceHealth(SourceRow):
    """A source with its last nights, oldest first."""

    nights: list[SourceNight]
    expected: dict[str, Any]
    """``records`` that a crawl should give, and ``because``: ``declared``, ``usual``, or null where unknown."""
    last_good_at: Timestamp | None
    gaps: list[str]
    """Days on which it was not crawled, though others were."""


class SourceHealthRows(Answer):
    """Every source of which the user may know, those that need attention first."""

    rows: list[SourceHealth]
    night: dict[str, Any] | None
    nights: list[dict[str, Any]]


class OneSource(SourceHealth):
    """One source with its nights of a quarter."""

    advice: list[str]
    """What to do, in sentences."""

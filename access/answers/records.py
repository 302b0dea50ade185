"""Answers about records: found ones, one with its versions and sightings, and changes at a source."""

from typing import Any, Literal

from pydantic import Field

from access.answers.assessments import Verification
from access.answers.model import Answer, Rows, Timestamp


class RecordRow(Answer):
    """A record in a list: beside these keys it has those of its kind (docs/reference/records.md).

    A page without records, which a search finds by its text, has the kind ``page_text``.
    """

    kind: str = Field(examples=["article"])
    """The kind of record, or ``page_text``."""
    url: str | None = None
    """The URL that the page states, or under which it was read."""
    record_id: str | None
    """Null of a page without records."""
    version_id: str | None
    heading: str
    """A short name for people."""
    dated_at: str | None
    """When the source says it was; null: it does not say."""
    source: str
    capture_id: str
    """The capture that shows it, the newest."""
    captured_at: Timestamp


class ExcerptPiece(Answer):
    """A piece of an excerpt."""

    text: str
    matched: bool
    """Whether this piece matched the search."""


class FoundRecord(RecordRow):
    """A record that matches a search."""

    excerpt: str
    """The place that matched, with what matched between « and »."""
    excerpt_pieces: list[ExcerptPiece]
    because: list[str] = Field(default_factory=list)
    """Why it was found, in a search for names."""
    verification: str | None = Field(examples=["unverified"])
    """How the record stands after what analysts found out; null of a page without records."""


class FoundRecords(Rows):
    """Records that match a search."""

    total: int
    """How many match in all."""
    complete: bool
    """Whether ``total`` counts all of them; false: at least so many."""
    rows: list[FoundRecord]
    facets: dict[str, list[dict[str, Any]]]
    """By facet that was asked for: its values, how many records have each, and whether it is chosen."""
    histogram: dict[str, Any] | None
    """How many records there are over time; null: not asked for."""
    suggestions: list[str]
    """Words that would find something, where nothing was found."""
    answered_by: str = Field(examples=["index"])
    """``index`` or ``database``."""
    because: str | None
    """Why the database answered; null: the index did."""


class RecordVersion(Answer):
    """One wording of a record, with every time it was seen."""

    version_id: str
    first_seen_at: Timestamp
    last_seen_at: Timestamp
    content: dict[str, Any]
    """The keys of its kind."""
    page_remarks: list[Any]
    """What the parser remarked on the page of its newest sighting."""
    sightings: list[dict[str, Any]]
    """Every capture that showed this wording."""
    differences: list[dict[str, Any]]
    """What differs from the version before, field by field."""


class RecordFacts(Answer):
    """One record with its versions, the oldest first."""

    kind: str
    id: str
    key: str
    """What makes it the same record in every capture."""
    heading: str
    first_seen_at: Timestamp
    last_seen_at: Timestamp
    versions: list[RecordVersion]
    verification: Verification


class ChangeCapture(Answer):
    """A capture that shows a change."""

    id: str
    captured_at: Timestamp
    url: str


class ChangeRow(Answer):
    """A change at a source, with the captures that prove it."""

    kind: Literal["change"] = "change"
    change: str = Field(examples=["edited"])
    """One of ``added``, ``edited``, ``moved``, ``missing``, ``returned``."""
    source: str
    record_id: str
    record_kind: str
    natural_key: str
    fields: list[str]
    """The fields that differ."""
    version_ids: list[str]
    """Before and after, or the one where there is one."""
    capture_ids: list[str]
    at: Timestamp
    """When the later capture was made: the change happened between the two."""
    since: Timestamp | None
    night: str
    """The UTC day of the later capture."""
    heading: str
    differences: list[dict[str, Any]]
    captures: list[ChangeCapture]
    """The last capture before the change and the first after it."""


class ChangeRows(Rows):
    """Changes at a source, the oldest first, or at all of them, the newest first."""

    total: int
    """How many changes match in all."""
    complete: bool
    """Whether ``total`` is all of them; else there are more."""
    not_compared: list[str]
    """Sources of which something was read that is not compared yet, so that its changes are missing."""
    rows: list[ChangeRow]

"""Answers about requests of people to archive something."""

from typing import Literal

from access.answers.model import Answer, Rows, Timestamp


class RequestRow(Answer):
    """A request to archive pages."""

    kind: Literal["request"] = "request"
    id: str
    at: Timestamp
    actor: str
    urls: list[str]
    reason: str | None
    case_reference: str | None
    confidential: bool
    engine: str
    egress: str | None
    """The egress profile; null: directly."""
    video: bool
    """Whether video and audio behind players were wanted, too."""
    profile: str | None
    """The login with which the browser loads the pages; null: none."""
    follow: int
    """How many pages to which each page links were wanted with it."""


class RequestRows(Rows):
    """Requests of which the user may know, the newest first."""

    rows: list[RequestRow]


class RequestVideos(Answer):
    """What came of looking for video and audio behind the players of one address."""

    url: str
    outcome: str
    """`taken`, `part`, `none` (there is none), `over_limit` or `failed`."""
    reason: str | None
    found: int
    taken: int
    bytes: int


class LinkedPageRow(Answer):
    """What came of a page that was taken since another links to it."""

    url: str
    linked_from: str
    """The page that links to it."""
    capture_id: str | None
    status: int | None
    outcome: str
    outcome_reason: str | None


class RequestResultRow(Answer):
    """What came of one address."""

    url: str
    at: Timestamp | None
    crawl_id: str | None
    capture_id: str | None
    problem: str | None
    status: int | None
    outcome: str | None
    outcome_reason: str | None
    captures: int | None
    preserved: bool | None
    preserved_reason: str | None
    videos: RequestVideos | None
    """Null: none were looked for."""
    linked: list[LinkedPageRow] | None
    """The pages to which it links and which were wanted, too, in page order; null: none were."""


class RefusedLineRow(Answer):
    """A line that was not taken."""

    line: int
    """From 1."""
    text: str
    """As it was sent, without a password, at most 120 characters."""
    reason: str
    """What is wrong with it; completes the sentence."""


class RequestFacts(RequestRow):
    """A request with what came of each of its addresses."""

    results: list[RequestResultRow]
    refused: list[RefusedLineRow]
    """The lines that were not taken."""


class RequestTaken(RequestFacts):
    """A request that has just been taken."""

    accepted: list[str]
    """The addresses that are fetched, each once."""

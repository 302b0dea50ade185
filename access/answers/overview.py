"""Answers about the archive as a whole: what it holds, its sources, its last nights; and who is asking."""

from typing import Any, Literal

from pydantic import Field

from access.answers.model import Answer, Timestamp


class Held(Answer):
    """What the archive holds, as far as the user may see it."""

    captures: int
    exact: bool
    """Whether ``captures`` was counted; false: it is an estimate."""
    records: dict[str, int]
    """How many records, by kind."""
    media: int
    groups: int
    files: int
    file_bytes: int
    unread_files: int
    sources: int


class SourceRow(Answer):
    """A source and how it stands."""

    source: str
    source_kind: str | None
    files: int
    file_bytes: int
    last_captured_at: Timestamp | None
    last_crawl: dict[str, Any] | None
    """How its last crawl ended."""
    night: dict[str, Any] | None
    """What it brought in the last night."""
    attention: list[str]
    """What went wrong or is missing, in sentences; none where all is well."""


class Overview(Answer):
    """What the archive holds and how the last nights went."""

    kind: Literal["overview"] = "overview"
    held: Held
    night: dict[str, Any] | None
    nights: list[dict[str, Any]]
    sources: list[SourceRow]
    requests: list[dict[str, Any]]
    outlets: list[str]
    owed: dict[str, int]


class Me(Answer):
    """Who is asking, and what they may do."""

    kind: Literal["user"] = "user"
    name: str
    role: str = Field(examples=["reader"])
    scopes: list[str]
    """What this session or token may do."""
    cases: list[str]
    """The references of the cases of which the user is a member."""

"""Answers about sources that people added beside the watch-list's file."""

from typing import Any, Literal

from access.answers.model import Answer, Timestamp


class ListedSource(Answer):
    """A source that a person added."""

    kind: Literal["listed_source"] = "listed_source"
    id: str
    source_kind: str | None
    seeds: list[str]
    """The addresses with which a crawl begins."""
    origin: Literal["file", "added"]
    state: Literal["collected", "set_aside", "broken", "ended"]
    """``set_aside``: the file has the same source, which counts; ``broken``: it has mistakes."""
    why: str | None
    entry: dict[str, Any]
    """Its settings, as the watch-list's file would have them."""
    access_label: str
    custody_seq: int | None
    """The newest entry of custody about it."""
    added_at: Timestamp | None
    added_by: str | None
    added_because: str | None
    changed_at: Timestamp | None
    changed_by: str | None
    ended_at: Timestamp | None
    ended_by: str | None


class ListedSources(Answer):
    """The sources that people added."""

    rows: list[ListedSource]

"""The answer to what differs between two captures."""

from typing import Any, Literal

from access.answers.captures import CaptureRow
from access.answers.model import Answer


class TextComparison(Answer):
    """What differs between the readable texts, word by word."""

    pieces: list[dict[str, str]]
    """In reading order, each with its ``text`` and its ``change``: ``same``, ``gone`` or ``new``."""
    same: bool
    """Whether both say the same."""
    cut: bool
    """Whether one of the texts goes on behind what was compared."""
    coarse: bool
    """Whether parts count as replaced because a closer look would have taken too long."""
    why_not: str | None
    """Why there is no text to compare; null: there is."""


class ListComparison(Answer):
    """Rows of the tables on the pages; a row that moved is the same row."""

    before_total: int
    after_total: int
    added_total: int
    gone_total: int
    changed_total: int
    added: list[list[str]]
    gone: list[list[str]]
    changed: list[dict[str, Any]]
    """``before``, ``after`` and the ``pieces`` of each row of which some cells stayed."""


class RecordComparison(Answer):
    """Records that were read from the two captures."""

    before_total: int
    after_total: int
    added: list[dict[str, Any]]
    gone: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    """``record_id``, ``heading`` and ``differences`` of each that both show, in different wordings."""


class HeaderComparison(Answer):
    """One header of the responses, with all its values."""

    name: str
    before: list[str]
    after: list[str]
    differs: bool


class FactComparison(Answer):
    """One fact of the captures; ``field`` is its key in the row of a capture."""

    field: str
    before: str | int | None
    after: str | int | None
    differs: bool


class ScreenshotComparison(Answer):
    """The captures of the screenshots; null where none was taken."""

    a: str | None
    b: str | None


class Comparison(Answer):
    """Two captures beside each other."""

    kind: Literal["comparison"] = "comparison"
    a: CaptureRow
    b: CaptureRow
    read_from: Literal["dom", "exchange"]
    """Whether the text is that of the DOM which a browser ended with, or of what the server sent."""
    facts: list[FactComparison]
    text: TextComparison
    rows: ListComparison
    records: RecordComparison
    headers: list[HeaderComparison]
    """Those that differ first."""
    screenshots: ScreenshotComparison

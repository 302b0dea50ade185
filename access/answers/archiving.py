"""Answers about archiving a page: what there is of an address, how far the work has come, the receipt."""

from typing import Any

from access.answers.captures import CaptureRow, Quality
from access.answers.model import Answer, Timestamp


class KnownAddress(Answer):
    """What there is of an address, as far as the user may see it."""

    url: str
    captures: int
    payloads: int
    """How many payloads that differ."""
    copies: int
    """How many captures of copies of it that another web archive served; at most 20 are counted."""
    first_at: Timestamp | None
    last_at: Timestamp | None
    newest: list[dict[str, Any]]
    """The newest captures, with ``requested_by`` and ``payload_change``."""


class WorkStates(Answer):
    """How far some requests have come."""

    states: list[str]
    """Of each address: waiting, fetching, depositing, reading, timestamping, done, failed, broken."""
    counts: dict[str, int]
    total: int
    ended: bool
    scheduler: str | None
    """The state of the run; ``silent``: it does not answer and no worker lives; null: it is not needed."""


class Receipt(Answer):
    """What was captured, and where its file stands in custody."""

    capture: CaptureRow
    screenshot: str | None
    """The capture that is a screenshot of the page."""
    quality: Quality | None
    """How like it a replay was; null: none was compared with it yet."""
    custody: list[dict[str, Any]]
    """Number, event, time and digest of each entry about its file and its crawl."""
    holding: dict[str, Any] | None
    checkpoint: dict[str, Any] | None
    """The newest checkpoint of the log; ``covers``: whether it is over the deposit."""

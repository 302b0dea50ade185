"""Answers about quality scores: a list of them with their captures."""

from access.answers.captures import Quality
from access.answers.model import Rows, Timestamp


class CaptureQuality(Quality):
    """A score with its capture."""

    url: str
    source: str
    captured_at: Timestamp


class QualityRows(Rows):
    """Scores, the newest capture first."""

    rows: list[CaptureQuality]
    total: int
    """How many there are in all."""

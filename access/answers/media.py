"""Answers about media: one picture or video, and what is similar to it."""

from typing import Any, Literal

from access.answers.assessments import Verification
from access.answers.captures import CaptureRow
from access.answers.model import Answer, DigestText, Timestamp


class JudgementRow(Answer):
    """An analyst's verdict on two media."""

    kind: Literal["judgement"] = "judgement"
    id: str
    other: DigestText
    """The other medium."""
    verdict: str
    reason: str
    author: str
    at: Timestamp


class MediumFacts(Answer):
    """One medium, with every capture of these very bytes, the oldest first."""

    kind: Literal["medium"] = "medium"
    sha256: DigestText
    media_type: str | None
    """The media type by the bytes themselves."""
    length_bytes: int
    width: int | None
    height: int | None
    frames: int | None
    duration_s: float | None
    metadata: list[dict[str, Any]]
    """What the file says about itself."""
    decoder: str | None
    refused: str | None
    """Why it could not be decoded; null: it was."""
    hashes: list[dict[str, Any]]
    """Its fingerprints."""
    group_id: str | None
    group: list[DigestText]
    """The media of its group, itself included."""
    judgements: list[JudgementRow]
    captures: list[CaptureRow]
    picture: bool
    drawable: bool
    verification: Verification


class Occurrence(Answer):
    """Where and when a medium was captured."""

    capture_id: str
    captured_at: Timestamp
    url: str
    source: str


class SimilarRow(Answer):
    """A medium that is similar, with one reason for it; a medium may come with several rows."""

    kind: Literal["similar"] = "similar"
    file: str | None
    """The name of the file that was sent; null where a medium of the archive was asked about."""
    sha256: DigestText
    media_type: str | None
    picture: bool
    drawable: bool
    capture_ids: list[str]
    first_seen: Occurrence
    occurrences: list[Occurrence]
    algorithm: str
    """The fingerprint that was compared; ``sha256``: the same bytes."""
    distance: int
    """How many bits differ."""
    of_bits: int | None
    meaning: str
    """What the distance says, in words."""
    quality: int | None
    matched: str | None
    """What matched, and how the one must be turned to match the other."""
    share_asked: float | None
    share_found: float | None
    frames: list[dict[str, Any]]
    """The matched frames of videos."""
    judged: JudgementRow | None
    """The verdict of an analyst on these two."""


class SimilarRows(Answer):
    """Similar media, the nearest first."""

    rows: list[SimilarRow]

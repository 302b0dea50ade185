"""Answers about what analysts found out: how a record or medium stands, and each act by which it came to that."""

from typing import Literal

from pydantic import Field

from access.answers.model import Answer, Timestamp


class AssessmentAnswer(Answer):
    """One act of an analyst; it stays for good."""

    kind: Literal["assessment"] = "assessment"
    custody_seq: int
    """The number of its custody entry; of a proposal the number by which it is confirmed."""
    event: str = Field(examples=["assessment_proposed"])
    subject_kind: Literal["record", "medium"]
    subject_id: str
    status: str = Field(examples=["in_work"])
    """How the record or medium stands after the act."""
    finding: Literal["verified", "refuted"] | None
    """What is proposed or confirmed; null of other acts."""
    version: int | None
    """The number of the wording of a record that it is about; null of a medium."""
    version_id: str | None
    at: Timestamp
    actor: str
    place: str | None
    """Where it happened, as it was found out."""
    happened: str | None
    """When it happened, as it was found out."""
    method: str | None
    """How that was found out."""
    note: str | None
    """For colleagues; it is in no package that is handed over."""
    proposal: int | None
    """The proposal that is confirmed, disputed or taken back."""


class Verification(Answer):
    """How a record or medium stands after what analysts found out about its content."""

    status: Literal["unverified", "in_work", "verified", "refuted", "disputed"]
    since: Timestamp | None
    version: int | None
    """The number of the wording that was verified or refuted."""
    version_id: str | None
    edited_since: bool
    """Whether the source has published another wording since."""
    place: str | None
    happened: str | None
    method: str | None
    by: list[str]
    """Who proposed it, and who confirmed it."""
    waiting: AssessmentAnswer | None
    """A proposal that waits for a second person."""
    history: list[AssessmentAnswer]
    """Every act, the oldest first."""


class AssessedRow(Verification):
    """A record or medium that was assessed."""

    kind: Literal["assessed"] = "assessed"
    subject_kind: Literal["record", "medium"]
    subject_id: str
    heading: str | None
    """Of a record, a short name for people."""


class AssessedRows(Answer):
    """What was assessed, the newest first."""

    rows: list[AssessedRow]

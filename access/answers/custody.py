"""Answers for custodians, and about proofs: accesses, members, the proof of a capture's entries of custody."""

from typing import Any, Literal

from access.answers.model import Answer, Rows, Timestamp


class AccessRow(Answer):
    """That somebody looked at something."""

    kind: Literal["access"] = "access"
    at: Timestamp
    actor: str
    action: str
    subject_id: str | None
    details: dict[str, Any]


class AccessRows(Rows):
    """Rows of the access log, the newest first."""

    total: int
    rows: list[AccessRow]


class MemberRow(Answer):
    """That somebody is a member of a case, or is granted a label."""

    kind: Literal["member"] = "member"
    member: str
    case_reference: str | None
    label: str
    since: Timestamp
    added_by: str


class MemberRows(Answer):
    """Everybody to whom a label is granted."""

    rows: list[MemberRow]


class MemberChanged(Answer):
    """What was done with a membership."""

    kind: Literal["member_changed"] = "member_changed"
    member: str
    case_reference: str | None
    label: str
    event: str
    """``member_added`` or ``member_removed``."""
    custody_seq: int | None
    """The entry of custody; null: it was so before."""


class CustodyProof(Answer):
    """The entries of custody about a capture's file, with proofs that they are in the log."""

    kind: Literal["custody_proof"] = "custody_proof"
    capture_id: str | None
    warc_key: str
    size: int
    """How many entries the checkpoint covers."""
    entries: list[dict[str, Any]]
    tokens: list[Any]
    receipts: list[Any]
    witnessed: bool

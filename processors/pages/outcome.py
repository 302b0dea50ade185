"""What a visit to a page came to, each with a reason in words.

Transport outcomes (``unreachable``, ``refused_by_policy``) are facts of the capture and stand in the WARC.
Page outcomes are derived from the bytes and belong to (capture, classifier version).
"""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The closed list of outcomes (architecture §3)."""

    CONTENT = "content"
    EMPTY = "empty"
    CHALLENGE = "challenge"
    LOGIN_WALL = "login_wall"
    SOFT_404 = "soft_404"
    CONSENT = "consent"
    BLOCKED = "blocked"
    RESTRICTED = "restricted"
    UNREACHABLE = "unreachable"
    REFUSED_BY_POLICY = "refused_by_policy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and why: ``reason`` is a sentence for people, None only for plain content."""

    outcome: Outcome
    reason: str | None

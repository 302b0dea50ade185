"""Answers about tokens; none has a token itself, which nobody can be given twice."""

from typing import Literal

from access.answers.model import Answer, Timestamp


class TokenRow(Answer):
    """A token by which programs ask in a person's name."""

    kind: Literal["token"] = "token"
    id: str
    name: str
    """What its person calls it."""
    member: str
    """In whose name it asks."""
    role: str
    """The role of that person when it was made."""
    scopes: list[str]
    """What it may be used for."""
    made_at: Timestamp
    made_by: str
    expires_at: Timestamp
    revoked_at: Timestamp | None
    revoked_by: str | None
    last_used_at: Timestamp | None
    """When it was used last, exact to an hour; null: never."""
    valid: bool
    """Whether it is neither over nor revoked."""


class TokenRows(Answer):
    """Tokens, the newest first."""

    rows: list[TokenRow]

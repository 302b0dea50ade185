"""Answers about repeats: addresses that are archived again and again until a day."""

from typing import Literal

from access.answers.model import Answer, Rows, Timestamp
from access.answers.requests import RefusedLineRow


class LastTurn(Answer):
    """What came of the newest turn of a repeat that was made."""

    request_id: str
    due_at: Timestamp
    waiting: int
    """Addresses without a result."""
    captured: int
    """Addresses that were captured."""
    outcome: str | None
    """Of a repeat with one address: what the page turned out to be."""
    problem: str | None


class RepeatFacts(Answer):
    """A repeat: who has what archived again, how often, until when."""

    kind: Literal["repeat"] = "repeat"
    id: str
    begun_at: Timestamp
    actor: str
    urls: list[str]
    every_s: int
    """Seconds between two turns; of one that is made once, from its beginning to it."""
    first_due_at: Timestamp
    until_at: Timestamp
    """No turn is due from then on."""
    reason: str | None
    case_reference: str | None
    confidential: bool
    engine: str
    egress: str | None
    """The egress profile; null: directly."""
    video: bool
    profile: str | None
    """The login with which the browser loads the pages; null: none."""
    state: Literal["at_work", "over", "stopped"]
    turns: int
    """How many turns there are in all."""
    made: int
    """For how many of them a request was made."""
    missed: int
    """How many were due and are not made up for."""
    next_due_at: Timestamp | None
    stopped_at: Timestamp | None
    stopped_by: str | None
    last_turn: LastTurn | None


class RepeatBegun(RepeatFacts):
    """A repeat that has just been begun."""

    refused: list[RefusedLineRow]
    """The lines that were not taken."""


class RepeatRows(Rows):
    """Repeats of which the user may know, those at work first."""

    rows: list[RepeatFacts]

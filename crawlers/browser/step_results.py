"""What came of each step that a source declares for its pages; without a browser, so that reports can hold it."""

from dataclasses import dataclass
from enum import StrEnum


class StepOutcome(StrEnum):
    """What came of one step on one page."""

    DONE = "done"
    NOT_FOUND = "not_found"
    """What it names was not on the page, or could not be seen."""
    TIMED_OUT = "timed_out"
    """It was not done within its time; ``times`` says how far it came."""
    FAILED = "failed"
    NOT_DONE = "not_done"
    """It was left out, since a step before it lost the page."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """``step`` is as declared (``click: button.more``); ``times`` how often it was done; ``reason`` a sentence."""

    step: str
    outcome: StepOutcome
    times: int = 0
    reason: str | None = None

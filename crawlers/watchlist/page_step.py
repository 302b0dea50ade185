"""What is done on a page in the browser before it is taken, as the watch-list declares it under ``steps``.

The declaration alone; `crawlers.browser.page_steps` carries it out.
"""

from dataclasses import dataclass
from typing import Final, Literal

StepAction = Literal["click", "click_each", "wait_for", "wait_s", "scroll", "play", "python"]

WHOLE_PAGE: Final = "page"
"""What `scroll` may name besides a selector."""

MOST_STEPS: Final = 30
MOST_TIMES: Final = 500
LONGEST_S: Final = 600.0
"""Bounds of a declaration: steps of a source, repetitions of one step, seconds of one step."""

USUAL_S: Final[dict[StepAction, float]] = {
    "click": 60.0,
    "click_each": 60.0,
    "wait_for": 30.0,
    "scroll": 120.0,
    "play": 30.0,
    "python": 60.0,
}
"""How long a step may take where it does not say; turns at hosts are not counted."""

USUAL_TIMES: Final[dict[StepAction, int]] = {"click": 1, "click_each": 20, "scroll": 40, "play": 1}
"""How often a step is repeated at most where it does not say; only these are repeated."""


@dataclass(frozen=True, slots=True)
class PageStep:
    """One step. ``target`` is what it is done to: a selector, seconds, or ``file.py:function``.

    ``code`` is the text of that file as it stood when the watch-list was read; None for the other steps.
    """

    action: StepAction
    target: str
    at_most: int
    within_s: float
    code: str | None = None

    def __str__(self) -> str:
        return f"{self.action}: {self.target}"

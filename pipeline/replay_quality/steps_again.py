"""Which steps of a capture are done again when it is replayed, so that like is compared with like.

In: the row of ``urn:pageinfo:``, which says what came of each step. Out: `StepsAgain`. A row may come from
an imported file: what it names is bounded as a declaration is, and is done in a replay that reaches nothing else.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from crawlers.browser.step_results import StepOutcome
from crawlers.watchlist.page_step import LONGEST_S, MOST_STEPS, MOST_TIMES, USUAL_S, PageStep, StepAction

ACTIONS: Final[Mapping[str, StepAction]] = {name: name for name in get_args(StepAction)}

DONE_AGAIN: Final = "compared after the steps of the capture were done again in the replay"
NOT_ALL_DONE_AGAIN: Final = "not all steps of the capture could be done again in the replay"


@dataclass(frozen=True, slots=True)
class StepsAgain:
    """``steps`` in their order; ``some_left_out``: of what was done something cannot be done again."""

    steps: tuple[PageStep, ...] = ()
    some_left_out: bool = False

    @property
    def longest_s(self) -> float:
        """How long they may take together."""
        return sum(step.within_s for step in self.steps)


def steps_again(row: Mapping[str, Any] | None) -> StepsAgain:
    """The steps that had an effect; a function (``python``) is left out, since a replay runs no code of a file."""
    results = None if row is None else row.get("steps")
    if not isinstance(results, list):
        return StepsAgain()
    had_effect = [each for each in results if isinstance(each, Mapping) and _had_effect(each)]
    steps: list[PageStep] = []
    for each in had_effect[:MOST_STEPS]:
        step = _step(each)
        if step is not None and sum(one.within_s for one in steps) + step.within_s <= LONGEST_S:
            steps.append(step)
    return StepsAgain(tuple(steps), some_left_out=len(steps) < len(had_effect))


def _had_effect(result: Mapping[str, Any]) -> bool:
    times = result.get("times")
    return (isinstance(times, int) and times > 0) or result.get("outcome") == StepOutcome.DONE


def _step(result: Mapping[str, Any]) -> PageStep | None:
    named, times = result.get("step"), result.get("times")
    if not isinstance(named, str) or not isinstance(times, int):
        return None
    name, _, target = named.partition(": ")
    action = ACTIONS.get(name)
    if action is None or action == "python" or not target:
        return None
    within_s = _seconds(target) if action == "wait_s" else USUAL_S[action]
    return None if within_s is None else PageStep(action, target, min(max(times, 1), MOST_TIMES), within_s)


def _seconds(target: str) -> float | None:
    try:
        seconds = float(target)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and 0 < seconds <= LONGEST_S else None

"""Does on a page what its source declares under ``steps``: clicks, waits, scrolls, plays media, runs a function.

In: a tab that shows the page, the steps, what waits for slots. Out: a `StepResult` for each, added to a list as it
is known, so that what was done stays known where the page is lost. A step that cannot be done costs no other, and
each has its time; turns at hosts are not counted in it. What scripts fetch because of a step waits for a slot
before the next one.

Steps stay on their page: links and forms that a click would follow are stopped (``steps_guard.js``). Raises
`PageLeft` where a script led away all the same, and `PageHangs` where the page does not answer any more; the steps
that are left are `NOT_DONE` then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import CDPSession, ElementHandle, Locator, Page
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from crawlers.browser.page_answers import PageHangs, answer_of, require_answer
from crawlers.browser.renderings import first_line
from crawlers.browser.script_requests import ScriptRequests, WaitForSlot
from crawlers.browser.scrolling import scroll
from crawlers.browser.step_function import StepFault, StepTookTooLong, run_step_function
from crawlers.browser.step_results import StepOutcome, StepResult
from crawlers.watchlist.page_step import WHOLE_PAGE, PageStep, StepAction

AGAIN_S: Final = 3.0
"""How long a button may be away, replaced by a sign that something loads, before it counts as gone."""

CLICK_S: Final = 10.0
"""How long one click may take: until the element stands still, and nothing lies over it."""

POLL_S: Final = 0.25
STARTS_S: Final = 10.0
"""How often a medium that plays is looked at, and how long it may take to start."""

DURING: Final = "while a step was done"
GUARD: Final = Path(__file__).with_name("steps_guard.js")
WORLD: Final = "letapis-steps"

_PLAY: Final = """async (element, startsMs) => {
  const media = element.matches('video, audio') ? element : element.querySelector('video, audio');
  if (!media) return null;
  media.muted = true;
  const sentence = `it did not start within ${startsMs / 1000} s`;
  const late = new Promise(done => setTimeout(() => done(sentence), startsMs));
  return Promise.race([media.play().then(() => '', error => `it cannot be played: ${error.message}`), late]);
}"""
_PLAYED: Final = """element => {
  const media = element.matches('video, audio') ? element : element.querySelector('video, audio');
  if (!media || !element.isConnected) return 'it went away while it played';
  if (media.error !== null) return `it stopped: ${media.error.message || `media error ${media.error.code}`}`;
  return media.ended;
}"""
"""Whether it has ended; a sentence where it will not."""

_PAUSE: Final = """element => {
  const media = element.matches('video, audio') ? element : element.querySelector('video, audio');
  if (media) media.pause();
}"""
_DOWN: Final = "element => element.scrollBy(0, Math.max(element.clientHeight, 100))"
_AT_END: Final = "element => element.scrollTop + element.clientHeight >= element.scrollHeight - 2"


class PageLeft(Exception):
    """A step led to another page; ``str`` is a sentence that says which step."""


class _Ended(Exception):
    """A step comes to its end here, with this outcome."""

    def __init__(self, outcome: StepOutcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


@dataclass(slots=True)
class _Doing:
    """One step while it is done; ``deadline`` moves by what is spent waiting for slots."""

    tab: Page
    step: PageStep
    wait_for_slot: WaitForSlot
    requests: ScriptRequests
    deadline: float
    times: int = 0
    reason: str | None = None

    @property
    def elements(self) -> Locator:
        """What the step names: XPath where it begins as one, else CSS, as everywhere in the watch-list."""
        target = self.step.target
        kind = "xpath" if target.startswith(("/", "(", "./")) else "css"
        return self.tab.locator(f"{kind}={target}")

    @property
    def left_s(self) -> float:
        """The time that is left."""
        return self.deadline - asyncio.get_running_loop().time()

    def require_time(self) -> None:
        """Raise `_Ended` once the time is used up."""
        if self.left_s <= 0:
            raise _Ended(StepOutcome.TIMED_OUT, f"its {self.step.within_s:g} s were used up")

    async def shown(self, within_s: float) -> Locator | None:
        """The first of the elements that can be seen; None where none is within so many seconds."""
        found = self.elements.filter(visible=True).first
        try:
            await found.wait_for(state="visible", timeout=max(1.0, 1000 * within_s))
        except PlaywrightTimeout:
            return None
        return found

    async def require_shown(self) -> Locator:
        """The same within the step's time; raises `_Ended`."""
        found = await self.shown(self.left_s)
        if found is None:
            raise _Ended(StepOutcome.NOT_FOUND, f"nothing that can be seen on the page matched in {self._time}")
        return found

    async def rest(self) -> None:
        """Let the page load what it wants, and wait for slots at the hosts that its scripts have asked."""
        await self.requests.settle()
        clock = asyncio.get_running_loop()
        began = clock.time()
        without = await self.requests.wait_for_slots()
        self.deadline += clock.time() - began
        if without is not None:
            raise _Ended(StepOutcome.FAILED, f"{without} could not be asked any more")

    @property
    def _time(self) -> str:
        return f"{self.step.within_s:g} s"


async def do_steps(
    tab: Page, steps: Sequence[PageStep], wait_for_slot: WaitForSlot, results: list[StepResult]
) -> "StepsGuard":
    """Do the steps in their order, and add what came of each to ``results``.

    What comes back finds out whether the page is left later. Raises Playwright's ``Error`` where the tab is gone.
    """
    requests = ScriptRequests(tab, wait_for_slot)
    lost: Exception | None = None
    try:
        guard = await _guarded(tab)
        for number, step in enumerate(steps, 1):
            clock = asyncio.get_running_loop()
            doing = _Doing(tab, step, wait_for_slot, requests, clock.time() + step.within_s)
            outcome, reason = await _outcome_of(doing)
            try:
                await require_answer(tab, f"after step {number} ({step})")
                stopped = await _stopped_by(guard)
            except (PageHangs, PlaywrightError) as loss:
                lost, stopped = loss, first_line(loss)
            except PageLeft:
                lost = PageLeft(f"the page was left in step {number} ({step})")
                stopped = f"it led to another page: {tab.url[:500]}"
            if stopped is not None:
                outcome, reason = StepOutcome.FAILED, stopped
            results.append(StepResult(str(step), outcome, doing.times, reason))
            if lost is not None:
                raise lost
        with suppress(PlaywrightError):  # it has left, which the next line finds
            await _run(guard, "letapisSteps.release()")  # links are followed again, as the page's scripts may do
        await guard.require_page()
        return guard
    except (PageHangs, PageLeft, PlaywrightError):
        results += [
            StepResult(str(step), StepOutcome.NOT_DONE, 0, "the page was lost before")
            for step in steps[len(results) :]
        ]
        raise
    finally:
        requests.close()


async def _outcome_of(doing: _Doing) -> tuple[StepOutcome, str | None]:
    try:
        await _ACTIONS[doing.step.action](doing)
    except _Ended as ended:
        return ended.outcome, ended.reason
    except StepTookTooLong as late:
        return StepOutcome.TIMED_OUT, str(late)
    except StepFault as fault:
        return StepOutcome.FAILED, str(fault)
    except PageHangs as hang:
        return StepOutcome.FAILED, str(hang)
    except PlaywrightTimeout as late:
        return StepOutcome.TIMED_OUT, first_line(late)
    except PlaywrightError as error:
        return StepOutcome.FAILED, first_line(error)
    return StepOutcome.DONE, doing.reason


async def _click(doing: _Doing) -> None:
    """The first element that can be seen, as often as declared, or until there is none any more."""
    button = await doing.require_shown()
    while True:
        await _press(doing, button)
        doing.times += 1
        await doing.rest()
        if doing.times >= doing.step.at_most:
            return
        doing.require_time()
        again = await doing.shown(min(AGAIN_S, doing.left_s))
        if again is None or await _is_disabled(again):
            return
        button = again


async def _is_disabled(button: Locator) -> bool:
    try:
        return await button.is_disabled(timeout=AGAIN_S * 1000)
    except PlaywrightTimeout:
        return True  # it has gone


async def _click_each(doing: _Doing) -> None:
    """Each element that is there when the step begins, once, in the page's order."""
    await doing.require_shown()
    for element in await answer_of(doing.elements.element_handles(), DURING):
        if doing.times >= doing.step.at_most:
            doing.reason = f"there were more than {doing.step.at_most}"
            return
        if not await answer_of(element.is_visible(), DURING):
            continue
        doing.require_time()
        await _press(doing, element)
        doing.times += 1
        await doing.rest()


async def _press(doing: _Doing, button: Locator | ElementHandle) -> None:
    try:
        await button.click(timeout=1000 * max(0.1, min(CLICK_S, doing.left_s)))
    except PlaywrightTimeout as late:
        covered = "; something lies over it" if "intercepts pointer events" in str(late) else ""
        raise _Ended(StepOutcome.TIMED_OUT, f"it could not be clicked within {CLICK_S:g} s{covered}") from late


async def _wait_for(doing: _Doing) -> None:
    await doing.require_shown()
    doing.times = 1
    await doing.rest()


async def _wait(doing: _Doing) -> None:
    await asyncio.sleep(doing.step.within_s)
    doing.times = 1
    await doing.rest()


async def _scroll(doing: _Doing) -> None:
    if doing.step.target == WHOLE_PAGE:
        remarks: list[str] = []
        screens, seconds = doing.step.at_most, doing.step.within_s
        await scroll(doing.tab, doing.wait_for_slot, remarks, most_screens=screens, most_s=seconds)
        doing.times = 1
        if remarks:
            raise _Ended(StepOutcome.TIMED_OUT, "; ".join(remarks))
        return
    element = await doing.require_shown()
    await element.scroll_into_view_if_needed(timeout=CLICK_S * 1000)
    await doing.rest()
    at_end = False
    while not at_end and doing.times < doing.step.at_most:
        doing.require_time()
        await answer_of(element.evaluate(_DOWN), DURING)
        doing.times += 1
        await doing.rest()
        # only now: what was loaded may have made it longer
        at_end = await answer_of(element.evaluate(_AT_END), DURING)


async def _play(doing: _Doing) -> None:
    """Each medium for as long as there is time, muted; what only shows a medium once it is clicked is clicked."""
    await doing.require_shown()
    sentences = []
    for element in (await answer_of(doing.elements.element_handles(), DURING))[: doing.step.at_most]:
        doing.require_time()
        medium = element
        problem = await answer_of(element.evaluate(_PLAY, STARTS_S * 1000), DURING)
        if problem is None:
            await _press(doing, element)
            await doing.rest()
            medium = await _medium(doing)
            problem = await answer_of(medium.evaluate(_PLAY, STARTS_S * 1000), DURING)
        if problem:
            raise _Ended(StepOutcome.FAILED, str(problem))
        doing.times += 1
        ended: bool | str = False
        while ended is False and doing.left_s > 0:
            await asyncio.sleep(POLL_S)
            ended = await answer_of(medium.evaluate(_PLAYED), DURING)
        if isinstance(ended, str):
            raise _Ended(StepOutcome.FAILED, ended)
        await answer_of(medium.evaluate(_PAUSE), DURING)
        sentences.append(
            "played to its end" if ended else f"played until its {doing.step.within_s:g} s were used up"
        )
        await doing.rest()
    doing.reason = "; ".join(dict.fromkeys(sentences))


async def _medium(doing: _Doing) -> ElementHandle:
    found = doing.tab.locator("css=video, audio").first
    try:
        await found.wait_for(state="attached", timeout=AGAIN_S * 1000)
    except PlaywrightTimeout as late:
        raise _Ended(StepOutcome.FAILED, "there is no video or audio, also after it was clicked") from late
    return await answer_of(found.element_handle(), DURING)


async def _python(doing: _Doing) -> None:
    if doing.step.code is None:
        raise _Ended(StepOutcome.FAILED, "the file with this function was not read with the watch-list")
    await run_step_function(doing.tab, doing.step.target, doing.step.code, doing.step.within_s)
    doing.times = 1
    await doing.rest()


_ACTIONS: Final[Mapping[StepAction, Callable[[_Doing], Awaitable[None]]]] = {
    "click": _click,
    "click_each": _click_each,
    "wait_for": _wait_for,
    "wait_s": _wait,
    "scroll": _scroll,
    "play": _play,
    "python": _python,
}


@dataclass(frozen=True, slots=True)
class StepsGuard:
    """Stands beside the document on which steps were done. ``document`` is Chromium's id of its load."""

    session: CDPSession
    world: int
    document: str

    async def require_page(self) -> None:
        """Raise `PageLeft` where the tab shows another document, be it the same address loaded anew."""
        frame = (await answer_of(self.session.send("Page.getFrameTree"), DURING))["frameTree"]["frame"]
        if frame["loaderId"] != self.document:
            raise PageLeft(f"after its steps the page left by itself for {frame['url'][:500]}")


async def _guarded(tab: Page) -> StepsGuard:
    """Have the guard stand beside the document that is shown now."""
    session = await answer_of(tab.context.new_cdp_session(tab), DURING)
    frame = (await answer_of(session.send("Page.getFrameTree"), DURING))["frameTree"]["frame"]
    made = await answer_of(
        session.send("Page.createIsolatedWorld", {"frameId": frame["id"], "worldName": WORLD}), DURING
    )
    guard = StepsGuard(session, made["executionContextId"], frame["loaderId"])
    await _run(guard, GUARD.read_text("utf-8"))
    return guard


async def _run(guard: StepsGuard, expression: str) -> Any:
    question = {"expression": expression, "contextId": guard.world, "returnByValue": True}
    answer = await answer_of(guard.session.send("Runtime.evaluate", question), DURING)
    return answer.get("result", {}).get("value")


async def _stopped_by(guard: StepsGuard) -> str | None:
    """A sentence where a link or form was stopped. Raises `PageLeft` where the guard's document is gone."""
    await guard.require_page()
    try:
        stopped = await _run(guard, "letapisSteps.stopped()")
    except PlaywrightError as error:
        raise PageLeft(first_line(error)) from error
    return None if stopped is None else f"the page would have been left for {stopped}, which was stopped"

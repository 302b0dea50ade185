"""Loads one page in a tab as a patient reader would: to the end, with pauses, and takes its DOM and
what else is to be made of it.

Every wait of its own is bounded: a page that never rests is taken as it stands, and one that does not answer is
left. Raises ``TabFailed`` where there is no page to take, ``TabLost`` where the tab died or hangs; what was taken
of the page before is in it.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Response
from playwright.async_api import TimeoutError as PlaywrightTimeout

from crawlers.browser.chromium import close
from crawlers.browser.consent import ConsentResult, reject_consent
from crawlers.browser.direct_capture import DirectCapture
from crawlers.browser.login_sign import shows_sign
from crawlers.browser.page_answers import PageHangs, answer_of, require_answer
from crawlers.browser.page_handling import KINDS, PageHandling
from crawlers.browser.page_steps import PageLeft, StepsGuard, do_steps
from crawlers.browser.renderings import MadeOfPage, NotMade, first_line, make_renderings, not_made
from crawlers.browser.request_log import BrowserRequest, RequestLog
from crawlers.browser.script_requests import WaitForSlot
from crawlers.browser.scrolling import scroll
from crawlers.browser.step_results import StepResult

ARRIVE_S: Final = 60.0
LOAD_S: Final = 30.0
REST_S: Final = 8.0
SIGN_S: Final = 3.0
"""Waits: for the first answer, for the load event, for the network to rest, then for the sign of a login."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page as it stood in the end, and what was made of it; ``remarks`` say what could not be made, and why.

    ``dom`` is None where the page never answered.
    """

    url: str
    status: int | None
    content_type: str | None
    dom: str | None
    taken_at: datetime
    renderings: tuple[MadeOfPage, ...]
    remarks: tuple[str, ...] = field(default=())
    consent: ConsentResult | None = None
    steps: tuple[StepResult, ...] = ()
    requests: tuple[BrowserRequest, ...] = ()
    requests_left_out: int = 0
    script_errors: int = 0
    logged_out: bool = False
    """The page was loaded with a login, and did not show the sign of it."""


class TabFailed(Exception):
    """No page came; ``reason`` is Chromium's own word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TabLost(TabFailed):
    """The tab's process died, or the page was left or does not answer; ``had`` is what was taken of it before.

    ``in_steps``: that came about while the steps of its source were done.
    """

    def __init__(self, reason: str, had: Loaded, *, in_steps: bool = False) -> None:
        super().__init__(reason)
        self.had = had
        self.in_steps = in_steps


@dataclass(slots=True)
class _Visit:
    """A page as far as it was taken."""

    tab: Page
    log: RequestLog
    response: Response | None = None
    content_type: str | None = None
    dom: str | None = None
    taken_at: datetime | None = None
    consent: ConsentResult | None = None
    url: str | None = None
    in_steps: bool = False
    logged_out: bool = False
    guard: StepsGuard | None = None
    steps: list[StepResult] = field(default_factory=list)
    renderings: list[MadeOfPage] = field(default_factory=list)
    not_made: list[NotMade] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def loaded(self) -> Loaded:
        """All that there is by now."""
        return Loaded(
            url=self.url or self.tab.url,
            status=None if self.response is None else self.response.status,
            content_type=self.content_type,
            dom=self.dom,
            taken_at=self.taken_at or datetime.now(UTC),
            renderings=tuple(self.renderings),
            remarks=(*self.remarks, *(each.remark for each in self.not_made)),
            consent=self.consent,
            steps=tuple(self.steps),
            requests=tuple(self.log.requests),
            requests_left_out=self.log.left_out,
            script_errors=self.log.script_errors,
            logged_out=self.logged_out,
        )

    def lost(self, reason: str, handling: PageHandling) -> "TabLost":
        """The loss of the tab; each rendering that was not made by then is named."""
        had = {each.kind for each in self.renderings} | {each.kind for each in self.not_made}
        self.not_made += [not_made(kind, reason) for kind in KINDS.values() if kind in handling.renderings - had]
        return TabLost(reason, self.loaded(), in_steps=self.in_steps)

    async def do_steps(self, handling: PageHandling, wait_for_slot: WaitForSlot) -> None:
        """Do what the source declares; the page keeps the address that it has now, whatever steps make of it."""
        self.url = self.tab.url
        self.in_steps = True
        self.guard = await do_steps(self.tab, handling.steps, wait_for_slot, self.steps)
        self.in_steps = False

    async def require_page(self) -> None:
        """Raise `PageLeft` where the page that steps were done on has left since, as one may have it do."""
        if self.guard is None:
            return
        try:
            await self.guard.require_page()
        except PageLeft:
            self.in_steps = True
            raise

    async def take_dom(self) -> None:
        """The DOM as it stands now, in the place of an earlier one."""
        dom = await answer_of(self.tab.content(), "when its DOM was taken")
        await self.require_page()  # before it takes the place of what is this page's own
        self.dom = dom
        self.taken_at = datetime.now(UTC)


async def load(
    tab: Page,
    url: str,
    wait_for_slot: WaitForSlot,
    handling: PageHandling,
    capture: DirectCapture | None = None,
) -> Loaded:
    """Load ``url`` in a new tab, and close the tab; one that does not close stays in its context's ``pages``.

    ``capture`` takes what the browser receives meanwhile, where no recorder does.
    """
    if capture is not None:
        await _begin(capture)
    # so until the sign is seen: a tab that dies before has not shown it either
    visit = _Visit(tab, RequestLog(tab.context, tab), logged_out=handling.login_sign is not None)
    crashed = asyncio.Event()
    tab.on("crash", lambda _: crashed.set())
    tab.on("popup", _close_popup)
    taking = asyncio.ensure_future(_take(visit, url, wait_for_slot, handling))
    dying = asyncio.ensure_future(crashed.wait())
    try:
        await asyncio.wait({taking, dying}, return_when=asyncio.FIRST_COMPLETED)
        if crashed.is_set():
            raise visit.lost("the tab crashed", handling)
        taking.result()
        return visit.loaded()
    except (PageHangs, PageLeft) as loss:
        raise visit.lost(str(loss), handling) from loss
    except PlaywrightError as error:
        if crashed.is_set():
            raise visit.lost("the tab crashed", handling) from error
        raise TabFailed(first_line(error)) from error
    finally:
        for task in (taking, dying):
            task.cancel()
        await asyncio.gather(taking, dying, return_exceptions=True)
        if capture is not None:
            await capture.settle()
        visit.log.close()
        for each in (tab, *tab.context.pages):
            await close(each)


async def _begin(capture: DirectCapture) -> None:
    try:
        await capture.begin()
    except PlaywrightError as error:
        raise TabFailed(first_line(error)) from error


async def _take(visit: _Visit, url: str, wait_for_slot: WaitForSlot, handling: PageHandling) -> None:
    tab = visit.tab
    visit.response = await _arrive(tab, url)
    if visit.response is None:  # the document has begun and never ends: what there is of it is taken
        await require_answer(tab, "while it was loading")
    else:
        header = visit.response.header_value("content-type")
        visit.content_type = await answer_of(header, "after it had arrived")
    try:
        await tab.wait_for_load_state("load", timeout=LOAD_S * 1000)
    except PlaywrightTimeout:
        visit.remarks.append(f"the page was still loading after {LOAD_S:.0f} s and was taken as it stood")
    await visit.take_dom()  # in case that it does not answer later
    if handling.reject_consent:
        visit.consent, pictures = await reject_consent(tab)
        visit.renderings += pictures
    if handling.steps:
        await visit.do_steps(handling, wait_for_slot)
    try:
        await _take_to_end(visit, wait_for_slot, handling)
    except PlaywrightError:
        await visit.require_page()  # a page that leaves breaks off what is done on it
        raise


async def _take_to_end(visit: _Visit, wait_for_slot: WaitForSlot, handling: PageHandling) -> None:
    tab = visit.tab
    await scroll(tab, wait_for_slot, visit.remarks)
    try:
        await tab.wait_for_load_state("networkidle", timeout=REST_S * 1000)
    except PlaywrightTimeout:
        visit.remarks.append(f"the page's network did not rest within {REST_S:.0f} s")
    if handling.login_sign is not None and await shows_sign(tab, handling.login_sign, SIGN_S):
        visit.logged_out = False
    await visit.take_dom()
    async for made in make_renderings(tab, handling, visit.remarks):
        await visit.require_page()
        if isinstance(made, NotMade):
            visit.not_made.append(made)
        else:
            visit.renderings.append(made)


async def _arrive(tab: Page, url: str) -> Response | None:
    try:
        return await tab.goto(url, wait_until="domcontentloaded", timeout=ARRIVE_S * 1000)
    except PlaywrightTimeout:
        if tab.url in ("", "about:blank"):
            raise
        return None


async def _close_popup(popup: Page) -> None:
    await close(popup)

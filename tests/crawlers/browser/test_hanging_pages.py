"""Pages that compute without end, tabs that die, a browser that stands still: each costs one page, and no more."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from crawlers.browser.chromium import end, launch, open_context, process_id_of
from crawlers.browser.page_answers import PageHangs
from crawlers.browser.page_handling import PageHandling
from crawlers.browser.pages import BrowserPages, RenderedPage
from crawlers.browser.renderings import MadeOfPage, NotMade, make_renderings
from crawlers.model.capture import Rendering, RenderingKind
from processors.pages.outcome import Outcome
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.browser.browser_crawl import HOST, USER_AGENT, Account, crawl, kept_urls
from tests.crawlers.recorder.running_recorder import RunningRecorder

pytestmark = pytest.mark.browser

RENDERINGS = frozenset({RenderingKind.TEXT, RenderingKind.VIEW})
NEXT = f"https://{HOST}/next"
SPINS = {
    "/spins-at-once": "<p>Пачатак.</p><script>for (;;);</script>",
    "/spins-after-load": """<p>Навіна.</p><div style="height:9000px"></div>
<script>addEventListener('scroll', () => { document.title = 'Скончана'; for (;;); })</script>""",
    "/spins-when-left": """<p>Навіна.</p><script>
for (const event of ['beforeunload', 'pagehide', 'unload']) addEventListener(event, () => { for (;;); });
document.addEventListener('visibilitychange', () => { for (;;); })</script>""",
    "/reports": "<p>Навіна.</p><script>fetch('/from-page')</script>" + '<div style="height:900px"></div>' * 12,
}


@pytest.fixture
def sites() -> Iterator[SampleSites]:
    pages = {path: Response(body=page.encode()) for path, page in SPINS.items()} | {
        "/next": Response(body="<p>Наступная старонка.</p>".encode()),
        "/from-page": Response(body=b"page", content_type="text/plain"),
    }
    with SampleSites(extra={(HOST, path): page for path, page in pages.items()}) as running:
        yield running


@pytest.fixture
def recorder(sites: SampleSites, tmp_path: Path) -> Iterator[RunningRecorder]:
    running = RunningRecorder(tmp_path, connect_to=(sites.connect_to,), upstream_ca=sites.authority)
    yield running
    if not running.closed:
        running.close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlers.browser.page_answers.ANSWER_S", 4.0)
    monkeypatch.setattr("crawlers.browser.page_loader.ARRIVE_S", 8.0)


def record_of(made: Account, path: str) -> dict[RenderingKind, bytes]:
    """What was handed over of the page at a path of the host."""
    return {each.kind: each.content for each in made.renderings if each.url == f"https://{HOST}{path}"}


def browser_processes(recorder: RunningRecorder) -> dict[str, list[int]]:
    """The processes of the browser of this recorder by their type; the first one's is ``browser``."""
    parents: dict[int, int] = {}
    lines: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has ended meanwhile
            lines[int(folder.name)], parents[int(folder.name)] = line, parent
    mark = f"spki-list={recorder.address.authority_spki_sha256}"
    own = {each for each, line in lines.items() if mark in line and "--type=" not in line}
    found: dict[str, list[int]] = {"browser": sorted(own)}
    while own:
        own = {each for each, parent in parents.items() if parent in own}
        for each in own:
            found.setdefault(lines[each].partition("--type=")[2].partition(" ")[0], []).append(each)
    return found


def test_a_page_that_computes_at_once_and_without_end_is_named_and_the_next_one_is_taken(
    recorder: RunningRecorder, program: Path
) -> None:
    made = crawl(
        recorder, program, f"https://{HOST}/spins-at-once", NEXT, handling=PageHandling(renderings=RENDERINGS)
    )
    assert [visit.outcome for visit in made.visits] == [Outcome.UNREACHABLE, Outcome.CONTENT]
    hangs = "the page did not answer within 4 s while it was loading"
    had = record_of(made, "/spins-at-once")
    assert set(had) == {RenderingKind.PAGEINFO}
    assert json.loads(had[RenderingKind.PAGEINFO])["remarks"] == [
        f"{hangs} and was opened once more",
        f"once more {hangs}",
        f"no screenshot of the viewport could be made: {hangs}",
        f"no text could be made: {hangs}",
    ]
    assert f"https://{HOST}/spins-at-once" in kept_urls(recorder), "what was recorded stays"
    assert [note.reason for note in made.notes] == [f"{hangs} and was opened once more"]
    assert set(record_of(made, "/next")) == {RenderingKind.DOM, RenderingKind.PAGEINFO, *RENDERINGS}
    assert browser_processes(recorder) == {"browser": []}


def test_a_page_that_stops_answering_when_it_is_scrolled_is_kept_as_it_stood_before(
    recorder: RunningRecorder, program: Path
) -> None:
    made = crawl(
        recorder, program, f"https://{HOST}/spins-after-load", NEXT, handling=PageHandling(renderings=RENDERINGS)
    )
    assert [visit.outcome for visit in made.visits] == [Outcome.CONTENT, Outcome.CONTENT]
    hangs = "the page did not answer within 4 s while it was scrolled"
    remarks = [
        f"{hangs} and was opened once more",
        f"once more {hangs}, and was taken as it stood before",
        f"no screenshot of the viewport could be made: {hangs}",
        f"no text could be made: {hangs}",
    ]
    had = record_of(made, "/spins-after-load")
    assert set(had) == {RenderingKind.DOM, RenderingKind.PAGEINFO}
    assert "<p>Навіна.</p>" in had[RenderingKind.DOM].decode()
    assert "<title>" not in had[RenderingKind.DOM].decode(), "the DOM should be that of before it was scrolled"
    assert json.loads(had[RenderingKind.PAGEINFO])["remarks"] == remarks
    assert made.remarks == [f"https://{HOST}/spins-after-load: {remark}" for remark in remarks]
    assert set(record_of(made, "/next")) == {RenderingKind.DOM, RenderingKind.PAGEINFO, *RENDERINGS}


def test_a_page_that_computes_without_end_when_it_is_left_is_left(
    recorder: RunningRecorder, program: Path
) -> None:
    urls = (f"https://{HOST}/spins-when-left", NEXT)
    made = crawl(recorder, program, *urls, handling=PageHandling(renderings=RENDERINGS))
    assert [visit.outcome for visit in made.visits] == [Outcome.CONTENT, Outcome.CONTENT]
    assert made.remarks == []
    assert browser_processes(recorder) == {"browser": []}


def test_of_a_page_that_stops_answering_among_its_renderings_the_rest_is_not_waited_for(
    recorder: RunningRecorder, program: Path
) -> None:
    made: list[MadeOfPage | NotMade] = []

    async def spin(tab: Page) -> None:
        await tab.set_content("<p>Навіна.</p>")
        wanted = RENDERINGS | {RenderingKind.PDF}
        handling = PageHandling(renderings=wanted, rendering_seconds=3.0)
        renderings = make_renderings(tab, handling, [])
        made.append(await anext(renderings))
        await tab.evaluate("setTimeout(() => { for (;;); }); 0")
        async for each in renderings:
            made.append(each)

    async def run() -> None:
        async with async_playwright() as playwright:
            browser = await launch(playwright, recorder.address, program, USER_AGENT)
            try:
                context = await open_context(browser, recorder.address, "0001", USER_AGENT)
                await spin(await context.new_page())
            finally:
                await end(browser, await process_id_of(browser))

    with pytest.raises(PageHangs, match="did not answer within 4 s while renderings were made of it"):
        asyncio.run(run())
    text, *others = made
    assert isinstance(text, MadeOfPage)
    assert others == [
        NotMade(RenderingKind.VIEW, "no screenshot of the viewport could be made within 3 s"),
    ]


def render_and_meddle(
    recorder: RunningRecorder, program: Path, meddle: Callable[[], None]
) -> tuple[RenderedPage | None, RenderedPage | None, Account]:
    """A page that is meddled with when it has sent its request, and the page after it."""
    made = Account()

    def keep(rendering: Rendering) -> None:
        made.renderings.append(rendering)

    async def has_slot(_: str) -> bool:
        return True

    async def run() -> tuple[RenderedPage | None, RenderedPage | None]:
        handling = PageHandling(renderings=RENDERINGS)
        pages = BrowserPages(
            recorder.address, program, USER_AGENT, note=made.notes.append, rendering=keep, handling=handling
        )
        try:
            first = asyncio.ensure_future(pages.render(f"https://{HOST}/reports", "0001", has_slot))
            while f"https://{HOST}/from-page" not in kept_urls(recorder) and not first.done():
                await asyncio.sleep(0.02)
            meddle()
            return await first, await pages.render(NEXT, "0002", has_slot)
        finally:
            await pages.close()

    page, after = asyncio.run(run())
    return page, after, made


def test_a_tab_whose_process_is_killed_costs_one_page_that_is_opened_once_more(
    recorder: RunningRecorder, program: Path
) -> None:
    def kill_tabs() -> None:
        for process in browser_processes(recorder)["renderer"]:
            os.kill(process, signal.SIGKILL)

    page, after, made = render_and_meddle(recorder, program, kill_tabs)
    assert page is not None
    assert after is not None
    assert page.remarks == ("the tab crashed and was opened once more",)
    assert "Наступная старонка" in after.dom.decode()
    assert set(record_of(made, "/reports")) == {RenderingKind.DOM, RenderingKind.PAGEINFO, *RENDERINGS}


def test_a_browser_that_stands_still_is_ended_and_another_one_opens_the_page(
    recorder: RunningRecorder, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlers.browser.chromium.CLOSE_S", 3.0)

    def hold_still() -> None:
        for process in (each for kind in browser_processes(recorder).values() for each in kind):
            os.kill(process, signal.SIGSTOP)

    page, after, _ = render_and_meddle(recorder, program, hold_still)
    assert page is not None
    assert after is not None
    assert len(page.remarks) == 1
    assert page.remarks[0].startswith("the page did not answer within 4 s ")
    assert "Навіна" in page.dom.decode()
    assert "Наступная старонка" in after.dom.decode()
    assert browser_processes(recorder) == {"browser": []}

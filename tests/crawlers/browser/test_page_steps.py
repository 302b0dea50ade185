"""Steps of the watch-list on pages in Chromium: what they load is in the WARC, and what fails costs no page."""

import io
import json
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawlers.browser.page_handling import PageHandling
from crawlers.engine.messages import StepsDone
from crawlers.model.capture import RenderingKind
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.watchlist.page_step import PageStep
from crawlers.watchlist.schema import StepEntry
from processors.pages.outcome import Outcome
from samples.messages import Response
from samples.sites import SampleSites
from storage.spool.spool import Spool
from tests.crawlers.browser.browser_crawl import HOST, Account, crawl
from tests.crawlers.recorder.running_recorder import RunningRecorder

pytestmark = pytest.mark.browser

SHOW_MORE = """<!doctype html><h1>Навіны</h1><ul></ul><button class="more">Паказаць яшчэ</button><script>
let page = 0;
document.querySelector('.more').addEventListener('click', async event => {
  const button = event.target;
  button.style.display = 'none';
  const text = await (await fetch('/more/' + ++page)).text();
  document.querySelector('ul').insertAdjacentHTML('beforeend', `<li>${text}</li>`);
  if (page < 4) setTimeout(() => { button.style.display = '' }, 400);
});
</script>"""
TABS = """<!doctype html><div role="tablist"><a role="tab" href="#one">Адзін</a> <a role="tab" href="#two">Два</a>
<a role="tab" href="#three">Тры</a></div><div id="panel"></div><script>
for (const tab of document.querySelectorAll('[role=tab]')) tab.addEventListener('click', async () => {
  const name = tab.getAttribute('href').slice(1);
  document.querySelector('#panel').textContent = await (await fetch('/tab/' + name)).text();
});
</script>"""
CAROUSEL = """<!doctype html><img src="/slide/0.png" width="300" height="200">
<button aria-label="Next">&gt;</button>
<script>let at = 0;
document.querySelector('button').onclick = () => {
  document.querySelector('img').src = `/slide/${++at % 4}.png`;
};
</script>"""
COMMENTS = """<!doctype html><p>Артыкул.</p><div style="height: 5000px"></div>
<section id="comments"></section><script>
new IntersectionObserver(async (seen, observer) => {
  if (!seen[0].isIntersecting) return;
  observer.disconnect();
  const text = await (await fetch('/comments.json')).text();
  document.querySelector('#comments').innerHTML =
    `<div class="list" style="height: 100px; overflow: auto"><p style="height: 900px">${text}</p></div>`;
  document.querySelector('.list').addEventListener('scroll', event => {
    const list = event.target;
    if (list.scrollTop + list.clientHeight >= list.scrollHeight - 5) fetch('/comments-older.json');
  });
}).observe(document.querySelector('#comments'));
</script>"""
PLAYER = """<!doctype html><video id="player" preload="none" src="/film" width="320" height="180"></video>
<div class="poster" style="width: 320px; height: 180px; background: grey">Глядзець</div><script>
document.querySelector('.poster').onclick = event => {
  event.target.outerHTML = '<video src="/embedded" width="320" height="180"></video>';
};
</script>"""
BROKEN_PLAYERS = """<!doctype html><audio id="breaks" controls></audio>
<div id="vanishes"><video src="/film" preload="none" width="320" height="180"></video></div><script>
const source = new MediaSource();
const breaks = document.querySelector('#breaks');
breaks.src = URL.createObjectURL(source);
breaks.play = async () => { setTimeout(() => source.endOfStream('network'), 100); };
document.querySelector('video').addEventListener('playing', event => event.target.remove());
</script>"""
LEAVES_LATER = """<!doctype html><p>Свая старонка.</p><script>
const later = leave => addEventListener('scroll', leave, {once: true});  // which comes after the steps
</script>
<button class="elsewhere" onclick="later(() => { location.href = '/elsewhere' })">Далей</button>
<button class="other-host" onclick="later(() => { location.href = 'https://inshy.example/other' })">Далёка</button>
<button class="reload" onclick="later(() => { location.reload() })">Нанава</button>
<div style="height: 6000px"></div>"""
LEADS_AWAY = """<!doctype html><p>Старонка.</p><a class="link" href="/elsewhere">Далей</a>
<form action="/sent"><button class="send">Адправіць</button></form>
<button class="script" onclick="location.href = '/elsewhere'">Скрыптам</button>
<button class="hang" onclick="for (;;);">Завіснуць</button>
<button class="covered">Пад нечым</button>
<div style="position: fixed; inset: 0 0 auto auto; width: 10px; height: 10px"></div>
<button class="soft" onclick="history.pushState(null, '', '/address-of-a-tab'); fetch('/more/1')">Мякка</button>"""
ENDLESS = """<!doctype html><button onclick="fetch('/more/1')">Яшчэ</button>"""


def silence(seconds: float) -> bytes:
    """A sound that any Chromium plays, whatever coders it was built with."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(int(16000 * seconds)))
    return written.getvalue()


def text(content: bytes) -> Response:
    return Response(body=content, content_type="text/plain; charset=utf-8")


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    pages = {"/show-more": SHOW_MORE, "/tabs": TABS, "/carousel": CAROUSEL, "/comments": COMMENTS}
    pages |= {
        "/player": PLAYER,
        "/leads-away": LEADS_AWAY,
        "/endless": ENDLESS,
        "/broken-players": BROKEN_PLAYERS,
        "/leaves-later": LEAVES_LATER,
        "/elsewhere": "<p>Іншая старонка.</p>",
    }
    answers = {path: Response(body=page.encode()) for path, page in pages.items()}
    answers |= {f"/more/{number}": text(b"more") for number in range(1, 6)}
    answers |= {f"/tab/{name}": text(name.encode()) for name in ("one", "two", "three")}
    answers |= {f"/slide/{n}.png": Response(body=b"no picture", content_type="image/png") for n in range(4)}
    answers |= {"/comments.json": text("Каментар".encode()), "/comments-older.json": text(b"older")}
    answers |= {path: Response(body=silence(1.5), content_type="audio/wav") for path in ("/film", "/embedded")}
    extra = {(HOST, path): page for path, page in answers.items()}
    extra["inshy.example", "/other"] = Response(body="<p>Іншая старонка.</p>".encode())
    with SampleSites(extra=extra) as running:
        yield running


class Captured:
    """A crawl of one page, and what of it is in the WARC."""

    def __init__(self, account: Account, warcs: list[Path]) -> None:
        self.account = account
        self.paths: list[str] = []
        self.infos: list[dict[str, Any]] = []
        for warc in warcs:
            with warc.open("rb") as stream:
                for record in ArchiveIterator(stream):
                    url = record.rec_headers["WARC-Target-URI"] or ""
                    if record.rec_type == "response":
                        self.paths.append(url.removeprefix(f"https://{HOST}"))
                    elif url.startswith("urn:pageinfo:"):
                        self.infos.append(json.loads(record.content_stream().read()))

    @property
    def steps(self) -> list[tuple[str, str, int]]:
        """Of the page's own record: step, outcome, how often."""
        (info,) = self.infos
        return [(each["step"], each["outcome"], each["times"]) for each in info["steps"]]

    def reason(self, number: int) -> str:
        (info,) = self.infos
        return str(info["steps"][number - 1]["reason"])

    @property
    def dom(self) -> str:
        (made,) = [each for each in self.account.renderings if each.kind is RenderingKind.DOM]
        return made.content.decode()


class Capture:
    """Captures one page of the site with steps."""

    def __init__(self, sites: SampleSites, program: Path, folder: Path) -> None:
        self._sites = sites
        self._program = program
        self._folder = folder
        self.renderings: frozenset[RenderingKind] = frozenset()

    def __call__(
        self, path: str, *steps: dict[str, Any], code: str | None = None, pace: HostRateLimiter | None = None
    ) -> Captured:
        spool = Spool(self._folder / "spool", "01JNKZ5V0000000000000000CR", {"software": "letapis"})
        recorder = RunningRecorder(
            self._folder,
            sink=spool,
            connect_to=(self._sites.connect_to,),
            upstream_ca=self._sites.authority,
        )
        handling = PageHandling(
            renderings=self.renderings, steps=tuple(with_code(StepEntry(**each).step(), code) for each in steps)
        )
        try:
            made = crawl(recorder, self._program, f"https://{HOST}{path}", handling=handling, pace=pace)
        finally:
            if not recorder.closed:
                recorder.close()
        return Captured(made, [each.path for each in spool.close()])


def with_code(step: PageStep, code: str | None) -> PageStep:
    return replace(step, code=code) if step.action == "python" else step


@pytest.fixture
def capture(sites: SampleSites, program: Path, tmp_path: Path) -> Capture:
    return Capture(sites, program, tmp_path)


def test_show_more_is_clicked_until_it_has_gone(capture: Capture) -> None:
    captured = capture("/show-more", {"click": "button.more", "at_most": 20})
    assert {f"/more/{number}" for number in (1, 2, 3, 4)} <= set(captured.paths)
    assert captured.steps == [("click: button.more", "done", 4)]
    assert captured.dom.count("<li>more</li>") == 4
    assert (
        captured.account.events.count(StepsDone(f"https://{HOST}/show-more", {"1. click: button.more": "done"}))
        == 1
    )


def test_each_tab_is_opened_once(capture: Capture) -> None:
    captured = capture("/tabs", {"click_each": "[role=tab]"}, {"click_each": "//a[@role='tab']", "at_most": 2})
    assert [path for path in captured.paths if path.startswith("/tab/")] == [
        *("/tab/one", "/tab/two", "/tab/three"),
        *("/tab/one", "/tab/two"),
    ]
    assert [each[1:] for each in captured.steps] == [("done", 3), ("done", 2)]
    assert captured.reason(2) == "there were more than 2"
    assert [each.url for each in captured.account.visits] == [f"https://{HOST}/tabs"]


def test_a_carousel_is_stepped_through_as_often_as_declared(capture: Capture) -> None:
    captured = capture("/carousel", {"click": "[aria-label=Next]", "at_most": 3})
    assert {f"/slide/{number}.png" for number in range(4)} <= set(captured.paths)
    assert captured.steps == [("click: [aria-label=Next]", "done", 3)]


def test_comments_that_load_when_they_are_reached_are_loaded_and_scrolled_to_their_end(capture: Capture) -> None:
    captured = capture(
        "/comments", {"scroll": "page"}, {"wait_for": "#comments .list"}, {"scroll": "#comments .list"}
    )
    assert {"/comments.json", "/comments-older.json"} <= set(captured.paths)
    assert [(step, outcome) for step, outcome, _ in captured.steps] == [
        ("scroll: page", "done"),
        ("wait_for: #comments .list", "done"),
        ("scroll: #comments .list", "done"),
    ]
    assert "Каментар" in captured.dom


def test_a_video_is_loaded_because_it_is_played_also_one_that_stands_behind_a_picture(capture: Capture) -> None:
    captured = capture("/player", {"play": "#player"}, {"play": ".poster"})
    assert {"/film", "/embedded"} <= set(captured.paths)
    assert [each[1:] for each in captured.steps] == [("done", 1), ("done", 1)]
    assert captured.reason(1) == "played to its end"


@pytest.mark.parametrize(
    ("button", "renderings"),
    [
        (".elsewhere", frozenset()),
        (".other-host", frozenset({RenderingKind.TEXT})),
        (".reload", frozenset()),
    ],
)
def test_a_page_that_leaves_by_itself_after_its_steps_is_taken_without_them(
    capture: Capture, button: str, renderings: frozenset[RenderingKind]
) -> None:
    capture.renderings = renderings
    captured = capture("/leaves-later", {"click": button})
    assert captured.steps == [(f"click: {button}", "not_done", 0)]
    assert captured.reason(1) == "done before the page was lost; the page was taken without steps"
    assert "Свая старонка." in captured.dom
    texts = [each.content.decode() for each in captured.account.renderings if each.kind is RenderingKind.TEXT]
    assert len(texts) == len(renderings)
    assert all("Свая старонка." in each for each in texts)
    assert {each.url for each in captured.account.renderings} == {f"https://{HOST}/leaves-later"}
    assert any("after its steps the page left by itself for " in each for each in captured.account.remarks)
    assert captured.paths.count("/leaves-later") >= 2


@pytest.mark.parametrize(
    ("name", "reason"), [("breaks", "it stopped: "), ("vanishes", "it went away while it played")]
)
def test_a_medium_that_breaks_off_or_goes_away_was_not_played_to_its_end(
    capture: Capture, name: str, reason: str
) -> None:
    captured = capture("/broken-players", {"play": f"#{name}"})
    assert [each[1] for each in captured.steps] == ["failed"]
    assert captured.reason(1).startswith(reason)


def test_without_steps_none_of_it_is_loaded(capture: Capture) -> None:
    captured = capture("/player")
    assert "/film" not in captured.paths
    assert captured.infos[0]["steps"] is None


def test_a_step_that_cannot_be_done_costs_neither_the_page_nor_the_next_step(capture: Capture) -> None:
    captured = capture(
        "/show-more",
        {"click": ".no-such", "within_s": 1},
        {"play": "h1"},
        {"wait_for": ".never", "within_s": 1},
        {"wait_s": 0.1},
        {"click": ".more"},
    )
    assert [each[1:] for each in captured.steps] == [
        ("not_found", 0),
        ("failed", 0),
        ("not_found", 0),
        ("done", 1),
        ("done", 1),
    ]
    assert "/more/1" in captured.paths
    assert [visit.outcome for visit in captured.account.visits] == [Outcome.CONTENT]
    (remark,) = [each for each in captured.account.remarks if "step 2" in each]
    assert "there is no video or audio, also after it was clicked" in remark


def test_links_and_forms_are_not_followed(capture: Capture) -> None:
    captured = capture("/leads-away", {"click": ".link"}, {"click": ".send"}, {"click": ".soft"})
    assert [each[1] for each in captured.steps] == ["failed", "failed", "done"]
    assert captured.reason(1) == f"the page would have been left for https://{HOST}/elsewhere, which was stopped"
    assert not {"/elsewhere", "/sent"} & {path.partition("?")[0] for path in captured.paths}
    assert "/more/1" in captured.paths
    assert {each.url for each in captured.account.renderings} == {f"https://{HOST}/leads-away"}


@pytest.mark.parametrize(("button", "words"), [(".script", "it led to another page"), (".hang", "did not answer")])
def test_a_page_that_a_step_loses_is_taken_without_steps(
    capture: Capture, monkeypatch: pytest.MonkeyPatch, button: str, words: str
) -> None:
    monkeypatch.setattr("crawlers.browser.page_answers.ANSWER_S", 4.0)
    captured = capture("/leads-away", {"click": ".soft"}, {"click": button}, {"click": ".link"})
    assert [each[1] for each in captured.steps] == ["not_done", "failed", "not_done"]
    assert captured.reason(1) == "done before the page was lost; the page was taken without steps"
    assert words in captured.reason(2)
    assert "<p>Старонка.</p>" in captured.dom
    assert [visit.outcome for visit in captured.account.visits] == [Outcome.CONTENT]
    assert any("was opened once more, without steps" in each for each in captured.account.remarks)
    assert captured.paths.count("/leads-away") == 2


def test_what_a_step_has_scripts_fetch_takes_turns_and_ends_in_time(capture: Capture, sites: SampleSites) -> None:
    pace = HostRateLimiter(0.5)
    captured = capture("/endless", {"click": "button", "at_most": 4}, pace=pace)
    assert captured.paths.count("/more/1") == 4
    kept = pace.statistics()[HOST]
    assert kept.requests == 1 + 4
    assert (kept.shortest_gap_s or 0) >= 0.5
    late = capture_again(capture, {"click": "button", "at_most": 500, "within_s": 2})
    assert late.steps[0][1] == "timed_out"
    assert 0 < late.steps[0][2] < 500


def capture_again(capture: Capture, step: dict[str, Any]) -> Captured:
    capture._folder = capture._folder / "again"
    capture._folder.mkdir()
    return capture("/endless", step)


FUNCTIONS = """
import time

SEEN = []

async def opens(page):
    await page.evaluate("fetch('/more/2').then(answer => answer.text())")
    SEEN.append(page.url)

async def raises(page):
    raise KeyError("no comments\\nhere")

async def waits(page):
    await page.wait_for_selector(".never", timeout=0)

async def computes(page):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            pass

async def leaves(page):
    await page.goto("about:blank")
"""


def test_a_function_beside_the_watch_list_does_what_steps_cannot_say(capture: Capture) -> None:
    captured = capture(
        "/endless", {"python": "own.py:opens"}, {"python": "own.py:raises"}, {"click": "button"}, code=FUNCTIONS
    )
    assert captured.steps == [
        ("python: own.py:opens", "done", 1),
        ("python: own.py:raises", "failed", 0),
        ("click: button", "done", 1),
    ]
    assert captured.reason(2) == "KeyError: 'no comments\\nhere' (line 11)"
    assert {"/more/1", "/more/2"} <= set(captured.paths)


def test_a_function_that_does_not_end_is_stopped(capture: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlers.browser.step_function.GIVES_BACK_S", 1.0)
    captured = capture(
        "/endless",
        {"python": "own.py:waits", "within_s": 1},
        {"python": "own.py:computes", "within_s": 1},
        {"click": "button"},
        code=FUNCTIONS,
    )
    assert [each[1] for each in captured.steps] == ["timed_out", "timed_out", "done"]
    assert captured.reason(1) == "it took longer than 1 s and was stopped"
    assert captured.reason(2) == "it computed without giving back control and was interrupted"


def test_a_function_that_leaves_the_page_costs_steps_alone(capture: Capture) -> None:
    captured = capture("/endless", {"python": "own.py:leaves"}, {"click": "button"}, code=FUNCTIONS)
    assert [each[1] for each in captured.steps] == ["failed", "not_done"]
    assert "<button" in captured.dom

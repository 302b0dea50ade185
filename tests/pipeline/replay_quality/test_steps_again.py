"""Pages that a crawl took after steps: the replay does the steps again before it compares."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config.settings import Settings
from pipeline.replay_quality.measuring import measure
from pipeline.replay_quality.seen import record_of
from pipeline.replay_quality.steps_again import DONE_AGAIN, StepsAgain, steps_again
from samples.messages import Response
from samples.sites import SampleSites
from storage.archive import Archive
from tests.pipeline.replay_quality.conftest import deposited, without
from tests.pipeline.replay_quality.test_measuring import LEAST_WHOLE, MOST_BROKEN
from tests.typed_commands import typed

HOST = "kroki.pryklad.example"
PAGE = f"https://{HOST}/"
HTML = """<!doctype html><meta charset=utf-8><link rel=stylesheet href=/a.css><h1>Навіны</h1><main></main>
<button class="more">Паказаць яшчэ</button><script>
let part = 0;
document.querySelector('.more').addEventListener('click', async event => {
  const text = await (await fetch('/part/' + ++part)).text();
  document.querySelector('main').insertAdjacentHTML('beforeend', text);
  if (part === 3) event.target.remove();
});
</script>"""
STYLE = b".part { background: #247; color: #fff; padding: 40px }"
WATCHLIST = f"""sources:
  - id: kroki
    kind: page
    pages: [{PAGE}]
    follow: nothing
    delay_s: 0.05
    engine: browser
    steps:
      - click: button.more
        at_most: 10
"""


def part(number: int) -> Response:
    lines = "".join(f"<p>Частка {number}, радок {line}: словы навіны." for line in range(20))
    picture = f"<section class=part><img src=/p{number}.svg width=600 height=400>{lines}</section>"
    return Response(body=picture.encode(), content_type="text/html; charset=utf-8")


def picture(colour: str) -> Response:
    drawn = f'<rect width="3" height="2" fill="{colour}"/>'
    whole = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 2">{drawn}</svg>'
    return Response(body=whole.encode(), content_type="image/svg+xml")


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stepped")
    extra = {
        (HOST, "/"): Response(body=HTML.encode()),
        (HOST, "/a.css"): Response(body=STYLE, content_type="text/css"),
    }
    extra |= {(HOST, f"/part/{number}"): part(number) for number in (1, 2, 3)}
    extra |= {(HOST, f"/p{n}.svg"): picture(colour) for n, colour in enumerate(("red", "lime", "gold"), start=1)}
    (folder / "watchlist.yaml").write_text(WATCHLIST, "utf-8")
    with SampleSites(extra=extra) as sites:
        done = typed(
            *("crawl", "--watchlist", str(folder / "watchlist.yaml"), "--spool", str(folder / "spool")),
            *("--connect-to", sites.connect_to, "--upstream-ca", str(sites.authority)),
            *("--allow-address", "127.0.0.0/8", "--json"),
            env={**os.environ, "LETAPIS_DATA": str(folder / "data")},
        )
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "spool").glob("**/*.warc.gz")
    yield path


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_a_page_that_was_taken_after_steps_is_compared_after_the_same_steps(
    quality_settings: Settings, quality_archive: Archive, stepped: Path
) -> None:
    ids = deposited(quality_archive, stepped)
    (score,) = measure(quality_settings, quality_archive, [record_of(quality_archive, ids[PAGE])])
    assert (score.scripts, score.leaks, score.reason) == ("ran", (), DONE_AGAIN)
    assert score.score is not None and score.score >= LEAST_WHOLE, score


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_a_capture_that_lost_what_the_steps_loaded_is_below_half(
    quality_settings: Settings, quality_archive: Archive, stepped: Path, tmp_path: Path
) -> None:
    broken = without(stepped, tmp_path / "broken.warc.gz", lambda url, _: url.startswith(PAGE) and url != PAGE)
    ids = deposited(quality_archive, broken)
    (score,) = measure(quality_settings, quality_archive, [record_of(quality_archive, ids[PAGE])])
    assert score.score is not None and score.score < MOST_BROKEN, score


def test_only_what_was_done_is_done_again_and_as_often() -> None:
    results = [
        {"step": "click: button.more", "outcome": "done", "times": 3, "reason": None},
        {"step": "click: .none", "outcome": "not_found", "times": 0, "reason": "not there"},
        {"step": "wait_s: 2.5", "outcome": "done", "times": 1, "reason": None},
    ]
    again = steps_again({"steps": results})
    assert [(str(step), step.at_most) for step in again.steps] == [("click: button.more", 3), ("wait_s: 2.5", 1)]
    assert (again.some_left_out, again.longest_s) == (False, 62.5)


@pytest.mark.parametrize("step", ["python: a.py:run", "wait_s: nan", "wait_s: 1e9", "shout: loud", "click", ""])
def test_what_cannot_be_done_again_is_left_out_and_known(step: str) -> None:
    assert steps_again({"steps": [{"step": step, "outcome": "done", "times": 1}]}) == StepsAgain((), True)


@pytest.mark.parametrize("row", [None, {}, {"steps": None}, {"steps": "click"}, {"steps": [1, "two"]}])
def test_a_row_without_steps_has_nothing_to_be_done_again(row: dict[str, object] | None) -> None:
    assert steps_again(row) == StepsAgain()

"""Nothing of a page reaches the next one, and nothing of a crawl its end: no cookie, no stored file, no folder."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlers.browser import temporary_folder
from crawlers.browser.page_handling import PageHandling
from crawlers.browser.temporary_folder import PREFIX, TemporaryFolder
from crawlers.model.capture import RenderingKind
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.browser.browser_crawl import HOST, crawl, kept_urls
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of

LEAVES = """<!doctype html><p>Старонка, якая пакідае след.</p><img src=/kept.png><script>
document.cookie = 'left=1; max-age=9999; path=/'; localStorage.left = 1; sessionStorage.left = 1;
window.name = 'left';
const base = new Promise(done => { const open = indexedDB.open('left'); open.onsuccess = done; });
const all = [base, caches.open('left'), navigator.serviceWorker.register('/service.js')];
Promise.allSettled(all).then(() => { document.body.dataset.state = 'left'; });
</script>"""
LOOKS = """<!doctype html><p id=found>нічога</p><img src=/kept.png><script>
const looks = [document.cookie, localStorage.left, sessionStorage.left, window.name];
Promise.all([indexedDB.databases(), caches.keys(), navigator.serviceWorker.getRegistrations()]).then(lists => {
  document.querySelector('#found').textContent = JSON.stringify([...looks, ...lists.map(list => list.length)]);
});
</script>"""
HOLDS = """
import sys
sys.path.insert(0, sys.argv[1])
from crawlers.browser.temporary_folder import TemporaryFolder
folder = TemporaryFolder()
(folder.path / 'profile').mkdir()
print(folder.path, flush=True)
input()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for temporary files that nobody else uses."""
    place = Path(tempfile.mkdtemp(prefix="t-"))  # short: sockets in it have names of 108 bytes at most
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RunningRecorder]:
    pages = {
        "/leaves": Response(body=LEAVES.encode(), headers=(("Set-Cookie", "by-site=1; Max-Age=9999"),)),
        "/looks": Response(body=LOOKS.encode()),
        "/service.js": Response(body=b"1;", content_type="text/javascript"),
        "/kept.png": Response(
            body=b"no picture", content_type="image/png", headers=(("Cache-Control", "max-age=9999"),)
        ),
    }
    with SampleSites(extra={(HOST, path): page for path, page in pages.items()}) as sites:
        running = RunningRecorder(tmp_path, connect_to=(sites.connect_to,), upstream_ca=sites.authority)
        yield running
        if not running.closed:
            running.close()


@pytest.mark.browser
def test_a_page_finds_nothing_that_an_earlier_page_of_the_same_site_has_left(
    recorder: RunningRecorder, program: Path
) -> None:
    urls = [f"https://{HOST}{path}" for path in ("/leaves", "/looks")]
    made = crawl(recorder, program, *urls, handling=PageHandling(renderings=frozenset({RenderingKind.TEXT})))
    texts = [each.content.decode() for each in made.renderings if each.kind is RenderingKind.TEXT]
    assert texts == ["Старонка, якая пакідае след.", '["",null,null,"",0,0,0]']
    assert kept_urls(recorder).count(f"https://{HOST}/kept.png") == 2, "each page has all that it shows"
    requests = [block_of(each.request) for each in recorder.sink.exchanges if each.url == urls[1]]
    assert [b"\r\ncookie:" in each.lower() for each in requests] == [False]


@pytest.mark.browser
def test_a_browser_writes_into_one_folder_that_ends_with_the_crawl(
    recorder: RunningRecorder, program: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    inside: set[str] = set()

    def look() -> None:
        seen.update(path.name[: len(PREFIX)] for path in temporary.iterdir())
        inside.update(path.name.partition("-")[0] for path in temporary.glob(f"{PREFIX}*/*"))

    monkeypatch.setenv("TMPDIR", str(temporary))
    handling = PageHandling(renderings=frozenset())
    crawl(recorder, program, f"https://{HOST}/looks", handling=handling, on_rendering=look)
    assert seen == {PREFIX}
    assert "playwright_chromiumdev_profile" in inside
    assert list(temporary.iterdir()) == []
    assert os.environ["TMPDIR"] == str(temporary)


def test_what_a_killed_browser_left_goes_when_the_next_one_starts_and_what_is_in_use_stays(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = str(Path(temporary_folder.__file__).parents[2])
    command = [sys.executable, "-c", HOLDS, root]
    variables = {**os.environ, "TMPDIR": str(temporary)}
    held = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables, text=True)
        for _ in range(2)
    ]
    paths = []
    for each in held:
        assert each.stdout is not None
        paths.append(Path(each.stdout.readline().strip()))
    dead, living = held
    os.kill(dead.pid, signal.SIGKILL)
    dead.wait()
    young = TemporaryFolder()
    assert [path.exists() for path in paths] == [True, True], "one that is so young may not have its lock yet"
    monkeypatch.setattr(temporary_folder, "SETTLED_S", 0.0)
    own = TemporaryFolder()
    assert [path.exists() for path in paths] == [False, True]
    assert young.path.exists()
    for folder in (own, young):
        folder.remove()
    living.communicate("\n")
    assert sorted(temporary.iterdir()) == [paths[1]], "nobody removed it, as after a kill"

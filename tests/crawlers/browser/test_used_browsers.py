"""A browser that has shown many pages, or holds too much memory, makes room for a new one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawlers.browser.browser_memory import memory_bytes
from crawlers.browser.chromium import launch
from crawlers.browser.page_handling import PageHandling
from processors.pages.outcome import Outcome
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.browser.browser_crawl import HOST, crawl
from tests.crawlers.recorder.running_recorder import RunningRecorder

HOLDS = """
import subprocess, sys
held = bytearray(b'x') * (30 << 20)
inner = "held = bytearray(b'x') * (50 << 20); print('ready', flush=True); input()"
child = subprocess.Popen([sys.executable, '-c', inner], stdin=subprocess.PIPE)
input()
child.communicate()
"""
PATHS = ("/one", "/two", "/three", "/four")


def test_memory_is_that_of_a_process_and_of_what_it_has_started() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert 80 << 20 < memory_bytes(process.pid) < 200 << 20
        process.communicate("\n")
    assert memory_bytes(process.pid) == 0


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    pages = {(HOST, path): Response(body=f"<h1>{path}</h1><p>Тэкст.</p>".encode()) for path in PATHS}
    with SampleSites(extra=pages) as running:
        yield running


@pytest.mark.browser
@pytest.mark.parametrize(
    ("limit", "value", "browsers"), [("MOST_PAGES", 2, 2), ("MOST_MEMORY_BYTES", 1, 4), ("MOST_PAGES", 100, 1)]
)
def test_used_browsers_are_replaced_between_pages_and_none_is_lost(
    sites: SampleSites,
    program: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
    browsers: int,
) -> None:
    launched: list[Any] = []

    async def counted(*arguments: Any) -> Any:
        launched.append(await launch(*arguments))
        return launched[-1]

    monkeypatch.setattr("crawlers.browser.session.launch", counted)
    monkeypatch.setattr(f"crawlers.browser.session.{limit}", value)
    recorder = RunningRecorder(tmp_path, connect_to=(sites.connect_to,), upstream_ca=sites.authority)
    urls = [f"https://{HOST}{path}" for path in PATHS]
    made = crawl(recorder, program, *urls, handling=PageHandling(renderings=frozenset()))
    assert [(visit.url, visit.outcome) for visit in made.visits] == [(url, Outcome.CONTENT) for url in urls]
    assert len(launched) == browsers
    assert not any(each.is_connected() for each in launched)

"""Crawls and parsers are forked from a process that knows no secret, and end with whoever wanted them."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.config.settings import Settings
from pipeline.crawl.fork_server import ForkServer, ForkServerGone
from pipeline.crawl.prepared_crawl import PreparedCrawl, PreparedCrawls
from pipeline.process.readers import PreparedParsers
from pipeline.supervise.processes import is_alive
from processors.pages.page import Page
from processors.parsing.parsers import OwnParsers
from processors.parsing.sandboxed_parsers import ConfinedParsers
from tests.pipeline.crawl.test_crawl_process import descendants, wait_until

USER_AGENT = Settings().user_agent
SECRET = "never-to-be-seen-" + "by-a-hostile-page"
ARTICLE = Page(
    url="https://naviny.pryklad.example/1",
    body="<!doctype html><html lang=be><title>Суд</title><h1>Суд</h1><p>Пачаўся разгляд справы.</p>".encode(),
    captured_at=datetime(2026, 12, 1, tzinfo=UTC),
    content_type="text/html; charset=utf-8",
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    monkeypatch.setenv("LETAPIS_S3_SECRET_KEY", SECRET)
    server = ForkServer(grace_s=3.0)
    yield server
    server.end()


@pytest.fixture
def crawl(server: ForkServer) -> Iterator[PreparedCrawl]:
    crawl = PreparedCrawl(server, chromium=None, user_agent=USER_AGENT, grace_s=3.0)
    wait_until(lambda: len(descendants(crawl.process.pid)) == 3)  # the crawl, its engine, its parsers
    yield crawl
    crawl.end()


def keeper_of(server: ForkServer) -> int:
    assert server._keeper is not None
    return server._keeper.pid


def memory_of(pid: int) -> bytes:
    """What a process has in the memory that it may write."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if found is not None and "[v" not in line:
                begin, end = (int(each, 16) for each in found.groups())
                memory.seek(begin)
                parts.append(memory.read(end - begin))
    return b"".join(parts)


def test_nothing_that_was_forked_has_a_secret_of_this_installation_in_its_memory(
    server: ForkServer, crawl: PreparedCrawl
) -> None:
    with ConfinedParsers(first=server.forked_parsers) as parsers:
        parsers.start()
        family = descendants(keeper_of(server))
        assert len(family) == 6, "server, keeper, crawl, engine, its parsers, the catalogue's parsers"
        assert [pid for pid in family if SECRET.encode() in memory_of(pid)] == []
    assert SECRET.encode() in memory_of(os.getpid()), "the search would find it"


def test_parsers_find_no_file_but_their_own_pipes(server: ForkServer, crawl: PreparedCrawl) -> None:
    with ConfinedParsers(first=server.forked_parsers) as parsers:
        parsers.start()
        (of_catalogue,) = (
            set(descendants(keeper_of(server)))
            - {*descendants(crawl.process.pid), crawl.process.pid}
            - {server_process(server)}
        )
        of_engine = descendants(crawl.process.pid)[-1]
        for pid in (of_catalogue, of_engine):
            files = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
            assert {each.partition(":")[0] for each in files} == {"pipe", os.devnull}
            assert len({each for each in files if each.startswith("pipe:")}) == 2


def server_process(server: ForkServer) -> int:
    (pid,) = Path(f"/proc/{keeper_of(server)}/task/{keeper_of(server)}/children").read_text().split()
    return int(pid)


def test_forked_parsers_read_what_others_read_and_are_replaced_where_a_page_ends_them(server: ForkServer) -> None:
    prepared = PreparedParsers(server.forked_parsers)
    prepared.prepare()
    parsers = prepared.take()
    assert parsers is not None
    expected = OwnParsers().read_page(ARTICLE, "news")
    with parsers:
        forked = parsers._worker._process
        assert forked is not None
        assert parsers.read_page(ARTICLE, "news") == expected
        os.kill(forked.process.pid, signal.SIGKILL)
        assert parsers.read_page(ARTICLE, "news") == expected
        assert parsers._worker._process is not forked
    prepared.end()


def test_parsers_that_are_closed_have_ended(server: ForkServer) -> None:
    with ConfinedParsers(first=server.forked_parsers) as parsers:
        parsers.start()
        assert parsers._worker._process is not None
        pid = parsers._worker._process.process.pid
        assert is_alive(pid)
    assert not is_alive(pid)


def test_without_the_server_crawls_are_started_afresh_and_it_is_not_started_again_at_once(
    server: ForkServer,
) -> None:
    prepared = PreparedCrawls(server, user_agent=USER_AGENT, grace_s=3.0)
    prepared.prepare()
    family = family_of(server, lambda found: len(found) == 5)

    os.kill(server_process(server), signal.SIGKILL)

    wait_until(lambda: not any(map(is_alive, family)))
    prepared.prepare()
    assert prepared.take(None) is None
    with pytest.raises(ForkServerGone):
        server.fork({"what": "parsers"}, [])
    prepared.end()


def test_all_that_was_forked_ends_with_the_server(server: ForkServer, crawl: PreparedCrawl) -> None:
    family = descendants(keeper_of(server))
    begun = time.monotonic()

    server.end()

    assert [pid for pid in family if is_alive(pid)] == []
    assert time.monotonic() - begun < 30, "it waited for a process that does not listen"


def family_of(server: ForkServer, whole: Callable[[list[int]], bool]) -> list[int]:
    wait_until(lambda: whole(descendants(keeper_of(server))))
    return descendants(keeper_of(server))

"""The fetcher reads what sites send through the real recorder, and reaches nothing without it."""

import asyncio
import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import scrapy
import uvloop
from scrapy.core.downloader.handlers import DownloadHandlers
from scrapy.exceptions import NotSupported
from scrapy.utils.test import get_crawler

from crawlers.engine.context import give_context
from crawlers.engine.download_handler import RecorderDownloadHandler
from crawlers.engine.settings import scrapy_settings
from crawlers.http_client import AddressNotAllowed, CrawlLimitReached, FetchedResponse, Fetcher, FetchFailed
from crawlers.model.job import CrawlLimits
from crawlers.recorder.proxy import RecorderAddress
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of
from tests.crawlers.spiders.spider_steps import context_for

pytestmark = pytest.mark.slow

SITE = "https://plain.example"
LONG = "Спіс спраў. ".encode() * 40_000


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    def page(body: bytes, *headers: tuple[str, str], **more: Any) -> Response:
        return Response(body=body, headers=headers, **more)

    pages = {
        "/": page(b"<p>hello</p>"),
        "/chunked": page(LONG, chunked=True),
        "/gzip": page(gzip.compress(LONG), ("Content-Encoding", "gzip")),
        "/none": page(b"", status=204),
    }
    extra = {(host, path): answer for host in ("plain.example", "other.example") for path, answer in pages.items()}
    with SampleSites(extra=extra) as running:
        yield running


@pytest.fixture
def record(sites: SampleSites, tmp_path: Path) -> Iterator[Callable[..., RunningRecorder]]:
    running: list[RunningRecorder] = []

    def start(**settings: Any) -> RunningRecorder:
        given: dict[str, Any] = {"connect_to": (sites.connect_to,), "upstream_ca": sites.authority}
        running.append(RunningRecorder(tmp_path, **(given | settings)))
        return running[-1]

    yield start
    for recorder in running:
        if not recorder.closed:
            recorder.close()


def ask(
    address: RecorderAddress, *urls: str, keep_bytes: int = 1 << 20, page_id: str = "0001"
) -> list[FetchedResponse]:
    """Fetch one after the other with one fetcher."""

    async def fetch_all() -> list[FetchedResponse]:
        fetcher = Fetcher(address, silence_s=20)
        try:
            return [
                await fetcher.fetch(url, [("User-Agent", "any")], page_id=page_id, keep_bytes=keep_bytes)
                for url in urls
            ]
        finally:
            await fetcher.close()

    return uvloop.run(fetch_all())


@pytest.mark.parametrize("path", ["/", "/chunked", "/gzip", "/none"])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_every_kind_of_body_is_read_to_its_end(
    record: Callable[..., RunningRecorder], scheme: str, path: str
) -> None:
    (answer,) = ask(record().address, f"{scheme}://plain.example{path}")
    expected = {"/": b"<p>hello</p>", "/chunked": LONG, "/gzip": gzip.compress(LONG, mtime=0), "/none": b""}[path]
    assert answer.cut is None
    assert answer.body is not None
    body = gzip.decompress(answer.body) if path == "/gzip" else answer.body
    assert body == (LONG if path == "/gzip" else expected)


def test_a_connection_serves_further_requests_to_the_same_host_and_page(
    record: Callable[..., RunningRecorder],
) -> None:
    recorder = record()
    ask(recorder.address, f"{SITE}/", f"{SITE}/chunked", f"{SITE}/none", f"{SITE}/")
    recorder.close()
    exchanges = recorder.sink.exchanges
    assert [exchange.url for exchange in exchanges] == [f"{SITE}/", f"{SITE}/chunked", f"{SITE}/none", f"{SITE}/"]
    assert {exchange.page_id for exchange in exchanges} == {"0001"}


def test_a_body_nobody_will_read_is_recorded_and_not_kept(record: Callable[..., RunningRecorder]) -> None:
    recorder = record()
    (answer,) = ask(recorder.address, f"{SITE}/chunked", keep_bytes=0)
    assert (answer.body, answer.length_bytes) == (None, len(LONG))
    recorder.close()
    (exchange,) = recorder.sink.exchanges
    assert exchange.response.payload_length == len(LONG)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_what_the_policy_refuses_is_told_as_refused(record: Callable[..., RunningRecorder], scheme: str) -> None:
    with pytest.raises(AddressNotAllowed, match="loopback"):
        ask(record(allowed=(), connect_to=()).address, f"{scheme}://127.0.0.1/")


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_limit_of_the_crawl_is_told_as_such(record: Callable[..., RunningRecorder], scheme: str) -> None:
    address = record(limits=CrawlLimits(bytes=1000)).address
    (cut,) = ask(address, f"{scheme}://plain.example/chunked")
    assert cut.cut is not None
    with pytest.raises(CrawlLimitReached, match="limit of 1000 bytes"):
        ask(address, f"{scheme}://other.example/")


def test_nothing_is_reached_when_the_recorder_is_gone(
    record: Callable[..., RunningRecorder], sites: SampleSites
) -> None:
    recorder = record()
    recorder.close()
    sites.forget_requests()
    for url in (f"{SITE}/", "http://plain.example/"):
        with pytest.raises(FetchFailed, match="the recorder cannot be reached"):
            ask(recorder.address, url)
    assert sites.requests_log == ()


def test_another_process_cannot_write_into_the_record_without_the_password(
    record: Callable[..., RunningRecorder],
) -> None:
    recorder = record()
    stranger = replace(recorder.address, password="guessed")
    with pytest.raises(FetchFailed, match="status 407"):
        ask(stranger, f"{SITE}/")
    recorder.close()
    assert recorder.sink.exchanges == []


class BarePipe:
    """A proxy that records nothing: it connects to the site and passes bytes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                engine, _ = self._listener.accept()
            except OSError:
                return
            engine.recv(1 << 16)
            engine.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            site = socket.create_connection(("127.0.0.1", self._port))
            for one, other in ((engine, site), (site, engine)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


def test_a_way_past_the_recorder_is_refused_although_the_site_is_genuine(
    record: Callable[..., RunningRecorder], sites: SampleSites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(sites.authority))  # the site's authority is trusted on this machine
    pipe = BarePipe(sites.port)
    sites.forget_requests()
    past = replace(record().address, port=pipe.port)
    with pytest.raises(FetchFailed, match="what answers is not the recorder"):
        ask(past, f"{SITE}/")
    pipe.close()
    assert sites.requests_log == ()


def handled(address: RecorderAddress, request: scrapy.Request) -> Any:
    """What Scrapy's one handler makes of a request."""

    async def download() -> Any:
        crawler = get_crawler(settings_dict=scrapy_settings(user_agent="any", limits=CrawlLimits()))
        give_context(crawler, context_for(address, []))
        handler = RecorderDownloadHandler(crawler)
        try:
            return await handler.download_request(request)
        finally:
            await handler.close()

    return asyncio.run(download())


@pytest.mark.parametrize("proxy", [None, "", "http://127.0.0.1:9", "direct"])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_meta_key_and_no_variable_leads_scrapy_past_the_recorder(
    record: Callable[..., RunningRecorder], monkeypatch: pytest.MonkeyPatch, scheme: str, proxy: str | None
) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.setenv(name, "*" if name.lower() == "no_proxy" else "http://127.0.0.1:9")
    recorder = record()
    url = f"{scheme}://plain.example/"
    meta = {
        "page_id": "0001",
        "proxy": proxy,
        "bindaddress": "127.0.0.1",
        "dont_proxy": True,
    }
    response = handled(recorder.address, scrapy.Request(url, meta=meta, headers={"Proxy-Authorization": "none"}))
    assert response.body == b"<p>hello</p>"
    recorder.close()
    assert [exchange.url for exchange in recorder.sink.exchanges] == [url]
    (exchange,) = recorder.sink.exchanges
    assert b"roxy-" not in block_of(exchange.request)


def test_other_schemes_have_no_way_at_all() -> None:
    crawler = get_crawler(settings_dict=scrapy_settings(user_agent="any", limits=CrawlLimits()))
    give_context(crawler, context_for(None, []))
    handlers = DownloadHandlers(crawler)
    for url in ("ftp://plain.example/", "file:///etc/passwd", "data:text/plain,hello", "s3://bucket/key"):
        with pytest.raises(NotSupported):
            asyncio.run(handlers.download_request_async(scrapy.Request(url)))

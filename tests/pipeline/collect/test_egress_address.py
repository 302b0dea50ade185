"""The address that sites see is asked of the page that the operator names, by the source's own egress profile."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from pipeline.collect.crawl_facts import address_in, collection_facts, egress_address
from pipeline.config.settings import Settings
from storage.ledger.crawl_facts import Fact


@contextmanager
def page_that_answers(content: str, status: str = "200 OK") -> Iterator[str]:
    """A page on loopback with this content."""
    ready, address = threading.Event(), ""
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = content.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async def listen() -> None:
        nonlocal address
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        ready.set()

    def serve() -> None:
        loop.run_until_complete(listen())
        loop.run_forever()

    serving = threading.Thread(target=serve)
    serving.start()
    assert ready.wait(10)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(loop.stop)
        serving.join()
        loop.close()


@pytest.fixture
def on_loopback(settings: Settings) -> Settings:
    return replace(settings, allow_addresses=("127.0.0.0/8",))


@pytest.mark.parametrize("content", ["192.0.2.7\n", '{"ip": "192.0.2.7"}', "<p>Your address: 192.0.2.7</p>"])
def test_the_one_address_in_the_answer_is_the_fact(on_loopback: Settings, content: str) -> None:
    with page_that_answers(content) as url:
        assert egress_address(replace(on_loopback, own_address_url=url), None) == Fact("192.0.2.7")


@pytest.mark.parametrize(
    ("content", "status"), [("hello", "200 OK"), ("192.0.2.7 192.0.2.8", "200 OK"), ("192.0.2.7", "403 Forbidden")]
)
def test_an_answer_that_does_not_say_it_leaves_the_address_unknown(
    on_loopback: Settings, content: str, status: str
) -> None:
    with page_that_answers(content, status) as url:
        fact = egress_address(replace(on_loopback, own_address_url=url), None)
    assert fact == Fact(None, f"direct; {url} answered {status[:3]} without exactly one address")


def test_a_page_that_cannot_be_asked_is_named_and_stops_nothing(on_loopback: Settings) -> None:
    facts = collection_facts(replace(on_loopback, own_address_url="http://127.0.0.1:9/"))
    fact = facts["egress_address"]
    assert fact.value is None
    assert fact.unknown_because is not None
    assert fact.unknown_because.startswith("direct; http://127.0.0.1:9/ could not be asked: ")


def test_nobody_is_asked_where_the_operator_names_no_page(settings: Settings) -> None:
    unknown = "direct; no outside service was asked which address that is"
    assert collection_facts(settings)["egress_address"] == Fact(None, unknown)


@pytest.mark.parametrize(
    ("answer", "address"),
    [
        ("2001:db8::7", "2001:db8::7"),
        ("ip=2001:DB8:0::7\nts=1764.2", "2001:db8::7"),
        ("192.0.2.7 (192.0.2.7)", "192.0.2.7"),
        ("at 12:30:05, version 1.2.3", None),
        ("192.0.2.300", None),
        ("", None),
    ],
)
def test_an_address_is_told_from_times_and_versions(answer: str, address: str | None) -> None:
    assert address_in(answer) == address

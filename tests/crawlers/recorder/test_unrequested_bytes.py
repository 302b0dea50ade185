"""What a site sends without being asked for it reaches no engine, and is kept as what it is."""

import asyncio
import base64
import hashlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright

from crawlers.browser.chromium import launch, open_context
from crawlers.http_client import Fetcher, FetchFailed
from crawlers.model.capture import Note, NoteKind
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from tests.crawlers.recorder.origin_server import Channel, Origin, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of, read_all, read_exactly

pytestmark = pytest.mark.slow

Start = Callable[..., RunningRecorder]
HI = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
ASKING = b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3


def request(path: bytes, fields: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET %s %s\r\nHost: site.example\r\n%s\r\n" % (path, version, fields)


def plainly(recorder: RunningRecorder, url: bytes, fields: bytes = b"") -> bytes:
    credentials = recorder.credentials()
    return b"GET %s HTTP/1.1\r\nHost: x\r\nProxy-Authorization: %s\r\n%s\r\n" % (url, credentials, fields)


def unsolicited(recorder: RunningRecorder) -> list[Note]:
    return [note for note in recorder.sink.notes if note.kind is NoteKind.UNSOLICITED]


class Switching:
    """A site that answers with ``sent`` and takes down whatever still comes."""

    def __init__(self, sent: bytes, behind: bytes = b"") -> None:
        self.sent = sent
        self.behind = behind
        self.got = b""
        self.over = threading.Event()

    def __call__(self, channel: Channel) -> bool:
        channel.send(self.sent)
        if self.behind:
            time.sleep(0.05)
            channel.send(self.behind)
        channel.sock.settimeout(20)
        while data := channel.receive():
            self.got += data
        self.over.set()
        return False


@pytest.mark.parametrize(
    ("asked", "answered", "version"),
    [
        (b"", SWITCH, b"HTTP/1.1"),
        (b"Upgrade: websocket\r\n", SWITCH, b"HTTP/1.1"),
        (b"Connection: upgrade\r\n", SWITCH, b"HTTP/1.1"),
        (ASKING, SWITCH, b"HTTP/1.0"),
        (b"Upgrade: h2c\r\nConnection: Upgrade\r\n", SWITCH.replace(b"websocket", b"h2c"), b"HTTP/1.1"),
        (ASKING, SWITCH.replace(b"websocket", b"h2c"), b"HTTP/1.1"),
        (ASKING, SWITCH.replace(b"Connection: Upgrade\r\n", b""), b"HTTP/1.1"),
        (ASKING, SWITCH.replace(b"Upgrade: websocket\r\n", b""), b"HTTP/1.1"),
        (ASKING, SWITCH.replace(b"HTTP/1.1", b"HTTP/1.0"), b"HTTP/1.1"),
        (ASKING + b"Sec-WebSocket-Key: " + KEY + b"\r\n", SWITCH, b"HTTP/1.1"),
        (
            ASKING + b"Sec-WebSocket-Key: " + KEY + b"\r\n",
            SWITCH.removesuffix(b"\r\n") + b"Sec-WebSocket-Accept: AAAALMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            b"HTTP/1.1",
        ),
    ],
)
def test_a_101_that_does_not_answer_its_request_switches_nothing(
    asked: bytes, answered: bytes, version: bytes, recorder: RunningRecorder, secure_origin: Origin
) -> None:
    site = Switching(answered, FORGED)
    secure_origin.handlers["/"] = site
    sock = recorder.tunnel("site.example:443")
    sock.sendall(request(b"/", asked, version))
    assert read_all(sock) == answered
    assert site.over.wait(20)
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert (exchange.status, block_of(exchange.response)) == (101, answered)
    assert exchange.problem is not None
    assert exchange.problem.startswith("not switched: ")
    assert [note.kind for note in recorder.sink.notes] == [NoteKind.UNSOLICITED]
    assert unsolicited(recorder)[0].content == FORGED
    assert site.got == b""


def test_a_101_that_answers_the_key_of_its_request_switches(
    recorder: RunningRecorder, secure_origin: Origin
) -> None:
    accepted = SWITCH.removesuffix(b"\r\n") + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"
    secure_origin.handlers["/"] = answer(accepted, b"\x81\x02hi", keep=False)
    sock = recorder.tunnel("site.example:443")
    sock.sendall(request(b"/", ASKING + b"Sec-WebSocket-Key: " + KEY + b"\r\n"))
    assert read_all(sock) == accepted + b"\x81\x02hi"
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert exchange.problem is None


@pytest.mark.parametrize("asked", [b"", ASKING], ids=["unasked", "asked"])
def test_after_a_101_on_a_shared_connection_no_request_of_the_engine_reaches_the_site(
    asked: bytes, start_recorder: Start, plain_origin: Origin
) -> None:
    """The next request on it would carry the recorder's password."""
    site = Switching(SWITCH)
    plain_origin.handlers["/"] = site
    other = Origin()
    other.handlers["/"] = answer(HI)
    rules = (f"a.example:80:127.0.0.1:{plain_origin.port}", f"b.example:80:127.0.0.1:{other.port}")
    recorder = start_recorder(connect_to=rules)
    sock = recorder.connect()
    sock.sendall(plainly(recorder, b"http://a.example/", asked))
    assert read_exactly(sock, len(SWITCH)) == SWITCH
    with_password = plainly(recorder, b"http://b.example/")
    try:
        sock.sendall(with_password)
        assert read_all(sock) == b""
    except ConnectionError:
        pass
    assert site.over.wait(20)
    recorder.close()
    other.close()
    assert site.got == b""
    assert base64.b64encode(b"page-1:").rstrip(b"=")[:6] not in plain_origin.log[0].request


def test_after_a_switch_nothing_but_masked_frames_reaches_the_site(
    recorder: RunningRecorder, secure_origin: Origin
) -> None:
    site = Switching(SWITCH)
    secure_origin.handlers["/"] = site
    hello = b"\x81\x85\x01\x02\x03\x04idool"
    sock = recorder.tunnel("site.example:443")
    sock.sendall(request(b"/", ASKING))
    assert read_exactly(sock, len(SWITCH)) == SWITCH
    sock.sendall(hello + plainly(recorder, b"http://other.example/"))
    assert read_all(sock) == b""
    assert site.over.wait(20)
    recorder.close()
    assert site.got == hello
    [note] = recorder.sink.notes
    assert note.details["cut"] == "cut where the engine sent something else than a WebSocket frame"


@pytest.mark.parametrize(
    "sent",
    [
        HI + FORGED,
        HI + b"\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nforged",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + FORGED,
    ],
)
@pytest.mark.parametrize("pause_s", [0.0, 0.1])
def test_what_follows_an_answer_never_answers_for_another_site(
    sent: bytes, pause_s: float, start_recorder: Start, plain_origin: Origin
) -> None:
    whole = (
        sent.removesuffix(FORGED)
        .removesuffix(b"\r\n" if sent == HI + b"\r\n" else b"")
        .removesuffix(b"forged" if b"204" in sent else b"")
    )
    behind = sent[len(whole) :]
    other = Origin()
    other.handlers["/"] = answer(HI.replace(b"hi", b"ho"))
    plain_origin.handlers["/"] = answer(*((sent,) if not pause_s else (whole, behind)), pause_s=pause_s)
    rules = (f"a.example:80:127.0.0.1:{plain_origin.port}", f"b.example:80:127.0.0.1:{other.port}")
    recorder = start_recorder(connect_to=rules)
    sock = recorder.connect()
    sock.sendall(plainly(recorder, b"http://a.example/") + plainly(recorder, b"http://b.example/"))
    got = read_exactly(sock, len(whole) + len(HI))
    assert got.startswith(whole)
    assert got[len(whole) :] in (b"", HI.replace(b"hi", b"ho"))
    time.sleep(2 * pause_s)
    recorder.close()
    other.close()
    assert block_of(recorder.sink.exchanges[0].response) == whole
    [note] = unsolicited(recorder)
    assert note.content == behind
    assert note.details["after_url"] == "http://a.example/"


def test_the_same_connection_is_not_asked_again_after_a_surplus(
    recorder: RunningRecorder, secure_origin: Origin
) -> None:
    secure_origin.handlers["/1"] = answer(HI + FORGED)
    secure_origin.handlers["/2"] = answer(HI)
    sock = recorder.tunnel("site.example:443")
    sock.sendall(request(b"/1") + request(b"/2"))
    assert read_all(sock) == HI
    recorder.close()
    assert [served.path for served in secure_origin.log] == ["/1"]
    assert [block_of(each.response) for each in recorder.sink.exchanges] == [HI]
    assert [note.content for note in unsolicited(recorder)] == [FORGED]


@pytest.mark.parametrize("tunnelled", [True, False])
def test_what_a_site_says_before_it_is_asked_answers_nothing(tunnelled: bool, start_recorder: Start) -> None:
    asked = threading.Event()
    got: list[bytes] = []

    def serve() -> None:
        sock, _ = listener.accept()
        sock.sendall(FORGED)
        asked.wait(20)
        got.append(sock.recv(1 << 16))
        sock.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        recorder = start_recorder(connect_to=(f"::127.0.0.1:{listener.getsockname()[1]}",))
        fields = b"Proxy-Recorder-Target: http://site.example/\r\n"
        if tunnelled:
            sock = recorder.tunnel("site.example:80", fields=fields, tls=False)
            assert read_all(sock) == b""
        else:
            sock = recorder.connect()
            sock.sendall(plainly(recorder, b"http://site.example/a"))
            assert read_exactly(sock, len(FORGED)) in (b"", FORGED)  # it may have been asked by then
        asked.set()
        recorder.close()
    if tunnelled:
        [note] = unsolicited(recorder)
        assert (note.content, note.details["after_url"]) == (FORGED, None)
        assert recorder.sink.exchanges == []


def test_an_engine_that_takes_an_answer_for_ended_gets_nothing_more_of_it(
    start_recorder: Start, plain_origin: Origin
) -> None:
    """Where a browser sees the end of an answer and the recorder does not, what still comes would answer for b."""
    begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    asked_for_more = threading.Event()

    def trickle(channel: Channel) -> bool:
        channel.send(begun)
        asked_for_more.wait(20)
        time.sleep(0.2)
        channel.send(FORGED)
        return False

    other = Origin()
    other.handlers["/"] = answer(HI)
    plain_origin.handlers["/"] = trickle
    rules = (f"a.example:80:127.0.0.1:{plain_origin.port}", f"b.example:80:127.0.0.1:{other.port}")
    recorder = start_recorder(connect_to=rules)
    sock = recorder.connect()
    sock.sendall(plainly(recorder, b"http://a.example/"))
    assert read_exactly(sock, len(begun)) == begun
    sock.sendall(plainly(recorder, b"http://b.example/"))
    asked_for_more.set()
    assert read_all(sock) == b""
    recorder.close()
    other.close()
    assert other.log == []
    [exchange] = recorder.sink.exchanges
    assert exchange.problem == "cut where the engine went on to its next request before the answer had ended"


@pytest.mark.parametrize(
    "sent",
    [
        b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="recorder"\r\nContent-Length: 2\r\n\r\nhi',
        b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n",
        b"\x00\x00HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("cut", [None, 12, 25])
def test_no_site_asks_a_browser_for_the_proxys_password(
    sent: bytes, cut: int | None, recorder: RunningRecorder, plain_origin: Origin
) -> None:
    plain_origin.handlers["/"] = answer(*((sent,) if cut is None else (sent[:cut], sent[cut:])), keep=False)
    sock = recorder.connect()
    sock.sendall(plainly(recorder, b"http://a.example/"))
    assert b"407" not in read_all(sock)
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert b"".join(exchange.interim) + block_of(exchange.response) == sent


def test_the_sample_of_the_specification_is_the_proof_of_its_key() -> None:
    digest = hashlib.sha1(KEY + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    assert base64.b64encode(digest) == ACCEPT


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_fetcher_is_told_that_a_site_switched_unasked(
    scheme: str, recorder: RunningRecorder, plain_origin: Origin, secure_origin: Origin
) -> None:
    origin = secure_origin if scheme == "https" else plain_origin
    origin.handlers["/"] = Switching(SWITCH, FORGED)

    async def fetch() -> None:
        fetcher = Fetcher(recorder.address)
        try:
            await fetcher.fetch(f"{scheme}://site.example/", [], page_id="1", keep_bytes=1000)
        finally:
            await fetcher.close()

    with pytest.raises(FetchFailed, match="status 101"):
        uvloop.run(fetch())


@pytest.mark.browser
def test_chromium_is_shown_nothing_it_did_not_ask_for_and_stays_known_to_the_recorder(
    start_recorder: Start, plain_origin: Origin, secure_origin: Origin, site_authority_file: Path
) -> None:
    found = find_chromium(Settings().chromium)
    if found is None:
        pytest.skip("no Chromium on this machine")
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<p>hi "
    forged = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>forged"
    asking = b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="recorder"\r\nContent-Length: 0\r\n\r\n'
    for origin in (plain_origin, secure_origin):
        origin.handlers |= {
            "/switch": Switching(SWITCH, forged),
            "/407": answer(asking, keep=False),
            "/more": answer(page + forged),
            "/page": answer(page, keep=False),
            "/favicon.ico": answer(b"HTTP/1.1 204 No Content\r\n\r\n", keep=False),
        }
    recorder = start_recorder(
        connect_to=(f":443:127.0.0.1:{secure_origin.port}", f":80:127.0.0.1:{plain_origin.port}"),
        upstream_ca=site_authority_file,
    )

    async def browse() -> list[tuple[str, str]]:
        shown = []
        async with async_playwright() as playwright:
            browser = await launch(playwright, recorder.address, found.program, "Letters/1")
            context = await open_context(browser, recorder.address, "0001", "Letters/1")
            for url in (
                f"{scheme}://site.example{path}"
                for scheme in ("http", "https")
                for path in ("/switch", "/407", "/more", "/page")
            ):
                tab = await context.new_page()
                try:
                    await tab.goto(url)
                    shown.append((url, await tab.content()))
                except PlaywrightError as error:
                    shown.append((url, str(error)))
            await browser.close()
        return shown

    shown = asyncio.run(browse())
    recorder.close()
    assert [url for url, content in shown if "forged" in content] == []
    assert [url for url, content in shown if "<p>hi" in content] == [
        f"{scheme}://site.example{path}" for scheme in ("http", "https") for path in ("/more", "/page")
    ]
    kept = {exchange.url: exchange.status for exchange in recorder.sink.exchanges}
    assert {kept[f"{scheme}://site.example/switch"] for scheme in ("http", "https")} == {101}
    assert {kept[f"{scheme}://site.example/407"] for scheme in ("http", "https")} == {407}
    password = base64.b64encode(f"0001:{recorder.address.password}".encode())
    assert all(password not in served.request for origin in (plain_origin, secure_origin) for served in origin.log)

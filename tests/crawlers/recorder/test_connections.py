"""Connections as engines and sites use them: kept, pipelined, shared between sites, upgraded, cut."""

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crawlers.model.capture import NoteKind
from crawlers.model.exchange import Truncation
from crawlers.model.job import CrawlLimits
from crawlers.recorder.websocket import frame_length
from tests.crawlers.recorder.origin_server import Channel, Origin, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of, read_all, read_exactly

pytestmark = pytest.mark.slow

Start = Callable[..., RunningRecorder]
HI = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def ask(path: bytes, fields: bytes = b"") -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: site.example\r\n%s\r\n" % (path, fields)


def in_proxy_form(recorder: RunningRecorder, url: bytes) -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: x\r\nProxy-Authorization: %s\r\n\r\n" % (url, recorder.credentials())


def test_requests_on_a_kept_connection_are_exchanges_of_their_own(
    recorder: RunningRecorder, secure_origin: Origin
) -> None:
    for number in range(3):
        secure_origin.handlers[f"/{number}"] = answer(HI.replace(b"hi", b"%02d" % number))
    sock = recorder.tunnel("site.example:443")
    for number in range(3):
        sock.sendall(ask(b"/%d" % number))
        assert read_exactly(sock, len(HI)).endswith(b"%02d" % number)
    sock.close()
    recorder.close()
    assert secure_origin.connections == 1
    assert [exchange.url for exchange in recorder.sink.exchanges] == [
        f"https://site.example/{n}" for n in range(3)
    ]
    assert [block_of(exchange.response)[-2:] for exchange in recorder.sink.exchanges] == [b"00", b"01", b"02"]


def test_a_page_asked_for_twice_is_kept_twice(recorder: RunningRecorder, secure_origin: Origin) -> None:
    """Not once per address and status: the second answer may say something else."""
    answers = [HI.replace(b"hi", said) for said in (b"hi", b"ho", b"ho")]

    def change(channel: Channel) -> bool:
        channel.send(answers[len(secure_origin.log) - 1])
        return True

    secure_origin.handlers["/"] = change
    sock = recorder.tunnel("site.example:443")
    for each in answers:
        sock.sendall(ask(b"/"))
        assert read_exactly(sock, len(HI)) == each
    recorder.close()
    assert [block_of(exchange.response) for exchange in recorder.sink.exchanges] == answers


def test_pipelined_requests_pair_with_their_answers(recorder: RunningRecorder, secure_origin: Origin) -> None:
    for number in range(4):
        secure_origin.handlers[f"/{number}"] = answer(HI.replace(b"hi", b"%02d" % number))
    sock = recorder.tunnel("site.example:443")
    sock.sendall(b"".join(ask(b"/%d" % number) for number in range(4)))
    read_exactly(sock, 4 * len(HI))
    recorder.close()
    assert [(each.url[-1], block_of(each.response)[-1:].decode()) for each in recorder.sink.exchanges] == [
        (str(number), str(number)) for number in range(4)
    ]


def test_one_plain_connection_of_an_engine_may_speak_with_several_sites(
    start_recorder: Start, plain_origin: Origin
) -> None:
    other = Origin()
    plain_origin.handlers["/"] = answer(HI)
    other.handlers["/"] = answer(HI.replace(b"hi", b"ho"))
    rules = (f"a.example:80:127.0.0.1:{plain_origin.port}", f"b.example:80:127.0.0.1:{other.port}")
    recorder = start_recorder(connect_to=rules)
    sock = recorder.connect()
    sock.sendall(b"".join(in_proxy_form(recorder, b"http://%s.example/" % name) for name in (b"a", b"b", b"a")))
    got = read_exactly(sock, 3 * len(HI))
    recorder.close()
    other.close()
    assert got == HI + HI.replace(b"hi", b"ho") + HI
    assert [exchange.url for exchange in recorder.sink.exchanges] == [
        "http://a.example/",
        "http://b.example/",
        "http://a.example/",
    ]
    assert plain_origin.connections == 1


def test_each_request_of_a_plain_connection_has_its_own_page_id(
    recorder: RunningRecorder, plain_origin: Origin
) -> None:
    plain_origin.handlers["/"] = answer(HI)
    sock = recorder.connect()
    for page in ("p1", "p2"):
        credentials = recorder.credentials(page)
        sock.sendall(b"GET http://a.example/ HTTP/1.1\r\nProxy-Authorization: %s\r\n\r\n" % credentials)
        read_exactly(sock, len(HI))
    recorder.close()
    assert [exchange.page_id for exchange in recorder.sink.exchanges] == ["p1", "p2"]


def test_the_password_never_reaches_a_site_even_through_a_tunnel(
    recorder: RunningRecorder, secure_origin: Origin
) -> None:
    secure_origin.handlers["/"] = answer(HI)
    sock = recorder.tunnel("site.example:443")
    sock.sendall(ask(b"/", b"proxy-authorization: " + recorder.credentials() + b"\r\n folded\r\nX: y\r\n"))
    read_exactly(sock, len(HI))
    recorder.close()
    assert secure_origin.log[0].request == ask(b"/", b"X: y\r\n")
    assert block_of(recorder.sink.exchanges[0].request) == ask(b"/", b"X: y\r\n")


def test_a_site_may_answer_before_it_has_read_the_whole_request(start_recorder: Start) -> None:
    recorder = start_recorder()
    refusal = b"HTTP/1.1 413 Too much\r\nContent-Length: 0\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        sock, _ = listener.accept()
        sock.recv(1 << 16)
        sock.sendall(refusal)
        time.sleep(0.2)
        sock.close()

    threading.Thread(target=serve, daemon=True).start()
    sock = recorder.connect()
    port = listener.getsockname()[1]
    sock.sendall(
        b"POST http://127.0.0.1:%d/ HTTP/1.1\r\nProxy-Authorization: %s\r\nContent-Length: 1000\r\n\r\nsome"
        % (port, recorder.credentials())
    )
    assert read_all(sock) == refusal
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert exchange.status == 413
    assert exchange.problem == "the answer came before the request had ended"
    assert block_of(exchange.request).endswith(b"\r\n\r\nsome")


def test_bytes_that_answer_no_request_are_kept_beside_and_reach_no_engine(
    recorder: RunningRecorder, plain_origin: Origin
) -> None:
    farewell = b"HTTP/1.1 408 Request Timeout\r\n\r\n"
    plain_origin.handlers["/"] = answer(HI, farewell, keep=False, pause_s=0.1)
    sock = recorder.connect()
    sock.sendall(in_proxy_form(recorder, b"http://a.example/"))
    assert read_all(sock) == HI
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert block_of(exchange.response) == HI
    [note] = recorder.sink.notes
    assert (note.kind, note.content) == (NoteKind.UNSOLICITED, farewell)


def test_a_websocket_passes_and_its_frames_are_kept(recorder: RunningRecorder, plain_origin: Origin) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    hello, echo = b"\x81\x85\x01\x02\x03\x04" + b"idool", b"\x81\x05hello"
    long = b"\x82\x7e\x01\x00" + b"z" * 256

    def speak(channel: Channel) -> bool:
        channel.send(switch + echo[:3])
        assert channel.receive() == hello
        channel.send(echo[3:] + long)
        return False

    plain_origin.handlers["/ws"] = speak
    sock = recorder.tunnel("site.example:80", tls=False)
    sock.sendall(ask(b"/ws", b"Upgrade: websocket\r\nConnection: Upgrade\r\n"))
    got = read_exactly(sock, len(switch) + 3)
    sock.sendall(hello)
    got += read_all(sock)
    recorder.close()

    assert got == switch + echo + long
    [exchange] = recorder.sink.exchanges
    assert exchange.url == "http://site.example/ws"
    assert (exchange.status, block_of(exchange.response)) == (101, switch)
    [note] = recorder.sink.notes
    assert note.kind is NoteKind.WEBSOCKET
    assert isinstance(note.content, bytes)
    rows = [json.loads(line) for line in note.content.splitlines()]
    assert [(row["from"], row["opcode"], row["final"]) for row in rows] == [
        ("engine", 1, True),
        ("site", 1, True),
        ("site", 2, True),
    ]


@pytest.mark.parametrize(
    ("start", "length"),
    [(b"\x81", None), (b"\x81\x05", 7), (b"\x81\x85", 11), (b"\x81\x7e\x01", None), (b"\x81\x7e\x01\x00", 260)],
)
def test_the_length_of_a_frame_is_told_by_its_head(start: bytes, length: int | None) -> None:
    assert frame_length(start) == length


def endless(channel: Channel) -> bool:
    channel.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    while True:
        channel.send(b"data: " + b"x" * 1000 + b"\n\n")
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("limits", "truncated"),
    [
        (CrawlLimits(exchange_seconds=0.5), Truncation.TIME),
        (CrawlLimits(seconds=0.5), Truncation.TIME),
        (CrawlLimits(exchange_bytes=5000), Truncation.LENGTH),
        (CrawlLimits(bytes=5000), Truncation.LENGTH),
    ],
)
def test_a_stream_that_never_ends_is_cut_and_marked(
    limits: CrawlLimits, truncated: Truncation, start_recorder: Start, plain_origin: Origin
) -> None:
    plain_origin.handlers["/"] = endless
    recorder = start_recorder(connect_to=(f"::127.0.0.1:{plain_origin.port}",), limits=limits)
    sock = recorder.connect()
    sock.sendall(in_proxy_form(recorder, b"http://a.example/"))
    got = read_all(sock)
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert exchange.truncated is truncated
    assert block_of(exchange.response) == got
    if truncated is Truncation.LENGTH:
        assert len(got) == 5000
    assert recorder.totals is not None
    assert recorder.totals.truncated == 1


def test_a_site_that_falls_silent_is_cut(start_recorder: Start, plain_origin: Origin) -> None:
    plain_origin.handlers["/"] = answer(b"HTTP/1.1 200 OK\r\n\r\nso far", pause_s=5.0)
    rule = f"::127.0.0.1:{plain_origin.port}"
    recorder = start_recorder(connect_to=(rule,), limits=CrawlLimits(idle_seconds=0.3))
    sock = recorder.connect()
    sock.sendall(in_proxy_form(recorder, b"http://a.example/"))
    assert read_all(sock).endswith(b"so far")
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert (exchange.truncated, exchange.problem) == (Truncation.TIME, "cut after 0.3 s of silence")


def test_beyond_a_limit_of_the_crawl_nothing_more_is_asked(start_recorder: Start, plain_origin: Origin) -> None:
    plain_origin.handlers["/"] = endless
    rule = f"::127.0.0.1:{plain_origin.port}"
    recorder = start_recorder(connect_to=(rule,), limits=CrawlLimits(bytes=2000))
    for _ in range(2):
        sock = recorder.connect()
        sock.sendall(in_proxy_form(recorder, b"http://a.example/"))
        read_all(sock)
    recorder.close()
    assert len(plain_origin.log) == 1
    [note] = recorder.sink.notes
    assert (note.outcome, note.reason) == (None, "the crawl's limit of 2000 bytes is reached")


def test_what_an_engine_gives_up_is_kept_as_far_as_it_came(
    recorder: RunningRecorder, plain_origin: Origin
) -> None:
    plain_origin.handlers["/"] = endless
    sock = recorder.connect()
    sock.sendall(in_proxy_form(recorder, b"http://a.example/"))
    read_exactly(sock, 3000)
    sock.close()
    deadline = time.monotonic() + 60
    while not recorder.sink.exchanges and time.monotonic() < deadline:
        time.sleep(0.02)
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert exchange.truncated is Truncation.UNSPECIFIED
    assert exchange.problem == "the engine ended the connection before the answer was whole"


def test_a_site_that_is_still_being_reached_is_let_go_when_the_engine_leaves(start_recorder: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        recorder = start_recorder(connect_to=(f"::127.0.0.1:{silent.getsockname()[1]}",))
        engine = recorder.connect()
        engine.sendall(
            b"CONNECT silent.example:443 HTTP/1.1\r\nHost: silent.example:443\r\n"
            b"Proxy-Authorization: %s\r\nProxy-Recorder-Target: https://silent.example/\r\n\r\n"
            % recorder.credentials()
        )
        silent.settimeout(60)
        site, _ = silent.accept()
        site.settimeout(10)  # the recorder itself would wait longer for the handshake
        engine.close()
        read_all(site)


def test_what_lasts_when_the_crawl_ends_is_kept_as_far_as_it_came(
    recorder: RunningRecorder, plain_origin: Origin
) -> None:
    plain_origin.handlers["/"] = endless
    sock = recorder.connect()
    sock.sendall(in_proxy_form(recorder, b"http://a.example/"))
    read_exactly(sock, 3000)
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert (exchange.truncated, exchange.problem) == (
        Truncation.UNSPECIFIED,
        "the crawl ended before the answer was whole",
    )


def test_a_sink_that_fails_ends_the_recorder_with_its_error(
    start_recorder: Start, plain_origin: Origin, tmp_path: Path
) -> None:
    class Full:
        def keep(self, item: object) -> None:
            raise OSError(28, "No space left on device")

    plain_origin.handlers["/"] = answer(HI)
    recorder = start_recorder(sink=Full(), connect_to=(f"::127.0.0.1:{plain_origin.port}",))
    sock = recorder.connect()
    sock.sendall(in_proxy_form(recorder, b"http://a.example/"))
    read_exactly(sock, len(HI))

    async def failure() -> None:
        await recorder.recorder.failed

    with pytest.raises(OSError, match="No space left"):
        recorder.run(failure())
    with pytest.raises(ConnectionRefusedError):
        recorder.connect()
    with pytest.raises(OSError, match="No space left"):
        recorder.close()


def test_sites_are_read_no_faster_than_captures_are_kept(start_recorder: Start, plain_origin: Origin) -> None:
    may_keep = threading.Event()
    kept: list[object] = []
    sent_mb = 0
    film_mb = 150

    class Slow:
        def keep(self, item: object) -> None:
            may_keep.wait(20)
            kept.append(item)

    def film(channel: Channel) -> bool:
        nonlocal sent_mb
        channel.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (film_mb << 20))
        for _ in range(film_mb):
            channel.sock.sendall(bytes(1 << 20))
            sent_mb += 1
        return True

    plain_origin.handlers.update({"/small": answer(HI), "/film": film})
    recorder = start_recorder(sink=Slow(), connect_to=(f"::127.0.0.1:{plain_origin.port}",))
    sock = recorder.connect()
    sock.sendall(in_proxy_form(recorder, b"http://a.example/small"))
    read_exactly(sock, len(HI))
    sock.sendall(in_proxy_form(recorder, b"http://a.example/film"))
    watching = threading.Thread(target=read_exactly, args=(sock, film_mb << 20))
    watching.start()
    sent_while_nothing_was_kept = -1
    while sent_mb != sent_while_nothing_was_kept:  # until the site cannot send any more
        sent_while_nothing_was_kept = sent_mb
        time.sleep(1.0)
    may_keep.set()
    watching.join(20)
    recorder.close()
    assert 20 < sent_while_nothing_was_kept < 60
    assert sent_mb == film_mb
    assert len(kept) == 2

"""How answers end, and what a record may say of it: whole, broken off, or nobody knows."""

import os
import socket
import struct
import threading
from collections.abc import Callable

import pytest

from crawlers.model.exchange import Truncation
from tests.crawlers.recorder.origin_server import Channel, Handler, Origin
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of, read_all, read_exactly

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNSAID = "closed without the TLS close notify, so that nothing says that the body is whole"
ASKING = b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n"


def ends(sent: bytes, end: Callable[[socket.socket], None], arrived: threading.Event) -> Handler:
    """Answers, waits until all of it has arrived at the engine, and ends the connection in a way of its own."""

    def handle(channel: Channel) -> bool:
        channel.send(sent)
        arrived.wait(20)
        end(channel.sock)
        return False

    return handle


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(sock.detach())


def without_a_word(sock: socket.socket) -> None:
    """FIN, and no close_notify where TLS is spoken."""
    os.close(sock.detach())


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
@pytest.mark.parametrize(
    ("head", "end", "of_secure", "of_plain"),
    [
        (HEAD, reset, (Truncation.DISCONNECT, None), (Truncation.DISCONNECT, None)),
        (HEAD, without_a_word, (None, UNSAID), (None, None)),
        (SIZED, reset, (Truncation.DISCONNECT, None), (Truncation.DISCONNECT, None)),
        (SIZED, without_a_word, (Truncation.DISCONNECT, None), (Truncation.DISCONNECT, None)),
        (CHUNKED + b"9\r\n", reset, (Truncation.DISCONNECT, None), (Truncation.DISCONNECT, None)),
        (CHUNKED + b"9\r\n", without_a_word, (Truncation.DISCONNECT, None), (Truncation.DISCONNECT, None)),
    ],
)
def test_what_broke_off_is_not_taken_for_whole(
    head: bytes,
    end: Callable[[socket.socket], None],
    of_secure: tuple[Truncation | None, str | None],
    of_plain: tuple[Truncation | None, str | None],
    secure: bool,
    recorder: RunningRecorder,
    secure_origin: Origin,
    plain_origin: Origin,
) -> None:
    sent, arrived = head + b"so far", threading.Event()
    (secure_origin if secure else plain_origin).handlers["/"] = ends(sent, end, arrived)
    sock = recorder.tunnel(f"site.example:{443 if secure else 80}", tls=secure)
    sock.sendall(ASKING)
    got = read_exactly(sock, len(sent))
    arrived.set()
    got += read_all(sock)
    recorder.close()
    assert got == sent
    [exchange] = recorder.sink.exchanges
    assert block_of(exchange.response) == sent
    assert (exchange.truncated, exchange.problem) == (of_secure if secure else of_plain)


def test_a_request_whose_body_waits_for_100_is_whole_and_so_is_the_100(
    start_recorder: Callable[..., RunningRecorder],
) -> None:
    go_on, final = b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    head, body = b"Host: site.example\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n", b"a=1&b=2"
    for_site = b"PUT / HTTP/1.1\r\n" + head
    got: list[bytes] = []

    def serve() -> None:
        sock, _ = listener.accept()
        got.append(read_exactly(sock, len(for_site)))
        sock.sendall(go_on)
        got.append(read_exactly(sock, len(body)))
        sock.sendall(final)
        sock.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        recorder = start_recorder(connect_to=(f"::127.0.0.1:{listener.getsockname()[1]}",))
        sock = recorder.tunnel("site.example:80", tls=False)
        sock.sendall(for_site)
        assert read_exactly(sock, len(go_on)) == go_on
        sock.sendall(body)
        assert read_all(sock) == final
        recorder.close()
    assert got == [for_site, body]
    [exchange] = recorder.sink.exchanges
    assert block_of(exchange.request) == for_site + body
    assert (exchange.interim, block_of(exchange.response)) == ((go_on,), final)
    assert (exchange.truncated, exchange.problem) == (None, None)

"""What somebody sends: on a real server, so that what it takes of a body can be counted."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from fastapi.routing import APIRoute
from starlette.types import Message, Receive, Scope, Send

from access.app import create_app
from access.forms import WRAPPING_BYTES
from access.routes.media import UPLOAD_LIMIT_BYTES
from tests.access.conftest import Filled, user_of_header
from tests.access.test_app import routes_of

CHUNK = b"x" * (1 << 20)
IN_SOCKETS_BYTES = 24 << 20
"""More than two sockets on loopback hold of what nobody reads (net.ipv4.tcp_rmem, tcp_wmem: 6 and 4 MB)."""

KNOWN = {"X-User": "analyst", "Sec-Fetch-Site": "same-origin"}
MULTIPART = "multipart/form-data; boundary=b"
FILE_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'


@dataclass
class Server:
    """The application behind uvicorn, and how many bytes of bodies it has taken in."""

    port: int = 0
    taken_bytes: int = 0
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def server(filled: Filled) -> Iterator[Server]:
    counted = Server()
    inner = create_app(lambda: filled.archive, user_of_header)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def counting() -> Message:
            message = await receive()
            counted.taken_bytes += len(message.get("body", b""))
            return message

        await inner(scope, counting, send)

    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(running.serve()), daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not running.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    counted.port = running.servers[0].sockets[0].getsockname()[1]
    yield counted
    running.should_exit = True
    thread.join(timeout=60)


@pytest.fixture(autouse=True)
def counted_anew(server: Server) -> None:
    server.taken_bytes = 0


@dataclass(frozen=True)
class Sent:
    """How much of a body left the client before it was answered or cut off, and the answer's head."""

    sent_bytes: int
    answer: str

    @property
    def status(self) -> int | None:
        return int(self.answer.split(" ")[1]) if self.answer else None


def send(
    server: Server,
    path: str,
    headers: dict[str, str],
    body: Iterator[bytes] | tuple[bytes, ...],
    *,
    method: str = "POST",
) -> Sent:
    """Send until the body ends, the server answers, or it hangs up."""
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        lines = [f"{method} {path} HTTP/1.1", "Host: archive.test", *(f"{n}: {v}" for n, v in headers.items())]
        client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        with contextlib.suppress(OSError):
            for part in body:
                client.sendall(part)
                sent += len(part)
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in answer and (more := client.recv(65536)):
                answer += more
    return Sent(sent, answer.decode("latin-1"))


def megabytes(number: int) -> Iterator[bytes]:
    return (CHUNK for _ in range(number))


def chunked(parts: Iterator[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


FRAMINGS: dict[str, tuple[dict[str, str], Callable[[], Iterator[bytes]]]] = {
    "with its length": ({"Content-Length": str(400 << 20)}, lambda: megabytes(400)),
    "chunked": ({"Transfer-Encoding": "chunked"}, lambda: chunked(megabytes(400))),
    "longer than it says": ({"Content-Length": "1000"}, lambda: megabytes(400)),
}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("path", ["/similar", "/judge"])
def test_nothing_is_read_of_what_a_stranger_sends(server: Server, path: str, framing: str) -> None:
    headers, body = FRAMINGS[framing]
    sent = send(server, path, {"Content-Type": MULTIPART, "Sec-Fetch-Site": "same-origin", **headers}, body())
    assert sent.status in (400, 401, None)  # 400: what follows is no request; None: cut off before the answer came
    assert server.taken_bytes == 0
    assert sent.sent_bytes <= IN_SOCKETS_BYTES


def test_a_stranger_is_answered_before_the_body(server: Server) -> None:
    headers = {"Content-Type": MULTIPART, "Content-Length": str(400 << 20)}
    sent = send(server, "/similar", headers, ())
    assert sent.status == 401
    assert "connection: close" in sent.answer.lower()


def test_no_route_reads_a_body_before_it_knows_the_user(server: Server, filled: Filled) -> None:
    """On whatever route, by whatever method, known or not."""
    app = create_app(lambda: filled.archive, user_of_header)
    routes: list[APIRoute] = routes_of(app)
    assert [route.path for route in routes if route.body_field is not None] == []
    for path in sorted({route.path for route in routes} | {"/nothing", "/api/nothing"}):
        for method in ("GET", "POST", "PUT", "PATCH"):
            sent = send(server, path, {"Content-Length": str(64 << 20)}, (), method=method)
            assert sent.status in (401, 404, 405), (method, path)
            assert "connection: close" in sent.answer.lower(), (method, path)
    assert server.taken_bytes == 0


@pytest.mark.parametrize(
    ("path", "limit_bytes"), [("/judge", WRAPPING_BYTES), ("/similar", UPLOAD_LIMIT_BYTES + WRAPPING_BYTES)]
)
def test_too_long_a_body_is_refused_by_its_length_alone(server: Server, path: str, limit_bytes: int) -> None:
    headers = {"Content-Type": MULTIPART, "Content-Length": str(limit_bytes + 1), **KNOWN}
    sent = send(server, path, headers, megabytes(400))
    assert sent.status in (400, 413, None)
    assert server.taken_bytes == 0
    assert send(server, path, headers, ()).status == 413


def test_what_comes_without_a_length_is_counted(server: Server) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked", **KNOWN}
    sent = send(server, "/judge", headers, chunked(megabytes(400)))
    assert sent.status in (413, None)
    assert server.taken_bytes <= WRAPPING_BYTES + (1 << 20)
    assert sent.sent_bytes <= IN_SOCKETS_BYTES


BOMBS = {
    "many files": b"".join(
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="%d"\r\n\r\nx\r\n' % n for n in range(4000)
    ),
    "many fields": b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%d"\r\n\r\nx\r\n' % n for n in range(4000)
    ),
    "a head without end": b'--b\r\nContent-Disposition: form-data; name="' + CHUNK,
    "heads without end": b"--b\r\n" + b"X-A: b\r\n" * 100_000,
    "a field as long as a file": b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + CHUNK * 3,
    "no boundary ever": CHUNK * 3,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_of_parts_is_refused_at_its_first_one_too_many(server: Server, bomb: str) -> None:
    headers = {"Content-Type": MULTIPART, "Content-Length": str(len(BOMBS[bomb]) + (32 << 20)), **KNOWN}
    sent = send(server, "/similar", headers, (BOMBS[bomb], *megabytes(32)))
    assert sent.status in (400, None)
    assert server.taken_bytes <= 4 << 20


@pytest.mark.parametrize("charset", ["idna", "undefined", "utf-7", "zlib", "no-such"])
def test_a_form_in_an_odd_charset_is_answered_in_words(server: Server, charset: str) -> None:
    field_ = b'--b\r\nContent-Disposition: form-data; name="reason"\r\n\r\n\xff+2AA-\x00\r\n--b--\r\n'
    headers = {"Content-Type": f"{MULTIPART}; charset={charset}", "Content-Length": str(len(field_)), **KNOWN}
    assert send(server, "/judge", headers, (field_,)).status in (400, 422)


def test_a_form_that_breaks_off_is_no_error_of_the_server(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"POST /similar HTTP/1.1\r\nHost: archive.test\r\nContent-Type: {MULTIPART}\r\nX-User: analyst\r\n"
    head += "Sec-Fetch-Site: same-origin\r\nContent-Length: 1000000\r\n\r\n"
    with caplog.at_level("ERROR"):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(head.encode() + FILE_HEAD + b"half of it")
            deadline = time.monotonic() + 60
            while server.taken_bytes == 0:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        answered = send(server, "/similar", KNOWN, (), method="GET")
    assert answered.status == 200
    assert caplog.records == []

"""What has no end is cut at a limit that has a name, costs no more than its length, and is kept up to there."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterator

import pytest

from crawlers.model.capture import Note, NoteKind
from crawlers.model.exchange import Truncation
from crawlers.recorder.client_connection import ClientConnection
from crawlers.recorder.http_messages import response_body
from crawlers.recorder.response_limits import MOST_BEFORE, MOST_BEFORE_BYTES, MOST_FRAMING_BYTES
from crawlers.recorder.websocket import MOST_FRAMES
from processors.http.framing import MessageFramer
from processors.http.head import MAX_HEAD_BYTES
from processors.pages.outcome import Outcome
from tests.crawlers.recorder.origin_server import Channel, Origin
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of, read_all
from tests.crawlers.recorder.test_websocket import content_of

pytestmark = pytest.mark.slow

HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
SHORT_HINT = b"HTTP/1.1 103\n\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
IN_ONE_READ = 1 << 20
"""More than a read of the event loop takes at once: what may come beyond a limit before it is noticed."""

ENDLESS = {
    "empty lines": (b"", b"\r\n" * 500, MOST_BEFORE_BYTES),
    "a head": (b"HTTP/1.1 200 OK\r\n", b"X-Field: value\r\n" * 60, MAX_HEAD_BYTES),
    "chunk extensions": (CHUNKED, b"1;%s\r\nx\r\n" % (b"e" * 1000), MOST_FRAMING_BYTES),
    "one chunk extension": (CHUNKED + b"1\r\nx\r\n1;", b"e" * 1000, MOST_FRAMING_BYTES),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X-Field: value\r\n" * 60, MOST_FRAMING_BYTES),
    "chunks of one byte": (CHUNKED, b"1\r\nx\r\n" * 150, MOST_FRAMING_BYTES),
}


class Flood:
    """A site that sends without end and takes down how much it was let to."""

    def __init__(self, begin: bytes, again: bytes) -> None:
        self.begin, self.again = begin, again

    def __call__(self, channel: Channel) -> bool:
        channel.sock.sendall(self.begin)
        for _ in itertools.count():
            channel.sock.sendall(self.again)
        return False


@pytest.fixture
def flooded(recorder: RunningRecorder, plain_origin: Origin) -> Iterator[Callable[..., bytes]]:
    """Ask a flooding site, and give what the engine got until its connection ended."""

    def ask(begin: bytes, again: bytes, fields: bytes = b"") -> bytes:
        plain_origin.handlers["/"] = Flood(begin, again)
        sock = recorder.tunnel("site.example:80", tls=False)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: site.example\r\n%s\r\n" % fields)
        got = read_all(sock)
        recorder.close()
        return got

    yield ask


@pytest.mark.parametrize("kind", ENDLESS)
def test_what_has_no_end_is_cut_and_kept_as_far_as_it_came(
    kind: str, flooded: Callable[..., bytes], recorder: RunningRecorder
) -> None:
    begin, again, limit = ENDLESS[kind]
    got = flooded(begin, again)
    [exchange] = recorder.sink.exchanges
    assert exchange.truncated is Truncation.LENGTH
    assert exchange.problem is not None
    assert exchange.problem.startswith("cut where ")
    kept = block_of(exchange.response)
    assert kept.startswith(begin + again[:100])
    assert limit < len(kept) <= limit + IN_ONE_READ
    assert got == kept


@pytest.mark.parametrize("hint", [HINT, SHORT_HINT])
def test_interim_answers_without_end_are_kept_and_are_no_response(
    hint: bytes, flooded: Callable[..., bytes], recorder: RunningRecorder
) -> None:
    got = flooded(hint, hint * 20)
    kept = [item for item in recorder.sink.items if not isinstance(item, Note)]
    notes = recorder.sink.notes
    if kept:  # cut within a head: what had come of it is the response
        [exchange] = recorder.sink.exchanges
        interim, rest, reason = list(exchange.interim), block_of(exchange.response), exchange.problem
        assert exchange.truncated is Truncation.LENGTH
    else:
        [note] = notes
        assert (note.kind, note.outcome) == (NoteKind.NO_RESPONSE, Outcome.UNREACHABLE)
        interim, rest, reason = note.details["interim_base64"], b"", note.reason
    assert MOST_BEFORE < len(interim) <= MOST_BEFORE + IN_ONE_READ // len(hint)
    assert reason is not None
    assert reason.startswith("cut where interim answers")
    assert got.startswith(hint * MOST_BEFORE)
    assert len(got) == len(interim) * len(hint) + len(rest)


def test_frames_without_end_are_cut(flooded: Callable[..., bytes], recorder: RunningRecorder) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    got = flooded(switch, b"\x8a\x00" * 5000, b"Upgrade: websocket\r\nConnection: Upgrade\r\n")
    [note] = recorder.sink.notes
    assert (note.kind, note.details["cut"]) == (NoteKind.WEBSOCKET, f"cut after {MOST_FRAMES} frames")
    assert MOST_FRAMES <= note.details["frames"] <= MOST_FRAMES + 1
    rows = [json.loads(line) for line in content_of(note).splitlines()]
    assert rows[0]["opcode"] == 10
    assert len(got) > 2 * MOST_FRAMES


def seconds_to_follow(piece: bytes, count: int) -> float:
    """The processor time that a framer takes for so many pieces; the least of three."""

    def once() -> float:
        framer = MessageFramer(response_body("GET"), b"HTTP/")
        began = time.process_time()
        for _ in range(count):
            framer.feed(piece)
        return time.process_time() - began

    return min(once() for _ in range(3))


@pytest.mark.parametrize("piece", [b"\r\n" * 50, HINT, SHORT_HINT, b"1"], ids=["empty", "hints", "short", "other"])
@pytest.mark.parametrize("in_one", [True, False])
def test_work_grows_as_bytes_do(piece: bytes, in_one: bool) -> None:
    """Sixteen times the bytes cost their square 256 times the work."""
    few, many = 1000, 16_000
    if in_one:
        short, long = seconds_to_follow(piece * few, 1), seconds_to_follow(piece * many, 1)
    else:
        short, long = seconds_to_follow(piece, few), seconds_to_follow(piece, many)
    assert long < 80 * max(short, 1e-4)


class Taken(asyncio.Transport):
    """An open connection to nobody."""

    def is_closing(self) -> bool:
        return False


@pytest.mark.parametrize("piece", [b"\r\n", b"X: y\r\n"], ids=["empty lines", "fields"])
def test_what_an_engine_sends_costs_no_more_than_its_length(piece: bytes, recorder: RunningRecorder) -> None:
    """Any program of this machine may connect, before it has said a password."""

    def once(count: int) -> float:
        side = ClientConnection(recorder.recorder._open_session())
        side.connection_made(Taken())
        side.data_received(b"GET http://a.example/ HTTP/1.1\r\n" if piece.strip() else piece)
        began = time.process_time()
        for _ in range(count):
            side.data_received(piece)
        return time.process_time() - began

    few, many = (min(once(count) for _ in range(3)) for count in (2000, 32_000))
    assert many < 80 * max(few, 1e-4)

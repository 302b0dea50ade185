"""WebSockets pass both ways; their handshake is an exchange, their frames are kept as they went over the wire."""

import asyncio
import base64
import hashlib
import json
import os
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from playwright.async_api import async_playwright

from crawlers.browser.chromium import launch, open_context
from crawlers.model.capture import Note, NoteKind
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from tests.crawlers.recorder.conftest import tls_of
from tests.crawlers.recorder.origin_server import Channel, Origin, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of, read_all, read_exactly

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
CLOSING = struct.pack(">H", 1000)


def frame(opcode: int, payload: bytes, *, final: bool = True, deflated: bool = False, mask: bytes = b"") -> bytes:
    """RFC 6455, section 5.2."""
    length = len(payload)
    marked = 0x80 if mask else 0
    if length < 126:
        head = bytes([marked | length])
    elif length < 1 << 16:
        head = bytes([marked | 126]) + struct.pack(">H", length)
    else:
        head = bytes([marked | 127]) + struct.pack(">Q", length)
    if mask:
        payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([final << 7 | deflated << 6 | opcode]) + head + mask + payload


def deflated(text: bytes) -> bytes:
    """RFC 7692, section 7.2.1."""
    squeeze = zlib.compressobj(wbits=-15)
    return (squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]


LETTERS = os.urandom(70_000)
FROM_SITE = (
    frame(TEXT, "першая ".encode(), final=False),
    frame(PING, b"are you there"),
    frame(0, "другая".encode()),
    frame(BINARY, LETTERS),
    frame(TEXT, deflated("сціснута".encode() * 90), deflated=True),
    frame(TEXT, b""),
)
MASK = b"\x01\x02\x03\x04"
FROM_ENGINE = (
    frame(TEXT, b"hello", mask=MASK),
    frame(BINARY, LETTERS[:65_536], mask=MASK, final=False),
    frame(0, LETTERS[65_536:], mask=MASK),
)

Opened = tuple[RunningRecorder, Origin, socket.socket]
Open = Callable[[Callable[[Channel], None]], socket.socket]


@pytest.fixture
def open_socket(recorder: RunningRecorder, secure_origin: Origin) -> Open:
    """A WebSocket to an origin that plays the given part after its handshake."""

    def begin(play: Callable[[Channel], None]) -> socket.socket:
        def speak(channel: Channel) -> bool:
            channel.send(SWITCH)
            play(channel)
            return False

        secure_origin.handlers["/ws"] = speak
        sock = recorder.tunnel("site.example:443")
        sock.sendall(
            b"GET /ws HTTP/1.1\r\nHost: site.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        )
        assert read_exactly(sock, len(SWITCH)) == SWITCH
        return sock

    return begin


def rows_of(recorder: RunningRecorder) -> list[dict[str, Any]]:
    [note] = recorder.sink.notes
    assert isinstance(note, Note)
    assert note.kind is NoteKind.WEBSOCKET
    return [json.loads(line) for line in content_of(note).splitlines()]


def content_of(note: Note) -> bytes:
    assert note.content is not None
    return note.content if isinstance(note.content, bytes) else b"".join(note.content.chunks())


def sent_by(sender: str, rows: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(row["frame_base64"]) for row in rows if row["from"] == sender)


def opcodes_of(sender: str, rows: list[dict[str, Any]]) -> list[tuple[int, bool, bool]]:
    return [(row["opcode"], row["final"], row["compressed"]) for row in rows if row["from"] == sender]


def test_frames_of_every_kind_are_kept_as_they_passed(recorder: RunningRecorder, open_socket: Open) -> None:
    got: list[bytes] = []

    def play(channel: Channel) -> None:
        got.append(read_exactly(channel.sock, len(b"".join(FROM_ENGINE))))
        for each in FROM_SITE:
            channel.send(each)

    sock = open_socket(play)
    sock.sendall(b"".join(FROM_ENGINE))
    assert read_all(sock) == b"".join(FROM_SITE)
    recorder.close()
    assert got == [b"".join(FROM_ENGINE)]
    rows = rows_of(recorder)
    assert sent_by("site", rows) == b"".join(FROM_SITE)
    assert sent_by("engine", rows) == b"".join(FROM_ENGINE)
    assert opcodes_of("site", rows) == [
        (TEXT, False, False),
        (PING, True, False),
        (0, True, False),
        (BINARY, True, False),
        (TEXT, True, True),
        (TEXT, True, False),
    ]
    assert opcodes_of("engine", rows) == [(TEXT, True, False), (BINARY, False, False), (0, True, False)]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    [exchange] = recorder.sink.exchanges
    assert (exchange.status, block_of(exchange.response), exchange.truncated) == (101, SWITCH, None)
    assert exchange.tls is not None


def test_frames_byte_by_byte_are_the_same_frames(recorder: RunningRecorder, open_socket: Open) -> None:
    small = (FROM_SITE[0], FROM_SITE[1], FROM_SITE[2])

    def play(channel: Channel) -> None:
        for byte in b"".join(small):
            channel.send(bytes([byte]))

    assert read_all(open_socket(play)) == b"".join(small)
    recorder.close()
    assert [base64.b64decode(row["frame_base64"]) for row in rows_of(recorder)] == list(small)


def test_a_frame_of_several_megabytes_is_kept_whole_in_parts(recorder: RunningRecorder, open_socket: Open) -> None:
    huge = frame(BINARY, bytes(5 << 20))

    def play(channel: Channel) -> None:
        channel.send(huge)
        channel.send(frame(CLOSE, CLOSING))

    assert read_all(open_socket(play)) == huge + frame(CLOSE, CLOSING)
    recorder.close()
    rows = rows_of(recorder)
    assert sent_by("site", rows) == huge + frame(CLOSE, CLOSING)
    assert [row["opcode"] for row in rows if row["opcode"] is not None] == [BINARY, CLOSE]
    assert len(rows) > 2


def test_closing_by_the_site_and_the_engines_answer_are_kept(recorder: RunningRecorder, open_socket: Open) -> None:
    answered = frame(CLOSE, CLOSING, mask=MASK)

    def play(channel: Channel) -> None:
        channel.send(frame(CLOSE, CLOSING))
        assert read_exactly(channel.sock, len(answered)) == answered

    sock = open_socket(play)
    assert read_exactly(sock, 4) == frame(CLOSE, CLOSING)
    sock.sendall(answered)
    assert read_all(sock) == b""
    recorder.close()
    assert [(row["from"], row["opcode"]) for row in rows_of(recorder)] == [("site", CLOSE), ("engine", CLOSE)]


def test_closing_by_the_engine_is_kept(recorder: RunningRecorder, open_socket: Open) -> None:
    ended = threading.Event()

    def play(channel: Channel) -> None:
        assert read_exactly(channel.sock, 8) == frame(CLOSE, CLOSING, mask=MASK)
        assert channel.receive() == b""
        ended.set()

    sock = open_socket(play)
    sock.sendall(frame(CLOSE, CLOSING, mask=MASK))
    sock.close()
    assert ended.wait(20)
    recorder.close()
    assert [(row["from"], row["opcode"]) for row in rows_of(recorder)] == [("engine", CLOSE)]
    assert recorder.sink.notes[0].details["cut"] is None


def test_a_site_that_dies_within_a_frame_leaves_what_had_come(
    recorder: RunningRecorder, open_socket: Open
) -> None:
    arrived = threading.Event()
    sent = frame(TEXT, b"whole") + frame(BINARY, LETTERS)[:1000]

    def play(channel: Channel) -> None:
        channel.send(sent)
        arrived.wait(20)
        channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, no FIN
        os.close(channel.sock.detach())

    sock = open_socket(play)
    assert read_exactly(sock, len(sent)) == sent
    arrived.set()
    assert read_all(sock) == b""
    recorder.close()
    rows = rows_of(recorder)
    assert [row["opcode"] for row in rows] == [TEXT, None]
    assert sent_by("site", rows) == sent


def test_a_crawl_that_ends_within_a_frame_leaves_what_had_come(
    recorder: RunningRecorder, open_socket: Open
) -> None:
    over = threading.Event()

    def play(channel: Channel) -> None:
        channel.send(frame(TEXT, b"whole") + frame(BINARY, LETTERS)[:1000])
        over.wait(20)

    sock = open_socket(play)
    sent = frame(TEXT, b"whole") + frame(BINARY, LETTERS)[:1000]
    assert read_exactly(sock, len(sent)) == sent
    recorder.close()
    over.set()
    assert sent_by("site", rows_of(recorder)) == sent
    assert recorder.sink.notes[0].details["cut"] == "the crawl ended before the answer was whole"


def test_frames_of_a_connection_that_lasts_are_kept_before_it_ends(
    recorder: RunningRecorder, open_socket: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlers.recorder.websocket.PART_SECONDS", 0.1)
    going_on = threading.Event()

    def play(channel: Channel) -> None:
        channel.send(FROM_SITE[0] + FROM_SITE[1][:3])
        going_on.wait(20)
        channel.send(FROM_SITE[1][3:] + FROM_SITE[2])

    sock = open_socket(play)
    while not recorder.sink.notes:  # bounded by the test's own time
        threading.Event().wait(0.02)
    [early] = recorder.sink.notes
    going_on.set()
    assert read_all(sock) == b"".join(FROM_SITE[:3])
    recorder.close()
    notes = [note for note in recorder.sink.notes if note.kind is NoteKind.WEBSOCKET]
    assert notes[0] is early
    assert (early.reason, early.details["first_frame"], early.details["frames"]) == (
        "1 frames after the handshake",
        1,
        1,
    )
    assert sum(note.details["frames"] for note in notes) == 3
    rows = [json.loads(line) for note in notes for line in content_of(note).splitlines()]
    assert [base64.b64decode(row["frame_base64"]) for row in rows] == list(FROM_SITE[:3])


def test_a_handshake_that_is_refused_is_an_exchange_like_any_other(
    recorder: RunningRecorder, secure_origin: Origin
) -> None:
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"
    secure_origin.handlers["/ws"] = answer(refusal)
    sock = recorder.tunnel("site.example:443")
    sock.sendall(b"GET /ws HTTP/1.1\r\nHost: site.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    assert read_exactly(sock, len(refusal)) == refusal
    recorder.close()
    assert [block_of(exchange.response) for exchange in recorder.sink.exchanges] == [refusal]
    assert recorder.sink.notes == []


PAGE = b"""<!doctype html><link rel=icon href=data:,><body><script>
const socket = new WebSocket('wss://site.example/ws'), got = [];
socket.binaryType = 'arraybuffer';
socket.onopen = () => { socket.send('prywitanne'); socket.send(new Uint8Array(70000)); };
socket.onmessage = message => {
  got.push(message.data.byteLength ?? message.data);
  if (got.length == 4) { document.body.textContent = JSON.stringify(got); socket.close(1000); }
};
socket.onclose = event => { document.body.dataset.state = event.code; };
</script>"""


class Conversing:
    """A site that speaks WebSocket, compression included, and remembers every byte after its handshake."""

    def __init__(self) -> None:
        self.received = b""
        self.handshake = b""

    def __call__(self, channel: Channel) -> bool:
        said = dict(line.split(b": ", 1) for line in channel.served.request.split(b"\r\n")[1:] if b": " in line)
        accept = base64.b64encode(hashlib.sha1(said[b"Sec-WebSocket-Key"] + GUID).digest())
        self.handshake = SWITCH.removesuffix(b"\r\n") + (
            b"Sec-WebSocket-Accept: " + accept + b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        )
        channel.send(self.handshake)
        for each in FROM_SITE:
            channel.send(each)
        while data := channel.receive():
            self.received += data
            if self.received[-8:-6] == bytes([0x80 | CLOSE, 0x80 | len(CLOSING)]):
                channel.send(frame(CLOSE, CLOSING))
                break
        return False


@pytest.fixture
def conversing(site_authority: trustme.CA) -> Iterator[tuple[Conversing, Origin]]:
    site, origin = Conversing(), Origin(tls_of(site_authority))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(PAGE)
    origin.handlers |= {"/": answer(head + PAGE), "/ws": site}
    yield site, origin
    origin.close()


@pytest.mark.browser
def test_what_chromium_and_a_site_say_to_each_other_is_kept_to_the_byte(
    conversing: tuple[Conversing, Origin], site_authority_file: Path, tmp_path: Path
) -> None:
    found = find_chromium(Settings().chromium)
    if found is None:
        pytest.skip("no Chromium on this machine")
    site, origin = conversing
    recorder = RunningRecorder(
        tmp_path, connect_to=(f"site.example:443:127.0.0.1:{origin.port}",), upstream_ca=site_authority_file
    )

    async def browse() -> str:
        async with async_playwright() as playwright:
            browser = await launch(playwright, recorder.address, found.program, "Letters/1")
            context = await open_context(browser, recorder.address, "0001", "Letters/1")
            tab = await context.new_page()
            await tab.goto("https://site.example/")
            await tab.wait_for_selector("[data-state='1000']", timeout=30_000)
            told = await tab.inner_text("body")
            await browser.close()
            return told

    assert json.loads(asyncio.run(browse())) == ["першая другая", 70_000, "сціснута" * 90, ""]
    recorder.close()
    rows = rows_of(recorder)
    assert sent_by("site", rows) == b"".join(FROM_SITE) + frame(CLOSE, CLOSING)
    assert sent_by("engine", rows) == site.received
    assert (TEXT, True, True) in opcodes_of("engine", rows)
    [handshake] = [each for each in recorder.sink.exchanges if each.status == 101]
    assert block_of(handshake.response) == site.handshake
    assert handshake.url == "https://site.example/ws"

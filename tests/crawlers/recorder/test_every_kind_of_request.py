"""A page that asks in every way that a page can: its WARC has what the server sent and got, to the byte."""

import base64
import hashlib
import json
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from warcio.archiveiterator import ArchiveIterator

from crawlers.browser.page_handling import PageHandling
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from storage.spool.spool import Spool
from tests.crawlers.browser.browser_crawl import crawl
from tests.crawlers.recorder.conftest import tls_of
from tests.crawlers.recorder.origin_server import Channel, Handler, Origin, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder
from tests.crawlers.recorder.test_websocket import CLOSE, CLOSING, GUID, SWITCH, TEXT, frame

pytestmark = pytest.mark.browser

HOST, OTHER = "site.example", "frames.site.example"
PAGE = f"""<!doctype html><meta charset=utf-8><title>Усе</title><link rel=icon href=/icon.png>
<link rel=stylesheet href=/style.css><link rel=preload as=fetch crossorigin href=/preloaded>
<script type=module src=/module.js></script>
<p>Старонка, якая просіць усім, чым умее.</p><img src=/picture.png srcset="/picture-2.png 1x">
<iframe src="https://{OTHER}/frame"></iframe><iframe srcdoc="<img src=/in-srcdoc.png>"></iframe>
<object data=/object.svg type=image/svg+xml></object><audio id=sound preload=auto src=/sound.wav></audio>
<script>
const ended = socket => new Promise(done => {{ socket.onclose = done; }});
const greeted = url => {{
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send('прывітанне');
  socket.onmessage = () => socket.close(1000);
  return ended(socket);
}};
const heard = worker => new Promise(done => {{ (worker.port || worker).onmessage = done; }});
const tries = [
  fetch('/posted', {{method: 'POST', body: new URLSearchParams({{a: '1', b: 'дзве'}})}}).then(r => r.text()),
  fetch('/form', {{method: 'POST', body: (() => {{ const f = new FormData(); f.append('x', 'y'); return f }})()}}),
  fetch('/head', {{method: 'HEAD'}}), fetch('/moved').then(r => r.text()), fetch('/nothing'),
  fetch('https://{OTHER}/crossing', {{method: 'PUT', headers: {{'X-Own': '1'}}, body: 'z'}}).then(r => r.text()),
  fetch('/range', {{headers: {{Range: 'bytes=2-4'}}}}).then(r => r.arrayBuffer()),
  fetch('/alive', {{keepalive: true, method: 'POST', body: 'k'}}),
  new Promise(done => {{
    const request = new XMLHttpRequest();
    request.open('GET', '/by-xhr'); request.onloadend = done; request.send();
  }}),
  new Promise(done => {{
    const events = new EventSource('/events');
    events.addEventListener('last', () => {{ events.close(); done(); }});
  }}),
  greeted('wss://{HOST}/socket'), heard(new Worker('/worker.js')), heard(new SharedWorker('/shared.js')),
  navigator.serviceWorker.register('/service.js').then(() => navigator.serviceWorker.ready),
  new Promise(done => {{ document.querySelector('#sound').onloadedmetadata = done; }}),
  new Promise(done => {{
    const jump = document.querySelector('#sound');
    jump.addEventListener('canplay', () => {{ jump.currentTime = 200; }}, {{once: true}});
    jump.addEventListener('seeked', done);
  }}),
];
navigator.sendBeacon('/beacon', 'кропка');
Promise.allSettled(tries).then(() => {{ document.title = 'Зроблена'; }});
</script>"""
WORKER = f"""const socket = new WebSocket('wss://{HOST}/worker-socket');
socket.onopen = () => socket.send('з работніка');
socket.onmessage = () => socket.close(1000);
socket.onclose = () => fetch('/from-worker').then(() => postMessage(1));"""
SHARED = "onconnect = event => fetch('/from-shared').then(() => event.ports[0].postMessage(1));"
SERVICE = "self.addEventListener('install', event => event.waitUntil(fetch('/from-service')));"
FRAME = "<img src=/in-frame.png><script>fetch('/from-frame')</script>"
RATE_HZ, SECONDS = 48_000, 210
SOUND = b"RIFF" + struct.pack("<I", 36 + RATE_HZ * SECONDS) + b"WAVEfmt "
SOUND += struct.pack("<IHHIIHH", 16, 1, 1, RATE_HZ, RATE_HZ, 1, 8) + b"data" + struct.pack("<I", RATE_HZ * SECONDS)
SOUND += bytes(range(128, 135)) * (RATE_HZ * SECONDS // 7)
"""A recording of ten megabytes: more than a browser loads of one that does not play."""

EVENTS = (b"retry: 900000\n\nid: 1\ndata: one\n\n", b"data: two\n\n", b"event: last\ndata: three\n\n")
OWN_PICTURES = ("/icon.png", "/picture-2.png", "/in-srcdoc.png", "/in-frame.png")


def sized(content: bytes, media_type: str, *fields: str, status: str = "200 OK") -> Handler:
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {media_type}", f"Content-Length: {len(content)}", *fields)
    return answer("\r\n".join((*lines, "", "")).encode() + content)


def sound(channel: Channel) -> bool:
    """The part that was asked for, as a site that serves media does."""
    asked = channel.served.request.lower().partition(b"\r\nrange: bytes=")[2].partition(b"\r\n")[0].decode()
    begin = int(asked.partition("-")[0] or 0)
    end = min(int(asked.partition("-")[2] or len(SOUND) - 1), len(SOUND) - 1)
    place = f"Content-Range: bytes {begin}-{end}/{len(SOUND)}"
    return bool(
        sized(SOUND[begin : end + 1], "audio/wav", "Accept-Ranges: bytes", place, status="206 Partial Content")(
            channel
        )
    )


def events(channel: Channel) -> bool:
    """A stream that goes on until the page has heard enough."""
    channel.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    for each in EVENTS:
        channel.send(each)
    channel.receive()
    return False


@dataclass
class Socket:
    """A WebSocket's server, with what went over it both ways after the handshake."""

    sent: bytes = b""
    received: bytes = b""
    over: threading.Event = field(default_factory=threading.Event)

    def __call__(self, channel: Channel) -> bool:
        lines = channel.served.request.split(b"\r\n")
        key = next(line.partition(b": ")[2] for line in lines if line.lower().startswith(b"sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        channel.send(SWITCH.removesuffix(b"\r\n") + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        while data := channel.receive():
            self.received += data
            answer_frame = frame(CLOSE, CLOSING) if self.sent else frame(TEXT, "і табе".encode())
            self.sent += answer_frame
            channel.sock.sendall(answer_frame)
            if len(self.sent) > len(answer_frame):
                break
        self.over.set()
        return False


@dataclass(frozen=True)
class Taken:
    """What a crawl of the page left in its WARC, beside what the server logged."""

    served: list[tuple[bytes, bytes]]
    recorded: list[tuple[bytes, bytes]]
    frames: dict[str, list[dict[str, Any]]]
    sockets: dict[str, Socket]
    info: dict[str, Any]
    paths: Counter[str]


@pytest.fixture(scope="module")
def taken(
    site_authority: trustme.CA, site_authority_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Taken]:
    found = find_chromium(Settings().chromium)
    if found is None:
        pytest.skip("no Chromium on this machine")
    folder = tmp_path_factory.mktemp("every-kind")
    origin = Origin(tls_of(site_authority))
    sockets = {f"https://{HOST}/socket": Socket(), f"https://{HOST}/worker-socket": Socket()}
    crossing = (f"Access-Control-Allow-Origin: https://{HOST}", "Access-Control-Allow-Headers: X-Own")
    js, text, html = "text/javascript", "text/plain", "text/html; charset=utf-8"
    origin.handlers |= {
        "/": sized(PAGE.encode(), html),
        "/style.css": sized(
            b"@import '/imported.css'; @font-face {font-family: f; src: url(/font.woff2)} p {font-family: f}",
            "text/css",
        ),
        "/imported.css": sized(b"body {background: url(/background.png)}", "text/css"),
        "/module.js": sized(b"import '/module-2.js'; import('/module-3.js');", js),
        "/module-2.js": sized(b"1;", js),
        "/module-3.js": sized(b"2;", js),
        "/object.svg": sized(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        "/frame": sized(FRAME.encode(), html),
        "/worker.js": sized(WORKER.encode(), js),
        "/shared.js": sized(SHARED.encode(), js),
        "/service.js": sized(SERVICE.encode(), js),
        "/sound.wav": sound,
        "/events": events,
        "/socket": sockets[f"https://{HOST}/socket"],
        "/worker-socket": sockets[f"https://{HOST}/worker-socket"],
        "/moved": sized(b"there", text, "Location: /moved-to", status="302 Found"),
        "/nothing": answer(b"HTTP/1.1 204 No Content\r\n\r\n"),
        "/head": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n"),
        "/range": sized(b"cde", text, "Content-Range: bytes 2-4/9", status="206 Partial Content"),
        "/crossing": sized(b"crossed", text, *crossing, "Access-Control-Allow-Methods: PUT"),
        "/font.woff2": sized(b"no font", "font/woff2"),
        **{
            path: sized(b"no picture " + path.encode(), "image/png") for path in (*OWN_PICTURES, "/background.png")
        },
        **{
            path: sized(path.encode(), text)
            for path in (
                *("/preloaded", "/posted", "/form", "/alive", "/by-xhr", "/beacon", "/moved-to"),
                *("/from-worker", "/from-shared", "/from-service", "/from-frame"),
            )
        },
    }
    spool = Spool(folder / "spool", "01JNKZ5V0000000000000000CR", {"software": "letapis/test"})
    recorder = RunningRecorder(
        folder, sink=spool, connect_to=(f":443:127.0.0.1:{origin.port}",), upstream_ca=site_authority_file
    )
    crawl(recorder, found.program, f"https://{HOST}/", handling=PageHandling(renderings=frozenset()))
    [file] = spool.close()
    origin.close()
    with file.path.open("rb") as stream:
        records = [
            (record.rec_headers, record.raw_stream.read())
            for record in ArchiveIterator(stream, no_record_parse=True)
        ]
    responses = {head["WARC-Record-ID"]: block for head, block in records if head["WARC-Type"] == "response"}
    uri = "WARC-Target-URI"
    yield Taken(
        served=[(each.request, bytes(each.sent)) for each in origin.log],
        recorded=[
            (block, responses[head["WARC-Concurrent-To"]])
            for head, block in records
            if head["WARC-Type"] == "request" and head["WARC-Concurrent-To"] in responses
        ],
        frames={
            head[uri].removeprefix("urn:websocket:"): [json.loads(line) for line in block.splitlines()]
            for head, block in records
            if (head[uri] or "").startswith("urn:websocket:")
        },
        sockets=sockets,
        info=next(json.loads(block) for head, block in records if (head[uri] or "").startswith("urn:pageinfo:")),
        paths=Counter(each.path for each in origin.log),
    )


def test_everything_that_can_ask_has_asked(taken: Taken) -> None:
    expected = {"/", "/style.css", "/imported.css", "/background.png", "/font.woff2", "/module.js"}
    expected |= {"/module-2.js", "/module-3.js", "/object.svg", "/frame", "/worker.js", "/shared.js"}
    expected |= {"/service.js", "/sound.wav", "/events", "/socket", "/worker-socket", "/moved", "/moved-to"}
    expected |= {"/nothing", "/head", "/range", "/crossing", "/preloaded", "/posted", "/form", "/alive"}
    expected |= {"/by-xhr", "/beacon", "/from-worker", "/from-shared", "/from-service", "/from-frame"}
    expected |= set(OWN_PICTURES)
    assert set(taken.paths) == expected
    assert taken.paths["/sound.wav"] > 1, "the page should have jumped within its sound"
    assert taken.paths["/crossing"] == 2, "another site should be asked for leave before"


def test_requests_and_responses_of_the_warc_are_those_of_the_servers_log(taken: Taken) -> None:
    assert Counter(request for request, _ in taken.recorded) == Counter(request for request, _ in taken.served)
    left = Counter(taken.served) - Counter(taken.recorded)
    assert {request.split(b" ")[1] for request, _ in left} <= {b"/sound.wav"}, "a browser may leave media early"
    for request, sent in left:
        [begun] = [response for asked, response in taken.recorded if asked == request]
        assert sent.startswith(begun)
        assert begun.startswith(b"HTTP/1.1 206 ")


def test_frames_of_websockets_are_those_of_the_servers_log(taken: Taken) -> None:
    assert set(taken.frames) == set(taken.sockets)
    for url, socket in taken.sockets.items():
        assert socket.sent
        for sender, passed in (("site", socket.sent), ("engine", socket.received)):
            rows = [row for row in taken.frames[url] if row["from"] == sender]
            assert b"".join(base64.b64decode(row["frame_base64"]) for row in rows) == passed


def test_the_page_lists_each_with_its_outcome(taken: Taken) -> None:
    listed = {each["url"].replace("wss:", "https:"): each for each in taken.info["resources"]}
    unlisted = {(each["method"], each["url"]) for each in taken.info["unlisted"]}
    outcomes = {url.partition(".example")[2]: each["outcome"] for url, each in listed.items()}
    media = {path: outcomes.pop(path) for path in ("/sound.wav", "/events")}
    assert set(outcomes.values()) == {"recorded"}, outcomes
    assert media["/events"] in ("recorded", "cut")
    assert media["/sound.wav"] == "recorded"
    reasons = {url: each["reason"] for url, each in listed.items() if each["reason"] is not None}
    sound_url = f"https://{HOST}/sound.wav"
    cut = Counter(taken.served) - Counter(taken.recorded)
    assert (sound_url in reasons) == bool(cut)
    assert f"of its {taken.paths['/sound.wav']} responses were cut" in reasons.pop(sound_url, "") or not cut
    assert set(reasons) <= {f"https://{HOST}/events"}
    assert unlisted == {("OPTIONS", f"https://{OTHER}/crossing"), ("GET", f"https://{HOST}/from-shared")}
    assert set(taken.paths) == set(outcomes) | set(media) | {"/from-shared"}

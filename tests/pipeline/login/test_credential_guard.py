"""What passes the guard of a crawl with a login, and what is sealed apart: single captures, without a browser."""

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawlers.model.capture import Captured, Note, NoteKind, Rendering, RenderingKind
from crawlers.model.exchange import Exchange, Message
from pipeline.login import credential_guard
from pipeline.login.credential_guard import CredentialGuard
from pipeline.login.kept_apart import KeptApart, kept_of_crawl, new_crawl_key
from pipeline.login.profiles import ProfileStore
from pipeline.login.secret_values import SecretValues, forms_of, is_searched, values_of_state
from processors.digest import sha256
from processors.http.head import head_end
from processors.pages.outcome import Outcome
from storage.ledger.commitments import opens

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
SESSION = "Xy7-session/value+0815=="
CRAWL = "01M8M8D8BMRCE8V734AMJ3K1FN"


def message(block: bytes) -> Message:
    end = head_end(block) or 0
    return Message(block, end, sha256(block), sha256(block[end:]), len(block) - end)


def exchange(request: bytes, response: bytes, url: str = "https://board.test/", **more: Any) -> Exchange:
    given = {"status": 200, "media_type": "text/html", "content_encoding": None, "protocol": "http/1.1"}
    times = {"started_at": AT, "first_byte_at": AT, "ended_at": AT}
    where = {"crawl_id": CRAWL, "page_id": "p1", "peer_ip": "192.0.2.1", "peer_port": 443}
    return Exchange(
        url=url, request=message(request), response=message(response), **{**given, **times, **where, **more}
    )


class Guarded:
    """A guard, what passed it, and what it kept apart."""

    def __init__(self, folder: Path) -> None:
        self.passed: list[Captured] = []
        self.withheld: list[str] = []
        self.store = ProfileStore(folder / "login", folder / "keys" / "login.keys")
        self.store.keys(make=True)
        key, path = new_crawl_key(self.store, CRAWL)
        self.path = path
        self.values = SecretValues({"cookies": [{"name": "session", "value": SESSION}], "origins": []})
        self._kept = KeptApart(path, key, CRAWL)
        self.guard = CredentialGuard(
            self, self.values, self._kept, lambda url, sentence: self.withheld.append(f"{url}: {sentence}")
        )

    def keep(self, item: Captured) -> None:
        self.passed.append(item)

    def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in kept_of_crawl(self.store, CRAWL)]

    def shown(self) -> bytes:
        return b"".join(repr(each).encode() for each in self.passed)


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    return Guarded(tmp_path)


def block_of(message: Message) -> bytes:
    assert isinstance(message.block, bytes)
    return message.block


def test_credentials_in_heads_are_covered_and_their_commitments_open(guarded: Guarded) -> None:
    request = f"GET /?s={SESSION} HTTP/1.1\r\nHost: board.test\r\nCookie: session={SESSION}; a=b\r\n\r\n".encode()
    response = b"HTTP/1.1 200 OK\r\nset-cookie: renewed=Abcd-1234-efgh; Path=/\r\nContent-Length: 2\r\n\r\nok"

    guarded.guard.keep(exchange(request, response, f"https://board.test/?s={SESSION}"))

    [kept] = guarded.passed
    assert isinstance(kept, Exchange)
    assert kept.url == "https://board.test/?s=" + "*" * len(SESSION)
    sent, came = block_of(kept.request), block_of(kept.response)
    assert (len(sent), len(came)) == (len(request), len(response))
    assert came == b"HTTP/1.1 200 OK\r\nset-cookie: %s\r\nContent-Length: 2\r\n\r\nok" % (b"*" * 30)
    assert (kept.response.block_digest, kept.response.payload_digest) == (sha256(came), sha256(b"ok"))
    assert [(span.message, span.what) for span in kept.redacted] == [
        ("request", "value"),
        ("request", "cookie"),
        ("response", "set-cookie"),
    ]
    [row] = guarded.rows()
    for span, opened in zip(kept.redacted, row["spans"], strict=True):
        whole = request if span.message == "request" else response
        assert opened["value"].encode("latin-1") == whole[span.offset : span.offset + span.length]
        assert opens(span.commitment, opened["salt"], span.what, opened["value"])
    assert not guarded.values.are_in(guarded.shown())


def test_a_value_that_an_answer_gives_is_searched_for_from_then_on(guarded: Guarded) -> None:
    first = b"HTTP/1.1 200 OK\r\nSet-Cookie: k=Qwer-9876-tzui\r\nContent-Length: 2\r\n\r\nok"
    again = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nQwer-9876-tzui"

    guarded.guard.keep(exchange(b"GET / HTTP/1.1\r\n\r\n", first))
    guarded.guard.keep(exchange(b"GET / HTTP/1.1\r\n\r\n", again))

    assert [type(each).__name__ for each in guarded.passed] == ["Exchange", "Note"]
    assert guarded.withheld == [
        "https://board.test/: the answer was withheld: a value of the login profile stands in it"
    ]


BODIES = {
    "plain": (SESSION.encode(), ()),
    "percent": (b"a=Xy7-session%2Fvalue%2B0815%3D%3D", ()),
    "json": (rb'{"a": "Xy7-session\/value+0815=="}', ()),
    "gzip": (gzip.compress(SESSION.encode()), (b"Content-Encoding: gzip",)),
    "chunks": (b"8\r\nXy7-sess\r\n10\r\nion/value+0815==\r\n0\r\n\r\n", (b"Transfer-Encoding: chunked",)),
    "base64": (base64.b64encode(b"user:" + SESSION.encode()), ()),
    "tokens": (b'{"access_token": "never-seen-before-1"}', ()),
    "token with escapes": (rb'{"access_token": "never\/seen\/before-1"}', ()),
    "percent, small digits": (b"a=Xy7-session%2fvalue%2b0815%3d%3d", ()),
    "percent, some letters": (b"a=Xy7-session/value%2B0815==", ()),
    "percent, twice": (b"a=Xy7-session%252Fvalue%252B0815%253D%253D", ()),
    "json, escapes": (rb'{"a": "Xy7-session/value\u002b0815\u003D\u003d"}', ()),
    "json in json": (rb'{"a": "{\"b\": \"Xy7-session\\/value+0815\\u003d\\u003d\"}"}', ()),
    "script": (rb"var a = 'Xy7-session\x2fvalue\x2B0815\x3D\x3d'", ()),
    "html, numbers": (b"<i a='Xy7-session&#47;value&#043;0815&#x3D;&#x3d;'>", ()),
    "html, names": (b"<i a='Xy7-session&sol;value&plus;0815&equals;&equals;'>", ()),
    "unknown coding": (b"\0\1\2", (b"Content-Encoding: zz",)),
    "damaged": (gzip.compress(b"harmless")[:-12], (b"Content-Encoding: gzip",)),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_with_a_value_or_that_cannot_be_read_is_sealed_apart_whole(name: str, guarded: Guarded) -> None:
    body, fields = BODIES[name]
    request = b"GET / HTTP/1.1\r\nCookie: session=%s\r\n\r\n" % SESSION.encode()
    response = b"\r\n".join((b"HTTP/1.1 200 OK", *fields)) + b"\r\n\r\n" + body

    guarded.guard.keep(exchange(request, response))

    [note] = guarded.passed
    assert isinstance(note, Note)
    assert (note.kind, note.outcome) == (NoteKind.NO_RESPONSE, Outcome.REFUSED_BY_POLICY)
    row, *parts = guarded.rows()
    assert b"".join(base64.b64decode(part["base64"]) for part in parts) == request + response
    assert row["request_length"] == len(request)
    assert SESSION.encode() not in guarded.path.read_bytes()


def test_a_token_in_the_address_a_server_leads_to_is_covered_and_searched_for(guarded: Guarded) -> None:
    token = b"Never-Seen-7781-before"
    onward = b"HTTP/1.1 302 Found\r\nLocation: https://board.test/back#state=1&access_token=%s\r\n\r\n" % token
    shown = b"HTTP/1.1 200 OK\r\n\r\n<p>%s" % token

    guarded.guard.keep(exchange(b"GET /authorize HTTP/1.1\r\n\r\n", onward, status=302))
    guarded.guard.keep(exchange(b"GET /back HTTP/1.1\r\n\r\n", shown))

    assert [type(each).__name__ for each in guarded.passed] == ["Exchange", "Note"]
    assert token not in guarded.shown()


def test_a_request_that_carries_a_value_in_its_body_is_withheld(guarded: Guarded) -> None:
    request = b"POST / HTTP/1.1\r\nContent-Length: 24\r\n\r\n" + SESSION.encode()

    guarded.guard.keep(exchange(request, b"HTTP/1.1 204 No Content\r\n\r\n"))

    assert [type(each).__name__ for each in guarded.passed] == ["Note"]


def rendering(kind: RenderingKind, content: bytes) -> Rendering:
    return Rendering("p1", "https://board.test/", kind, "text/plain", content, AT, "Chromium 1")


def test_where_the_dom_shows_a_value_no_picture_of_the_page_is_kept_and_the_next_page_is(guarded: Guarded) -> None:
    info = json.dumps({"url": f"https://board.test/?{SESSION}"}).encode()
    for each in (
        rendering(RenderingKind.DOM, f"<p>{SESSION}".encode()),
        rendering(RenderingKind.FULL_PAGE, b"\x89PNG"),
        rendering(RenderingKind.PAGEINFO, info),
        rendering(RenderingKind.DOM, b"<p>nothing"),
        rendering(RenderingKind.FULL_PAGE, b"\x89PNG"),
    ):
        guarded.guard.keep(each)

    kinds = [each.kind for each in guarded.passed if isinstance(each, Rendering)]
    assert kinds == [RenderingKind.PAGEINFO, RenderingKind.DOM, RenderingKind.FULL_PAGE]
    assert not guarded.values.are_in(guarded.shown())
    assert [row["kind_of"] for row in guarded.rows() if row["what"] == "rendering"] == ["dom", "fullPage"]


def test_a_value_that_looks_like_a_key_of_ours_breaks_no_account_of_a_page(guarded: Guarded) -> None:
    guarded.values.add('"resources": [', "by_service_worker", "https://board.test/?Token-4711")
    info = {"urls": {"https://board.test/?Token-4711": {"status": 200}}, "resources": ["by_service_worker"]}

    guarded.guard.keep(rendering(RenderingKind.PAGEINFO, json.dumps(info).encode()))

    [kept] = guarded.passed
    assert isinstance(kept, Rendering)
    assert json.loads(kept.content) == {"urls": {"*" * 30: {"status": 200}}, "resources": ["*" * 17]}


def test_a_value_in_a_part_of_an_mhtml_file_is_found_behind_its_encoding(guarded: Guarded) -> None:
    split = SESSION.replace("=", "=3D")
    part = f"{split[:9]}=\r\n{split[9:]}"
    mhtml = (
        'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n'
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{part}\r\n--b--\r\n"
    )

    guarded.guard.keep(rendering(RenderingKind.MHTML, mhtml.encode()))

    assert [type(each).__name__ for each in guarded.passed] == ["Note"]


def test_notes_show_neither_requests_credentials_nor_frames(guarded: Guarded) -> None:
    request = b"GET / HTTP/1.1\r\nCookie: session=%s\r\n\r\n" % SESSION.encode()
    interim = base64.b64encode(b"HTTP/1.1 103 Early\r\nSet-Cookie: a=%s\r\n\r\n" % SESSION.encode()).decode()
    details = {"interim_base64": [interim], "peer_ip": "192.0.2.1"}
    lost = Note(NoteKind.NO_RESPONSE, "p1", "https://board.test/", AT, "lost", details=details, request=request)
    frames = replace(
        lost, kind=NoteKind.WEBSOCKET, details={}, request=None, content=b"masked", content_type="a/b"
    )

    guarded.guard.keep(lost)
    guarded.guard.keep(frames)

    first, second = guarded.passed
    assert isinstance(first, Note)
    assert isinstance(second, Note)
    assert first.request == b"GET / HTTP/1.1\r\nCookie: %s\r\n\r\n" % (b"*" * (len(SESSION) + 8))
    [shown] = first.details["interim_base64"]
    assert base64.b64decode(shown).startswith(b"HTTP/1.1 103 Early\r\nSet-Cookie: ****")
    assert (second.content, "withheld" in second.details["content"]) == (None, True)
    opened = [(span["message"], span["value"]) for span in guarded.rows()[0]["spans"]]
    assert opened == [("interim 0", f"a={SESSION}"), ("request", f"session={SESSION}")]


def test_what_a_notes_own_request_gives_is_covered_in_its_details_too(guarded: Guarded) -> None:
    request = b"GET / HTTP/1.1\r\nCookie: k=Qwer-9876-tzui\r\n\r\n"
    details = {"error": "reset at /?k=Qwer-9876-tzui"}

    guarded.guard.keep(
        Note(NoteKind.NO_RESPONSE, "p1", "https://board.test/", AT, "lost", details=details, request=request)
    )

    assert b"Qwer" not in guarded.shown()


@pytest.mark.parametrize(("coding", "kept"), [(None, "Exchange"), ("gzip", "Note")])
def test_long_media_are_read_in_pieces_but_not_behind_a_content_coding(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, coding: str | None, kept: str
) -> None:
    monkeypatch.setattr(credential_guard, "MOST_READ_BYTES", 1000)
    response = b"HTTP/1.1 200 OK\r\n\r\n" + b"\0" * 2000

    guarded.guard.keep(
        exchange(b"GET / HTTP/1.1\r\n\r\n", response, media_type="video/mp4", content_encoding=coding)
    )

    assert [type(each).__name__ for each in guarded.passed] == [kept]


def test_what_stands_everywhere_is_not_searched_for() -> None:
    assert [is_searched(each) for each in ("1", "en-US", "accepted", "Ab3dEf6h", "a" * 16, "x" * 20_000)] == [
        *(False, False, False, True, True, False)
    ]


def states() -> Iterator[tuple[dict[str, Any], set[str]]]:
    stored = json.dumps({"user": {"token": "tok-1234567890abcdef", "name": "ann"}, "theme": "dark"})
    storage = [{"name": "auth", "value": stored}, {"name": "seen", "value": "https://board.test/page-1/2026"}]
    database = [{"name": "db", "stores": [{"records": [{"value": {"refresh": "ref-abcdef0123456789"}}]}]}]
    yield (
        {"cookies": [], "origins": [{"localStorage": storage, "indexedDB": database}]},
        {"tok-1234567890abcdef", "ref-abcdef0123456789"},
    )


@pytest.mark.parametrize(("state", "values"), list(states()))
def test_tokens_in_the_browsers_storage_are_values_too(state: dict[str, Any], values: set[str]) -> None:
    assert set(values_of_state(state)) == values


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("length", range(8, 24))
def test_base64_is_searched_wherever_the_value_begins(before: int, length: int) -> None:
    value = "Zx9-" * 6
    written = base64.b64encode(b"y" * before + value[:length].encode() + b"z" * 5)

    assert any(form in written for form in forms_of(value[:length]) if form != value[:length].encode())

"""Asks for things over the wire, through the recorder and no other way.

A plain HTTP/1.1 client with one address to connect to: the recorder's. TLS trusts the crawl's own authority alone,
so that whatever answers without being the recorder is refused. In: a URL, header fields, the page id that the
recorder files the exchange under. Out: ``FetchedResponse``. Raises ``FetchFailed`` and its kinds. What was on the
wire is the recorder's to keep; here bytes are only read, and a body nobody will read is dropped piece by piece.
"""

import asyncio
import base64
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from crawlers.recorder.http_messages import response_body
from crawlers.recorder.proxy import RecorderAddress
from crawlers.recorder.proxy_responses import NONCE_FIELD, TARGET_FIELD, read_own_answer
from processors.http.body import Body, NoBody
from processors.http.framing import MessageFramer
from processors.http.head import head_value, read_head, status_of
from processors.pages.outcome import Outcome

Headers = Sequence[tuple[str, str]]

READ_BYTES = 1 << 16
OWN_ANSWER_BYTES = 4096
"""Kept of every answer, so that the recorder is understood when it speaks in its own name."""

IDLE_S = 20.0
"""How long an unused connection is kept: servers close theirs after 5 to 75 seconds."""


@dataclass(frozen=True, slots=True)
class FetchedResponse:
    """A response as far as it came. ``body`` has transfer-encoding removed and content-encoding kept.

    ``body`` is None where more bytes came than were to be kept. ``cut`` says why the
    message is shorter than announced.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    length_bytes: int
    cut: str | None = None


class FetchFailed(Exception):
    """No response came. ``outcome`` and ``reason`` are what to make of the visit."""

    outcome = Outcome.UNREACHABLE

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AddressNotAllowed(FetchFailed):
    """The recorder's policy does not allow the address; asking again is of no use."""

    outcome = Outcome.REFUSED_BY_POLICY


class CrawlLimitReached(FetchFailed):
    """A limit of the crawl was reached; nothing more is to be asked for."""


class BrowserMissing(FetchFailed):
    """There is no Chromium that starts; the operator installs one (``letapis doctor`` says how)."""


class PageNotRendered(FetchFailed):
    """Chromium shows no page; the text is its own word for why."""


class StaleConnection(FetchFailed):
    """A kept connection had ended before the first byte of the answer; a new one may do."""


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = field(default=0.0)

    def close(self) -> None:
        self.writer.close()


_Key = tuple[str, str, int, str]


class Fetcher:
    """Fetches through one recorder; keeps connections for the next request to the same host and page id.

    ``silence_s`` bounds the wait for each next byte; how long a whole exchange may last the recorder decides.
    """

    def __init__(self, recorder: RecorderAddress, *, silence_s: float = 90.0) -> None:
        self._recorder = recorder
        self._silence_s = silence_s
        self._idle: dict[_Key, list[_Connection]] = {}
        self._trust = ssl.create_default_context(cadata=recorder.authority_pem)
        self._trust.set_alpn_protocols(["http/1.1"])

    async def fetch(
        self,
        url: str,
        headers: Headers,
        *,
        page_id: str,
        keep_bytes: int,
        method: str = "GET",
        content: bytes = b"",
    ) -> FetchedResponse:
        """Ask once; the answer's body is kept up to ``keep_bytes``, and read to its end either way."""
        parts = urlsplit(url)
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host or not host.isascii():
            raise FetchFailed(f"{url} is not a web address")
        secure = parts.scheme == "https"
        key = (parts.scheme, host, parts.port or (443 if secure else 80), page_id)
        # Cut out rather than put together: an empty query is a query, and its mark is asked for.
        target = url.partition("#")[0][len(parts.scheme) + len("://") + len(parts.netloc) :]
        target = target if target.startswith("/") else f"/{target}"
        # What a caller says to proxies would reach the recorder, or past it the site.
        own = [(name, value) for name, value in headers if not name.lower().startswith("proxy-")]
        fields = [("Host", parts.netloc.rpartition("@")[2]), *own]
        nonce = secrets.token_hex(16)
        if not secure:
            target = f"http://{fields[0][1]}{target}"
            fields += self._to_recorder(url, page_id, nonce)
        request = _request_head(method, target, fields, content) + content
        connection, reused = await self._connection(key, url)
        try:
            try:
                return await self._exchange(key, connection, request, method, keep_bytes, nonce)
            except StaleConnection:
                if not reused:
                    raise
                connection.close()
                connection = await self._connect(key, url)
                return await self._exchange(key, connection, request, method, keep_bytes, nonce)
        except BaseException:
            connection.close()
            raise

    async def close(self) -> None:
        """Let go of every kept connection."""
        for kept in self._idle.values():
            for connection in kept:
                connection.close()
        self._idle.clear()

    def _to_recorder(self, url: str, page_id: str, nonce: str) -> list[tuple[str, str]]:
        """Fields that end at the recorder: the page id and the URL, so that it can explain why there is no
        response.

        ``nonce`` is a number used once, which the recorder's own answer has to prove that it knows.
        """
        credentials = base64.b64encode(f"{page_id}:{self._recorder.password}".encode()).decode()
        return [("Proxy-Authorization", f"Basic {credentials}"), (TARGET_FIELD, url), (NONCE_FIELD, nonce)]

    async def _connection(self, key: _Key, url: str) -> tuple[_Connection, bool]:
        kept = self._idle.get(key, [])
        now = asyncio.get_running_loop().time()
        while kept:
            connection = kept.pop()
            if now - connection.idle_since < IDLE_S and not connection.reader.at_eof():
                return connection, True
            connection.close()
        return await self._connect(key, url), False

    async def _connect(self, key: _Key, url: str) -> _Connection:
        scheme, host, port, page_id = key
        try:
            reader, writer = await asyncio.open_connection(self._recorder.host, self._recorder.port)
        except OSError as error:
            raise FetchFailed(f"the recorder cannot be reached: {error}") from error
        connection = _Connection(reader, writer)
        if scheme == "http":
            return connection
        try:
            await self._open_tunnel(connection, host, port, url, page_id)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _open_tunnel(self, connection: _Connection, host: str, port: int, url: str, page_id: str) -> None:
        nonce = secrets.token_hex(16)
        fields = self._to_recorder(url, page_id, nonce)
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        connection.writer.write(_request_head("CONNECT", place, [("Host", place), *fields], b""))
        framer = MessageFramer(_tunnel_body, b"HTTP/")
        while not framer.done:
            data = await self._read(connection)
            if not data:
                break
            framer.feed(data)
        status = status_of(read_head(framer.head))
        if status is None:
            raise FetchFailed("the recorder closed the connection")
        if not 200 <= status[0] < 300:
            own = _own_failure(framer.head, b"".join(framer.payload), self._recorder.proof_key, nonce)
            raise own or FetchFailed(f"the recorder opens no tunnel: status {status[0]}")
        try:
            await connection.writer.start_tls(self._trust, server_hostname=host)
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise FetchFailed(f"what answers is not the recorder: {error}") from error
        except OSError as error:
            raise FetchFailed(f"the connection ended before it was secured: {error}") from error

    async def _read(self, connection: _Connection) -> bytes:
        try:
            async with asyncio.timeout(self._silence_s):
                return await connection.reader.read(READ_BYTES)
        except TimeoutError as error:
            raise FetchFailed(f"no byte for {self._silence_s:.0f} s") from error

    async def _exchange(
        self, key: _Key, connection: _Connection, request: bytes, method: str, keep_bytes: int, nonce: str
    ) -> FetchedResponse:
        connection.writer.write(request)
        framer = MessageFramer(response_body(method), b"HTTP/")
        kept: bytearray | None = bytearray()
        keep_bytes = max(keep_bytes, OWN_ANSWER_BYTES)
        payload_bytes = 0
        cut: str | None = None
        while not framer.done:
            try:
                data = await self._read(connection)
            except OSError as error:
                data, cut = b"", f"the connection broke: {error}"
            if not data:
                framer.close()
                break
            framer.feed(data)
            for piece in framer.payload:
                payload_bytes += len(piece)
                if kept is not None:
                    kept += piece
                    kept = kept if len(kept) <= keep_bytes else None
            framer.payload.clear()
            framer.pieces.clear()
        if not framer.head:
            if framer.length == 0:
                raise StaleConnection(cut or "the connection ended without an answer")
            raise FetchFailed(framer.problem or "the connection ended within the head of the answer")
        head = read_head(framer.head)
        status = status_of(head)
        if status is None:
            raise FetchFailed(f"the answer is not HTTP: {head.start_line[:80]!r}")
        if status[0] == HTTPStatus.SWITCHING_PROTOCOLS:
            raise FetchFailed("the site switched to another protocol (status 101), which was not asked for")
        if not framer.done and not framer.until_close and cut is None:
            cut = "the connection ended before the announced end"
        if framer.done and cut is None and _may_stay(head.fields):
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.setdefault(key, []).append(connection)
        else:
            connection.close()
        plain = key[0] == "http"
        own = _own_failure(framer.head, bytes(kept or b""), self._recorder.proof_key, nonce) if plain else None
        if own is not None:
            raise own
        body = bytes(kept) if kept is not None else None
        return FetchedResponse(status[0], status[1], head.fields, body, payload_bytes, cut or framer.problem)


def _request_head(method: str, target: str, fields: Headers, content: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise FetchFailed("a line end within a header field")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _tunnel_body(head: bytes) -> Body | None:
    """A tunnel that opens has no body; a refusal has one like any response."""
    status = status_of(read_head(head))
    return NoBody() if status is not None and 200 <= status[0] < 300 else response_body("GET")(head)


def _may_stay(fields: Headers) -> bool:
    options = (head_value(tuple(fields), "connection") or "").lower()
    return "close" not in [word.strip() for word in options.split(",")]


def _own_failure(head: bytes, content: bytes, proof_key: str, nonce: str) -> FetchFailed | None:
    """What the recorder says in its own name; None where the response is the site's."""
    own = read_own_answer(read_head(head).fields, content, proof_key, nonce)
    if own is None:
        return None
    if own.outcome is None:
        return CrawlLimitReached(own.reason)
    return AddressNotAllowed(own.reason) if own.outcome is Outcome.REFUSED_BY_POLICY else FetchFailed(own.reason)

"""One exchange while it lasts: what has gone to the site, what has come back, and when.

Lives in the event loop and follows both messages on a copy of their bytes; what has gathered goes to the writer in
good time, and when the exchange ends, the writer builds the ``Exchange`` to keep.
"""

import time
from dataclasses import dataclass

from crawlers.model.exchange import Exchange, TlsFacts, Truncation
from crawlers.recorder.http_messages import coding_of, media_type_of, request_body, response_body
from crawlers.recorder.session import Session, moment
from crawlers.recorder.writer_thread import MessageBuffer
from processors.http.framing import MessageFramer
from processors.http.head import read_head, status_of

FLUSH_BYTES = 128 << 10
"""So much gathers in the event loop before the writer gets it."""
CLOSED_UNANNOUNCED = "closed without the TLS close notify, so that nothing says that the body is whole"


@dataclass(frozen=True, slots=True)
class Peer:
    """The site's end of a connection."""

    ip: str | None
    port: int
    tls: TlsFacts | None


class OpenExchange:
    """A request on its way and its response. Raises ``ValueError`` on a request whose body's end cannot be
    told."""

    def __init__(self, session: Session, method: str, url: str, page_id: str | None, head: bytes) -> None:
        self.url = url
        self.page_id = page_id
        self.request_head = head
        self.request = MessageFramer(request_body)
        self.response = MessageFramer(response_body(method), b"HTTP/")
        self.started_ns = time.time_ns()
        self.first_byte_ns: int | None = None
        self.last_byte_ns = self.started_ns
        self._session = session
        self._request_buffer = MessageBuffer(session.writer.folder)
        self._response_buffer = MessageBuffer(session.writer.folder)
        self._unflushed = 0
        self.request.feed(head)

    @property
    def done(self) -> bool:
        """Whether both messages have come to their end."""
        return self.response.done and self.request.done

    @property
    def status(self) -> int | None:
        """The status of the response; None while its head has not ended, and where it has none."""
        status = status_of(read_head(self.response.head.partition(b"\n")[0]))
        return None if status is None else status[0]

    @property
    def answered(self) -> bool:
        """Whether any byte of a response has come, 1xx responses aside."""
        return self.response.length > 0 or self.response.partial_head

    def sent(self, data: bytes) -> bytes:
        """Follow bytes of the request's body; returns what belongs to the next request."""
        rest = self.request.feed(data)
        self._flush(self.request, self._request_buffer, len(data))
        return rest

    def received(self, data: bytes) -> bytes:
        """Follow bytes of the response; returns what does not belong to it."""
        self.last_byte_ns = time.time_ns()
        if self.first_byte_ns is None:
            self.first_byte_ns = self.last_byte_ns
        rest = self.response.feed(data)
        self._flush(self.response, self._response_buffer, len(data))
        return rest

    def _flush(self, framer: MessageFramer, buffer: MessageBuffer, length: int) -> None:
        self._unflushed += length
        if self._unflushed < FLUSH_BYTES:
            return
        pieces, framer.pieces = framer.pieces, []
        payload, framer.payload = framer.payload, []
        self._session.writer.submit(lambda: buffer.add(pieces, payload), self._unflushed)
        self._unflushed = 0

    def keep(self, peer: Peer, truncated: Truncation | None, problem: str | None) -> None:
        """The exchange has ended: have it kept. ``problem`` adds to what the messages themselves show."""
        ended_ns = self.last_byte_ns
        request, response = self.request, self.response
        session = self._session

        def build() -> Exchange:
            self._request_buffer.add(request.pieces, request.payload)
            self._response_buffer.add(response.pieces, response.payload)
            head = read_head(response.head)
            status = status_of(head)
            return Exchange(
                crawl_id=session.crawl_id,
                page_id=self.page_id,
                url=self.url,
                request=self._request_buffer.message(len(request.head), has_payload=request.has_body),
                response=self._response_buffer.message(len(response.head)),
                status=None if status is None else status[0],
                media_type=media_type_of(head),
                content_encoding=coding_of(head),
                protocol="http/0.9" if status is None else head.start_line.split(maxsplit=1)[0].lower(),
                started_at=moment(self.started_ns),
                first_byte_at=moment(self.first_byte_ns or ended_ns),
                ended_at=moment(ended_ns),
                peer_ip=peer.ip,
                peer_port=peer.port,
                tls=peer.tls,
                interim=tuple(response.before),
                truncated=truncated,
                problem=problem or response.problem or request.problem,
            )

        request.close()
        response.close()
        session.keep_exchange(build, self._unflushed, truncated=truncated is not None)

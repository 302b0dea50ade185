"""Relays the bytes of an engine and one site over one connection, and cuts them into exchanges.

One request is under way at a time. Of the site's bytes only those that belong to its answer go to the engine;
what comes besides is kept as a fact and ends the connection. When either side ends, or a limit is reached, what
was under way is kept and marked. After a protocol switch that this request asked for (WebSocket) bytes pass both
ways and are kept as frames.
"""

import asyncio
from collections import deque

from crawlers.model.exchange import Truncation
from crawlers.recorder.client_events import ClientEvents
from crawlers.recorder.egress import ConnectFailed
from crawlers.recorder.exchange_ending import Ending, settle
from crawlers.recorder.held_response import HeldResponse
from crawlers.recorder.http_messages import ParsedRequest, RequestTarget, request_url
from crawlers.recorder.open_exchange import OpenExchange, Peer
from crawlers.recorder.protocol_switch import SWITCHING, switch_refused
from crawlers.recorder.response_limits import excess, overdue
from crawlers.recorder.session import Session
from crawlers.recorder.unrequested_bytes import UnrequestedBytes
from crawlers.recorder.upstream_connection import UpstreamConnection, dial
from crawlers.recorder.websocket import FrameKeeper
from processors.pages.outcome import Outcome

MOST_UNSENT_BYTES = 1 << 20
TOO_SOON = "the site sent bytes before it was asked"
CLIENT_CLOSED = "the engine ended the connection before the answer was whole"


class ExchangeRelay:
    """One connection to a site and its exchanges; dials when made.

    ``tunnelled`` says that the engine's connection is for this place alone. ``trusting`` says that the engine
    takes what it gets outside of a tunnel for the words of its proxy: then no site may seem to be that proxy.
    """

    def __init__(
        self,
        session: Session,
        target: RequestTarget,
        page_id: str | None,
        engine: ClientEvents,
        *,
        tunnelled: bool,
        trusting: bool = False,
    ) -> None:
        self.target = target
        self.over = False
        self._session = session
        self.page_id = page_id
        self._engine = engine
        self._exchanges: deque[OpenExchange] = deque()
        self._sending: OpenExchange | None = None
        self._tunnelled = tunnelled
        self._held = HeldResponse() if trusting else None
        self._frames: FrameKeeper | None = None
        self._unrequested: UnrequestedBytes | None = None
        self._answered_url: str | None = None
        self._unsent: list[bytes] = []
        self._upstream: UpstreamConnection | None = None
        self._peer = Peer(None, target.port, None)
        self._failure: ConnectFailed | None = None
        self._blame: Outcome | None = Outcome.UNREACHABLE
        self._requested = False
        self._broken = False
        loop = asyncio.get_running_loop()
        self._last_byte = loop.time()
        self._began = self._last_byte
        session.live.add(self)
        self._dialling = loop.create_task(self._dial())

    @property
    def usable(self) -> bool:
        """Whether the site can be asked for more."""
        return not self.over and self._unrequested is None

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way."""
        return bool(self._exchanges)

    @property
    def expects_body(self) -> bool:
        """Whether the body of a request is still expected."""
        return self._sending is not None

    @property
    def being_answered(self) -> bool:
        """Whether the answer to a whole request has begun and not ended."""
        return bool(self._exchanges) and self._sending is None and self._exchanges[0].first_byte_ns is not None

    @property
    def switched(self) -> bool:
        """Whether the protocol has been switched."""
        return self._frames is not None

    async def reached(self) -> ConnectFailed | None:
        """Wait for the connection; gives why there is none."""
        await asyncio.wait({self._dialling})
        return self._failure

    def send_request(self, parsed: ParsedRequest, url: str | None = None) -> None:
        """Send a request's head; raises ``ValueError`` where the end of its body is not known."""
        self._requested = True
        head = parsed.for_site()
        url = request_url(self.target, parsed) if url is None else url
        exchange = OpenExchange(self._session, parsed.method, url, self.page_id, head)
        if not self._exchanges:
            self._began = self._last_byte = asyncio.get_running_loop().time()
        self._exchanges.append(exchange)
        self._sending = None if exchange.request.done else exchange
        if self._failure is not None:
            self._close(announced=False)
            self._engine.upstream_closed(self, announced=False, failure=self._failure)
            return
        self._send(head)

    def record_failure(self, url: str | None) -> None:
        """Nothing can be asked: keep why, for the URL that was wanted."""
        if self._failure is not None and not self._requested:
            self._requested = True
            self._session.note_no_response(
                url=url or f"{self.target.url}/",
                page_id=self.page_id,
                reason=self._failure.reason,
                outcome=self._failure.outcome,
                request=None,
            )
        self._close(announced=False)

    def sent_body(self, data: bytes) -> bytes:
        """Send bytes of the request's body, or of the switched protocol; returns what is the next request's."""
        if self._frames is not None:
            self._send(data[: self._frames.from_engine(data)])
            if self._frames.problem is not None:
                self._cut(Truncation.UNSPECIFIED, self._frames.problem)
            return b""
        assert self._sending is not None
        self._last_byte = asyncio.get_running_loop().time()
        rest = self._sending.sent(data)
        if self._sending.request.done:
            self._sending = None
        self._send(data[: len(data) - len(rest)])
        if self._exchanges and self._exchanges[0].done:
            self._finish(None)
        return rest

    def client_closed(self) -> None:
        """The engine has ended the connection."""
        if self._unrequested is not None:
            return  # what still comes is kept, and reaches nobody
        self._blame = None
        if self._failure is not None:
            self.record_failure(None)
        self._close(announced=False, truncated=Truncation.UNSPECIFIED, problem=CLIENT_CLOSED)

    def abandon(self, reason: str) -> None:
        """End at once, keeping what has come."""
        self._blame = None
        self._cut(Truncation.UNSPECIFIED, reason)

    def pause_reading(self) -> None:
        """Too much waits to be kept."""
        if self._upstream is not None:
            self._upstream.pause_reading("writer")

    def resume_reading(self) -> None:
        """There is room again."""
        if self._upstream is not None:
            self._upstream.resume_reading("writer")

    def client_busy(self, *, busy: bool) -> None:
        """The engine reads slowly, or reads again."""
        if self._upstream is not None:
            (self._upstream.pause_reading if busy else self._upstream.resume_reading)("engine")

    def check_timeouts(self, now: float) -> None:
        """Cut an exchange that has lasted too long, or has been without a byte for too long."""
        if self._unrequested is not None and self._unrequested.is_over(now):
            self._close(announced=False)
        if not self._exchanges and self._frames is None:
            return
        if self._frames is not None:
            self._frames.keep_if_due(now, self._peer)
        crawl_over = self._session.time_over()
        too_long = overdue(self._session.limits, now - self._began, now - self._last_byte, frames=self.switched)
        if crawl_over is not None:
            self._blame = None
        reason = crawl_over or too_long
        if reason is not None:
            self._cut(Truncation.TIME, reason)

    def upstream_sent(self, data: bytes) -> None:
        """Bytes of the site: into the exchange they belong to, and on to the engine."""
        if self.over:
            return
        self._last_byte = asyncio.get_running_loop().time()
        allowed = self._session.allowed(len(data), self._exchanges[0].response.length if self._exchanges else None)
        cut = allowed < len(data)
        if cut:
            data = data[:allowed]
        self._session.totals.bytes += len(data)
        if data:
            self._follow(data)
        self._session.check_room(self)
        if cut and not self.over:
            self._blame = None
            self._cut(Truncation.LENGTH, "cut at the limit of bytes")

    def upstream_ended(self, *, announced: bool, broken: bool) -> None:
        """The site sends no more."""
        if not self.over:
            self._broken = broken
            engine_knows = self._unrequested is not None
            self._close(announced=announced)
            if not engine_knows:
                self._engine.upstream_closed(self, announced=announced, failure=None)

    def upstream_busy(self, *, busy: bool) -> None:
        """The site reads slowly, or reads again."""
        (self._engine.pause_client if busy else self._engine.resume_client)("site")

    async def _dial(self) -> None:
        try:
            self._upstream, self._peer = await dial(self._session, self.target, self)
        except ConnectFailed as failure:
            self._failure = failure
            if self._exchanges:
                self._close(announced=False)
                self._engine.upstream_closed(self, announced=False, failure=failure)
            return
        if self.over:
            self._upstream.close()
            return
        unsent, self._unsent = self._unsent, []
        for data in unsent if self._unrequested is None else ():
            self._upstream.send(data)
        self._engine.resume_client("dialling")

    def _send(self, data: bytes) -> None:
        if self._upstream is not None:
            self._upstream.send(data)
            return
        self._unsent.append(data)
        if sum(map(len, self._unsent)) > MOST_UNSENT_BYTES:
            self._engine.pause_client("dialling")

    def _follow(self, data: bytes) -> None:
        exchange = self._exchanges[0] if self._exchanges else None
        if exchange is not None and self._upstream is not None and not exchange.response.done:
            self._follow_answer(exchange, data)
        elif self._frames is None:
            self._take_unrequested(data)
        else:
            self._engine.deliver(data)
            self._frames.from_site(data)
            if self._frames.problem is not None:
                self._cut(Truncation.LENGTH, self._frames.problem)

    def _follow_answer(self, exchange: OpenExchange, data: bytes) -> None:
        rest = exchange.received(data)
        response = exchange.response
        data = data[: len(data) - len(rest)] if rest else data
        if self._held is not None:
            data = self._held.release(data, response)
        if data:
            self._engine.deliver(data)
        if not response.done:
            problem = excess(response)
            if problem is not None:
                self._cut(Truncation.LENGTH, problem)
            return
        refused = None if self._held is None else self._held.refused
        if refused is not None:
            self._finish_for_good(refused)
        elif exchange.status == SWITCHING:
            self._switch(exchange)
        elif exchange.request.done:
            self._finish(None)
        if rest:
            self._follow(rest)

    def _switch(self, exchange: OpenExchange) -> None:
        """Pass frames from now on if this request asked for it, else end: a 101 has nothing behind it."""
        refused = switch_refused(
            exchange.request_head,
            exchange.response.head,
            request_done=exchange.request.done,
            tunnelled=self._tunnelled,
        )
        if refused is None:
            self._frames = FrameKeeper(self._session, exchange.url, exchange.page_id)
            self._finish(None)
        else:
            self._finish_for_good(refused)

    def _finish_for_good(self, problem: str) -> None:
        """Keep the answer, and end both ways."""
        self._sending = None
        self._finish(problem)
        self._take_unrequested(b"")

    def _take_unrequested(self, data: bytes) -> None:
        """Keep what answers nothing, for a moment, and be done with the engine at the first of it."""
        if self._unrequested is None:
            self._unrequested = UnrequestedBytes(self._session, self.target.url, self.page_id, self._answered_url)
            self._settle_all(announced=False, truncated=Truncation.DISCONNECT, problem=TOO_SOON)
            self._engine.upstream_closed(self, announced=False, failure=None)
        self._unrequested.add(data)
        if self._unrequested.is_full:
            self._close(announced=False)

    def _finish(self, problem: str | None) -> None:
        exchange = self._exchanges.popleft()
        self._answered_url = exchange.url
        exchange.keep(self._peer, None, problem)
        self._began = asyncio.get_running_loop().time()
        self._engine.exchange_ended()

    def _cut(self, truncated: Truncation, reason: str) -> None:
        self._close(announced=False, truncated=truncated, problem=reason)
        self._engine.upstream_closed(self, announced=False, failure=None)

    def _close(
        self, *, announced: bool, truncated: Truncation = Truncation.DISCONNECT, problem: str | None = None
    ) -> None:
        """End both ways; keep what was under way as an exchange, or as a note where nothing had come."""
        if self.over:
            return
        self.over = True
        self._session.live.discard(self)
        if self._upstream is not None:
            self._upstream.close()
        elif self._failure is None:
            self._dialling.cancel()
        if self._frames is not None:
            self._frames.keep(self._peer, None if problem == CLIENT_CLOSED else problem)
        self._settle_all(announced=announced, truncated=truncated, problem=problem)
        if self._unrequested is not None:
            self._unrequested.keep()

    def _settle_all(self, *, announced: bool, truncated: Truncation, problem: str | None) -> None:
        self._sending = None
        ending = Ending(announced, self._broken, truncated, problem, self._failure, self._blame)
        while self._exchanges:
            exchange = self._exchanges.popleft()
            self._answered_url = exchange.url
            settle(self._session, exchange, self._peer, ending)

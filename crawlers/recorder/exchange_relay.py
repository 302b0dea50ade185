"""Everything an engine and one site say to each other over one connection, cut into exchanges.

One request is under way at a time. Of the site's bytes only those that belong to its answer go to the engine;
what comes besides is kept as a fact and ends the connection. When either side ends, or a limit is reached, what
was under way is kept and marked. After a protocol switch that this request asked for (WebSocket) bytes pass both
ways and are kept as frames.
"""

import asyncio
from collections import deque

from crawlers.model.exchange import Truncation
from crawlers.recorder.client_events import EngineEvents
from crawlers.recorder.egress import ConnectFailed
from crawlers.recorder.exchange_ending import Ending, settle
from crawlers.recorder.held_response import HeldAnswer
from crawlers.recorder.http_messages import ParsedRequest, RequestTarget, url_asked
from crawlers.recorder.open_exchange import OpenExchange, Peer
from crawlers.recorder.protocol_switch import SWITCHING, switch_refused
from crawlers.recorder.response_limits import excess, overdue
from crawlers.recorder.session import Session
from crawlers.recorder.unrequested_bytes import Surplus
from crawlers.recorder.upstream_connection import SiteSide, dial
from crawlers.recorder.websocket import FrameKeeper
from processors.pages.outcome import Outcome

MOST_UNSENT_BYTES = 1 << 20
TOO_SOON = "the site sent bytes before it was asked"
ENGINE_LEFT = "the engine ended the connection before the answer was whole"


class ExchangeRelay:
    """One connection to a site and its exchanges; dials when made.

    ``tunnelled`` says that the engine's connection is for this place alone. ``trusting`` says that the engine
    takes what it gets outside of a tunnel for the words of its proxy: then no site may seem to be that proxy.
    """

    def __init__(
        self,
        session: Session,
        place: RequestTarget,
        page_id: str | None,
        engine: EngineEvents,
        *,
        tunnelled: bool,
        trusting: bool = False,
    ) -> None:
        self.place = place
        self.over = False
        self._session = session
        self.page_id = page_id
        self._engine = engine
        self._exchanges: deque[OpenExchange] = deque()
        self._asking: OpenExchange | None = None
        self._tunnelled = tunnelled
        self._held = HeldAnswer() if trusting else None
        self._frames: FrameKeeper | None = None
        self._surplus: Surplus | None = None
        self._answered_url: str | None = None
        self._unsent: list[bytes] = []
        self._side: SiteSide | None = None
        self._peer = Peer(None, place.port, None)
        self._failure: ConnectFailed | None = None
        self._blame: Outcome | None = Outcome.UNREACHABLE
        self._asked = False
        self._broken = False
        loop = asyncio.get_running_loop()
        self._last_byte = loop.time()
        self._began = self._last_byte
        session.live.add(self)
        self._dialling = loop.create_task(self._dial())

    @property
    def usable(self) -> bool:
        """Whether the site can be asked for more."""
        return not self.over and self._surplus is None

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way."""
        return bool(self._exchanges)

    @property
    def asking(self) -> bool:
        """Whether the body of a request is still expected."""
        return self._asking is not None

    @property
    def being_answered(self) -> bool:
        """Whether the answer to a whole request has begun and not ended."""
        return bool(self._exchanges) and self._asking is None and self._exchanges[0].first_byte_ns is not None

    @property
    def switched(self) -> bool:
        """Whether the protocol has been switched."""
        return self._frames is not None

    async def reached(self) -> ConnectFailed | None:
        """Wait for the connection; gives why there is none."""
        await asyncio.wait({self._dialling})
        return self._failure

    def ask(self, asked: ParsedRequest, url: str | None = None) -> None:
        """Send a request's head; raises ``ValueError`` where the end of its body cannot be told."""
        self._asked = True
        head = asked.for_site()
        url = url_asked(self.place, asked) if url is None else url
        exchange = OpenExchange(self._session, asked.method, url, self.page_id, head)
        if not self._exchanges:
            self._began = self._last_byte = asyncio.get_running_loop().time()
        self._exchanges.append(exchange)
        self._asking = None if exchange.request.done else exchange
        if self._failure is not None:
            self._close(said=False)
            self._engine.site_gone(self, said=False, failure=self._failure)
            return
        self._send(head)

    def give_up(self, url: str | None) -> None:
        """Nothing can be asked: keep why, for the URL that was wanted."""
        if self._failure is not None and not self._asked:
            self._asked = True
            self._session.note_no_response(
                url=url or f"{self.place.url}/",
                page_id=self.page_id,
                reason=self._failure.reason,
                outcome=self._failure.outcome,
                request=None,
            )
        self._close(said=False)

    def sent_body(self, data: bytes) -> bytes:
        """Send bytes of the request's body, or of the switched protocol; returns what is the next request's."""
        if self._frames is not None:
            self._send(data[: self._frames.from_engine(data)])
            if self._frames.fault is not None:
                self._cut(Truncation.UNSPECIFIED, self._frames.fault)
            return b""
        assert self._asking is not None
        self._last_byte = asyncio.get_running_loop().time()
        rest = self._asking.sent(data)
        if self._asking.request.done:
            self._asking = None
        self._send(data[: len(data) - len(rest)])
        if self._exchanges and self._exchanges[0].done:
            self._finish(None)
        return rest

    def engine_left(self) -> None:
        """The engine has ended the connection."""
        if self._surplus is not None:
            return  # what still comes is kept, and reaches nobody
        self._blame = None
        if self._failure is not None:
            self.give_up(None)
        self._close(said=False, truncated=Truncation.UNSPECIFIED, problem=ENGINE_LEFT)

    def abandon(self, reason: str) -> None:
        """End at once, keeping what has come."""
        self._blame = None
        self._cut(Truncation.UNSPECIFIED, reason)

    def hold(self) -> None:
        """Too much waits to be kept."""
        if self._side is not None:
            self._side.hold("scribe")

    def go_on(self) -> None:
        """There is room again."""
        if self._side is not None:
            self._side.go_on("scribe")

    def engine_busy(self, *, busy: bool) -> None:
        """The engine reads slowly, or reads again."""
        if self._side is not None:
            (self._side.hold if busy else self._side.go_on)("engine")

    def sweep(self, now: float) -> None:
        """Cut what has lasted too long or is silent for too long."""
        if self._surplus is not None and self._surplus.late(now):
            self._close(said=False)
        if not self._exchanges and self._frames is None:
            return
        if self._frames is not None:
            self._frames.sweep(now, self._peer)
        crawl_over = self._session.time_over()
        too_long = overdue(self._session.limits, now - self._began, now - self._last_byte, frames=self.switched)
        if crawl_over is not None:
            self._blame = None
        reason = crawl_over or too_long
        if reason is not None:
            self._cut(Truncation.TIME, reason)

    def site_sent(self, data: bytes) -> None:
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

    def site_closed(self, *, said: bool, broken: bool) -> None:
        """The site sends no more."""
        if not self.over:
            self._broken = broken
            engine_knows = self._surplus is not None
            self._close(said=said)
            if not engine_knows:
                self._engine.site_gone(self, said=said, failure=None)

    def site_busy(self, *, busy: bool) -> None:
        """The site reads slowly, or reads again."""
        (self._engine.hold_engine if busy else self._engine.engine_may_go_on)("site")

    async def _dial(self) -> None:
        try:
            self._side, self._peer = await dial(self._session, self.place, self)
        except ConnectFailed as failure:
            self._failure = failure
            if self._exchanges:
                self._close(said=False)
                self._engine.site_gone(self, said=False, failure=failure)
            return
        if self.over:
            self._side.close()
            return
        unsent, self._unsent = self._unsent, []
        for data in unsent if self._surplus is None else ():
            self._side.send(data)
        self._engine.engine_may_go_on("dialling")

    def _send(self, data: bytes) -> None:
        if self._side is not None:
            self._side.send(data)
            return
        self._unsent.append(data)
        if sum(map(len, self._unsent)) > MOST_UNSENT_BYTES:
            self._engine.hold_engine("dialling")

    def _follow(self, data: bytes) -> None:
        exchange = self._exchanges[0] if self._exchanges else None
        if exchange is not None and self._side is not None and not exchange.response.done:
            self._follow_answer(exchange, data)
        elif self._frames is None:
            self._take_surplus(data)
        else:
            self._engine.deliver(data)
            self._frames.from_site(data)
            if self._frames.fault is not None:
                self._cut(Truncation.LENGTH, self._frames.fault)

    def _follow_answer(self, exchange: OpenExchange, data: bytes) -> None:
        rest = exchange.received(data)
        response = exchange.response
        data = data[: len(data) - len(rest)] if rest else data
        if self._held is not None:
            data = self._held.let_go(data, response)
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
        self._asking = None
        self._finish(problem)
        self._take_surplus(b"")

    def _take_surplus(self, data: bytes) -> None:
        """Keep what answers nothing, for a moment, and be done with the engine at the first of it."""
        if self._surplus is None:
            self._surplus = Surplus(self._session, self.place.url, self.page_id, self._answered_url)
            self._settle_all(said=False, truncated=Truncation.DISCONNECT, problem=TOO_SOON)
            self._engine.site_gone(self, said=False, failure=None)
        self._surplus.take(data)
        if self._surplus.full:
            self._close(said=False)

    def _finish(self, problem: str | None) -> None:
        exchange = self._exchanges.popleft()
        self._answered_url = exchange.url
        exchange.keep(self._peer, None, problem)
        self._began = asyncio.get_running_loop().time()
        self._engine.exchange_over()

    def _cut(self, truncated: Truncation, reason: str) -> None:
        self._close(said=False, truncated=truncated, problem=reason)
        self._engine.site_gone(self, said=False, failure=None)

    def _close(
        self, *, said: bool, truncated: Truncation = Truncation.DISCONNECT, problem: str | None = None
    ) -> None:
        """End both ways; keep what was under way as an exchange, or as a note where nothing had come."""
        if self.over:
            return
        self.over = True
        self._session.live.discard(self)
        if self._side is not None:
            self._side.close()
        elif self._failure is None:
            self._dialling.cancel()
        if self._frames is not None:
            self._frames.keep(self._peer, None if problem == ENGINE_LEFT else problem)
        self._settle_all(said=said, truncated=truncated, problem=problem)
        if self._surplus is not None:
            self._surplus.keep()

    def _settle_all(self, *, said: bool, truncated: Truncation, problem: str | None) -> None:
        self._asking = None
        ending = Ending(said, self._broken, truncated, problem, self._failure, self._blame)
        while self._exchanges:
            exchange = self._exchanges.popleft()
            self._answered_url = exchange.url
            settle(self._session, exchange, self._peer, ending)

"""Everything an engine and one site say to each other over one connection, cut into exchanges.

Bytes of the site go to the engine first and are followed after; requests and responses pair in order, as HTTP/1
has it. When either side ends, or a limit is reached, what was under way is kept and marked. After a protocol
switch (WebSocket) bytes pass both ways and are kept as frames.
"""

import asyncio
import time
from collections import deque
from typing import Protocol

from crawlers.capture import Note, NoteKind, Truncation
from crawlers.recorder.egress import NotReached
from crawlers.recorder.exchange import CLOSED_UNSAID, OpenExchange, Peer
from crawlers.recorder.messages import Asked, Place, url_asked
from crawlers.recorder.session import Session, moment
from crawlers.recorder.site_side import SiteSide, dial
from crawlers.recorder.websocket import FrameKeeper
from processors.http_head import read_head, status_of
from processors.pages.outcome import Outcome

MOST_UNSENT_BYTES = 1 << 20
MOST_UNASKED_BYTES = 1 << 20
ENGINE_LEFT = "the engine ended the connection before the answer was whole"


class EngineEvents(Protocol):
    """The engine's end, as far as a conversation needs it."""

    def deliver(self, data: bytes) -> None:
        """Send the engine what the site sent."""
        ...

    def hold_engine(self, why: str) -> None:
        """Read no more from the engine for now."""
        ...

    def engine_may_go_on(self, why: str) -> None:
        """Read from the engine again."""
        ...

    def exchange_over(self) -> None:
        """The engine's next request may be served."""
        ...

    def site_gone(self, conversation: "Conversation", *, said: bool, failure: NotReached | None) -> None:
        """Nothing more comes from the site; ``failure`` where nothing could be asked at all."""
        ...


class Conversation:
    """One connection to a site and its exchanges; dials when made."""

    def __init__(self, session: Session, place: Place, page_id: str | None, engine: EngineEvents) -> None:
        self.place = place
        self.over = False
        self._session = session
        self.page_id = page_id
        self._engine = engine
        self._exchanges: deque[OpenExchange] = deque()
        self._asking: OpenExchange | None = None
        self._frames: FrameKeeper | None = None
        self._unsent: list[bytes] = []
        self._side: SiteSide | None = None
        self._peer = Peer(None, place.port, None)
        self._failure: NotReached | None = None
        self._blame: Outcome | None = Outcome.UNREACHABLE
        self._asked = False
        self._broken = False
        self._unasked = bytearray()
        loop = asyncio.get_running_loop()
        self._last_byte = loop.time()
        self._began = self._last_byte
        session.live.add(self)
        self._dialling = loop.create_task(self._dial())

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way."""
        return bool(self._exchanges)

    @property
    def asking(self) -> bool:
        """Whether the body of a request is still expected."""
        return self._asking is not None

    @property
    def switched(self) -> bool:
        """Whether the protocol has been switched."""
        return self._frames is not None

    async def reached(self) -> NotReached | None:
        """Wait for the connection; gives why there is none."""
        await asyncio.wait({self._dialling})
        return self._failure

    def ask(self, asked: Asked, url: str | None = None) -> None:
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
            self._frames.from_engine(data)
            self._send(data)
            return b""
        assert self._asking is not None
        self._last_byte = asyncio.get_running_loop().time()
        rest = self._asking.sent(data)
        if self._asking.request.done:
            self._asking = None
        self._send(data[: len(data) - len(rest)])
        if self._exchanges and self._exchanges[0].done:
            self._finish(None, None)
        return rest

    def engine_left(self) -> None:
        """The engine has ended the connection."""
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
        if not self._exchanges and self._frames is None:
            return
        if self._frames is not None:
            self._frames.sweep(now, self._peer)
        limits = self._session.limits
        crawl_over = limits.seconds is not None and time.monotonic() - self._session.began >= limits.seconds
        too_long = limits.exchange_seconds is not None and now - self._began >= limits.exchange_seconds
        silent = limits.idle_seconds is not None and now - self._last_byte >= limits.idle_seconds
        if crawl_over:
            self._blame = None
            self._cut(Truncation.TIME, f"cut when the crawl's {limits.seconds:g} s were over")
        elif too_long:
            self._cut(Truncation.TIME, f"cut after {limits.exchange_seconds:g} s")
        elif silent and self._frames is None:
            self._cut(Truncation.TIME, f"cut after {limits.idle_seconds:g} s of silence")

    def site_sent(self, data: bytes) -> None:
        """Bytes of the site: on to the engine, and into the exchange they belong to."""
        if self.over:
            return
        self._last_byte = asyncio.get_running_loop().time()
        allowed = self._allowed(len(data))
        cut = allowed < len(data)
        if cut:
            data = data[:allowed]
        self._session.totals.bytes += len(data)
        if data:
            self._engine.deliver(data)
        self._follow(data)
        self._session.check_room(self)
        if cut and not self.over:
            self._blame = None
            self._cut(Truncation.LENGTH, "cut at the limit of bytes")

    def site_closed(self, *, said: bool, broken: bool) -> None:
        """The site sends no more."""
        if not self.over:
            self._broken = broken
            self._close(said=said)
            self._engine.site_gone(self, said=said, failure=None)

    def site_busy(self, *, busy: bool) -> None:
        """The site reads slowly, or reads again."""
        (self._engine.hold_engine if busy else self._engine.engine_may_go_on)("site")

    async def _dial(self) -> None:
        try:
            self._side, self._peer = await dial(self._session, self.place, self)
        except NotReached as failure:
            self._failure = failure
            if self._exchanges:
                self._close(said=False)
                self._engine.site_gone(self, said=False, failure=failure)
            return
        if self.over:
            self._side.close()
            return
        unsent, self._unsent = self._unsent, []
        for data in unsent:
            self._side.send(data)
        self._engine.engine_may_go_on("dialling")

    def _send(self, data: bytes) -> None:
        if self._side is not None:
            self._side.send(data)
            return
        self._unsent.append(data)
        if sum(map(len, self._unsent)) > MOST_UNSENT_BYTES:
            self._engine.hold_engine("dialling")

    def _allowed(self, length: int) -> int:
        """How many of the bytes the limits leave."""
        left = self._session.bytes_left()
        allowed = length if left is None else min(length, left)
        most = self._session.limits.exchange_bytes
        if most is not None and self._exchanges:
            allowed = min(allowed, max(0, most - self._exchanges[0].response.length))
        return allowed

    def _follow(self, data: bytes) -> None:
        while data:
            if self._frames is not None:
                self._frames.from_site(data)
                return
            if not self._exchanges or self._exchanges[0].response.done:
                self._unasked += data  # an answer to nothing, such as a farewell to an idle connection
                if len(self._unasked) > MOST_UNASKED_BYTES:
                    self._cut(Truncation.LENGTH, "cut where the site went on sending what nobody asked for")
                return
            exchange = self._exchanges[0]
            data = exchange.received(data)
            if exchange.response.done:
                if self._status(exchange) == 101:
                    self._frames = FrameKeeper(self._session, exchange.url, exchange.page_id)
                if exchange.request.done or self._frames is not None:
                    self._finish(None, None)

    @staticmethod
    def _status(exchange: OpenExchange) -> int | None:
        status = status_of(read_head(exchange.response.head))
        return None if status is None else status[0]

    def _finish(self, truncated: Truncation | None, problem: str | None) -> None:
        self._exchanges.popleft().keep(self._peer, truncated, problem)
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
        while self._exchanges:
            self._settle(self._exchanges.popleft(), said=said, truncated=truncated, problem=problem)
        if self._unasked:
            self._keep_unasked()

    def _settle(self, exchange: OpenExchange, *, said: bool, truncated: Truncation, problem: str | None) -> None:
        if not exchange.answered:
            self._note_no_response(exchange, problem)
            return
        cut_by_us = truncated is not Truncation.DISCONNECT
        if exchange.response.done:
            exchange.keep(self._peer, None, "the answer came before the request had ended")
        elif exchange.response.until_close and not cut_by_us and not self._broken:
            exchange.keep(self._peer, None, None if said else CLOSED_UNSAID)
        else:
            exchange.keep(self._peer, truncated, problem)

    def _note_no_response(self, exchange: OpenExchange, problem: str | None) -> None:
        reason, outcome = problem or "the site closed the connection without an answer", self._blame
        if self._failure is not None:
            reason, outcome = self._failure.reason, self._failure.outcome
        self._session.note_no_response(
            url=exchange.url,
            page_id=exchange.page_id,
            reason=reason,
            outcome=outcome,
            request=exchange.request_head,
            interim=tuple(exchange.response.before),
        )

    def _keep_unasked(self) -> None:
        note = Note(
            kind=NoteKind.UNSOLICITED,
            page_id=self.page_id,
            url=f"{self.place.url}/",
            at=moment(time.time_ns()),
            reason="bytes that answer no request",
            content=bytes(self._unasked),
        )
        self._session.keep_note(lambda: note)

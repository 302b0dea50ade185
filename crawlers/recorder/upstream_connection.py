"""The connection to a site: opened through the source's egress, TLS verified, its facts recorded.

``dial`` gives an open ``UpstreamConnection``; from then on bytes go out as they are handed in and come back to its
``UpstreamEvents`` decrypted and otherwise untouched. Raises ``ConnectFailed``.
"""

import asyncio
import ssl
from typing import Protocol, cast

from crawlers.model.exchange import TlsFacts
from crawlers.recorder.egress import ConnectFailed
from crawlers.recorder.http_messages import RequestTarget
from crawlers.recorder.open_exchange import Peer
from crawlers.recorder.session import Session
from crawlers.recorder.tls import TlsFailed, TlsPipe
from processors.pages.outcome import Outcome


class UpstreamEvents(Protocol):
    """Receives the events of a connection to a site."""

    def upstream_sent(self, data: bytes) -> None:
        """Plain bytes came."""
        ...

    def upstream_ended(self, *, announced: bool, broken: bool) -> None:
        """The site sends no more; ``announced`` tells whether it said so (FIN, and close_notify where TLS is
        spoken), ``broken`` whether the connection broke instead of ending."""
        ...

    def upstream_busy(self, *, busy: bool) -> None:
        """The site takes no more bytes for now, or takes them again."""
        ...


class UpstreamConnection(asyncio.Protocol):
    """One connection to a site."""

    def __init__(self, events: UpstreamEvents, pipe: TlsPipe | None) -> None:
        self._events = events
        self._pipe = pipe
        self._transport: asyncio.Transport | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended = False
        self._pause_reasons: set[str] = set()

    async def ready(self) -> None:
        """Return when bytes can be sent; raises ``TlsFailed`` or ``OSError``."""
        await self._ready

    def facts(self, problem: str | None) -> TlsFacts | None:
        """What the handshake showed; None where TLS is not spoken."""
        return None if self._pipe is None else self._pipe.facts(problem)

    def send(self, data: bytes) -> None:
        """Send bytes to the site."""
        if self._transport is None or self._ended:
            return
        self._transport.write(data if self._pipe is None else self._pipe.seal(data))

    def pause_reading(self, reason: str) -> None:
        """Read no more until every reason to wait is gone."""
        if not self._pause_reasons and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        self._pause_reasons.add(reason)

    def resume_reading(self, reason: str) -> None:
        """One reason to wait is gone."""
        if reason in self._pause_reasons:
            self._pause_reasons.remove(reason)
            if not self._pause_reasons and self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def close(self) -> None:
        """End the connection; no event follows."""
        self._ended = True
        if not self._ready.done():
            self._ready.cancel()
        if self._transport is not None and not self._transport.is_closing():
            if self._pipe is not None and self._pipe.established:
                self._transport.write(self._pipe.close())
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is in the event loop: begin TLS where it is spoken."""
        self._transport = cast(asyncio.Transport, transport)
        if self._pipe is None:
            self._ready.set_result(None)
        else:
            self._transport.write(self._pipe.begin())

    def data_received(self, data: bytes) -> None:
        """Bytes from the wire."""
        if self._ended:
            return
        if self._pipe is None:
            self._events.upstream_sent(data)
            return
        try:
            plain = self._pipe.receive(data)
        except TlsFailed as failure:
            self._failed(failure)
            return
        waiting = self._pipe.waiting()
        if waiting and self._transport is not None:
            self._transport.write(waiting)
        if self._pipe.established and not self._ready.done():
            self._ready.set_result(None)
        if plain:
            self._events.upstream_sent(plain)
        if self._pipe.closed_by_peer:
            self._end(announced=True)

    def eof_received(self) -> bool:
        """The site sends no more."""
        self._end(announced=self._pipe is None)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        if not self._ready.done():
            self._ready.set_exception(error or ConnectionResetError("closed during the TLS handshake"))
            self._ready.exception()
        self._end(announced=False, broken=error is not None)

    def pause_writing(self) -> None:
        """The site reads slowly."""
        self._events.upstream_busy(busy=True)

    def resume_writing(self) -> None:
        """The site reads again."""
        self._events.upstream_busy(busy=False)

    def _failed(self, failure: TlsFailed) -> None:
        if not self._ready.done():
            self._ready.set_exception(failure)
            self._ready.exception()
        self._end(announced=False)
        if self._transport is not None and self._pipe is not None:
            self._transport.write(self._pipe.waiting())  # the alert that says why
            self._transport.close()

    def _end(self, *, announced: bool, broken: bool = False) -> None:
        if not self._ended and self._ready.done() and not self._ready.cancelled():
            self._ended = True
            if self._ready.exception() is None:
                self._events.upstream_ended(announced=announced, broken=broken)


async def dial(session: Session, target: RequestTarget, events: UpstreamEvents) -> tuple[UpstreamConnection, Peer]:
    """Open a connection to the place; raises ``ConnectFailed`` with the reason."""
    limit = session.limit_reached()
    if limit is not None:
        raise ConnectFailed(None, limit)
    seconds = session.limits.connect_seconds
    try:
        async with asyncio.timeout(seconds):
            try:
                return await _connect(session, target, events, session.verifying, None)
            except TlsFailed as failure:
                if session.lenient is None or not failure.invalid_certificate:
                    raise
                # what follows is a new connection; the reason stands in its facts
                return await _connect(session, target, events, session.lenient, failure.reason)
    except TimeoutError as error:
        reason = f"no connection to {target.url} within {seconds:g} s"
        raise ConnectFailed(Outcome.UNREACHABLE, reason) from error
    except TlsFailed as failure:
        raise ConnectFailed(Outcome.UNREACHABLE, f"{target.url}: {failure.reason}") from failure
    except (OSError, UnicodeError, ValueError) as error:
        raise ConnectFailed(Outcome.UNREACHABLE, f"no connection to {target.url}: {error}") from error


async def _connect(
    session: Session, target: RequestTarget, events: UpstreamEvents, context: ssl.SSLContext, problem: str | None
) -> tuple[UpstreamConnection, Peer]:
    opened = await session.egress.open_socket(target.host, target.port)
    try:
        pipe = None
        if target.scheme == "https":
            pipe = TlsPipe(context, server_side=False, server_hostname=target.host.rstrip("."))
        connection = UpstreamConnection(events, pipe)
        await asyncio.get_running_loop().create_connection(lambda: connection, sock=opened.sock)
    except BaseException:
        opened.sock.close()
        raise
    try:
        await connection.ready()
    except BaseException:
        connection.close()
        raise
    return connection, Peer(opened.peer_ip, opened.peer_port, connection.facts(problem))

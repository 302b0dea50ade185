"""Passes the bytes of one browser and one site on without reading them: a tunnel of a crawl in direct mode.

It goes where the crawl's egress leads and its address policy allows, as every connection of the recorder does, and
counts against the crawl's limits; what passes is TLS between browser and site. Of what is said in it the recorder
knows nothing: the browser reports it (`crawlers.recorder.direct_routes`).
"""

import asyncio
from typing import Protocol, cast

from crawlers.recorder.direct_routes import DirectRoutes
from crawlers.recorder.egress import ConnectFailed, OpenSocket
from crawlers.recorder.http_messages import RequestTarget
from crawlers.recorder.session import Session
from processors.pages.outcome import Outcome

BUSY = "the site reads slowly"


class TunnelEnd(Protocol):
    """The browser's connection, as far as a tunnel needs it."""

    def deliver(self, data: bytes) -> None:
        """Send the browser what the site sent."""
        ...

    def pause_client(self, reason: str) -> None:
        """Read no more from the browser for now."""
        ...

    def resume_client(self, reason: str) -> None:
        """Read from the browser again."""
        ...

    def tunnel_ended(self) -> None:
        """The site's connection is gone, or was never there."""
        ...


class DirectTunnel(asyncio.Protocol):
    """One tunnel; dials when made."""

    def __init__(
        self,
        session: Session,
        routes: DirectRoutes,
        target: RequestTarget,
        page_id: str | None,
        browser: TunnelEnd,
    ) -> None:
        self._session = session
        self._routes = routes
        self._target = target
        self._page_id = page_id
        self._browser = browser
        self._unsent = bytearray()
        self._transport: asyncio.Transport | None = None
        self._pauses: set[str] = set()
        self._over = False
        loop = asyncio.get_running_loop()
        self._last_byte = loop.time()
        session.live.add(self)
        self._dialling = loop.create_task(self._dial())

    def send(self, data: bytes) -> None:
        """Pass on bytes of the browser's."""
        if self._over:
            return
        self._last_byte = asyncio.get_running_loop().time()
        if self._transport is None:
            self._unsent += data
        else:
            self._transport.write(data)

    def client_busy(self, *, busy: bool) -> None:
        """The browser takes no more bytes for now, or takes them again."""
        (self._pause if busy else self._resume)("browser")

    def pause_reading(self) -> None:
        """Stop reading from the site for a while."""
        self._pause("writer")

    def resume_reading(self) -> None:
        """Read again."""
        self._resume("writer")

    def check_timeouts(self, now: float) -> None:
        """End it when the crawl's time is over, or when nothing has passed for too long."""
        idle = self._session.limits.idle_seconds
        if self._session.time_over() is not None or (idle is not None and now - self._last_byte >= idle):
            self.close()

    def abandon(self, reason: str) -> None:
        """End at once; what the browser had of it, it reports itself."""
        self.close()

    def close(self) -> None:
        """End both connections."""
        if self._over:
            return
        self._over = True
        self._session.live.discard(self)
        self._dialling.cancel()
        if self._transport is not None:
            self._transport.close()
        self._browser.tunnel_ended()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is in the event loop."""
        self._transport = cast(asyncio.Transport, transport)
        if self._over:
            self._transport.close()
            return
        self._transport.write(bytes(self._unsent))
        self._unsent.clear()
        if self._pauses:
            self._transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Bytes of the site, as many as the crawl's limits leave."""
        if self._over:
            return
        self._last_byte = asyncio.get_running_loop().time()
        allowed = self._session.allowed(len(data), None)
        self._session.totals.bytes += allowed
        self._browser.deliver(data[:allowed])
        if allowed < len(data):
            self.close()

    def eof_received(self) -> bool:
        """The site sends no more."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The site's connection is gone."""
        self.close()

    def pause_writing(self) -> None:
        """The site reads slowly."""
        self._browser.pause_client(BUSY)

    def resume_writing(self) -> None:
        """The site reads again."""
        self._browser.resume_client(BUSY)

    def _pause(self, reason: str) -> None:
        if not self._pauses and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        self._pauses.add(reason)

    def _resume(self, reason: str) -> None:
        if reason in self._pauses:
            self._pauses.remove(reason)
            if not self._pauses and self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    async def _dial(self) -> None:
        try:
            opened = await self._open_socket()
        except ConnectFailed as failure:
            self._routes.failed(self._target, failure)
            self.close()
            return
        self._routes.opened(self._page_id, self._target, opened.peer_ip, opened.peer_port)
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, sock=opened.sock)
        except BaseException:
            opened.sock.close()
            raise

    async def _open_socket(self) -> OpenSocket:
        limit = self._session.limit_reached()
        if limit is not None:
            raise ConnectFailed(None, limit)
        seconds = self._session.limits.connect_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._session.egress.open_socket(self._target.host, self._target.port)
        except TimeoutError as error:
            reason = f"no connection to {self._target.url} within {seconds:g} s"
            raise ConnectFailed(Outcome.UNREACHABLE, reason) from error
        except (OSError, UnicodeError, ValueError) as error:
            raise ConnectFailed(Outcome.UNREACHABLE, f"no connection to {self._target.url}: {error}") from error

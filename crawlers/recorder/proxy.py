"""The recorder of one crawl: a forward proxy on loopback that copies every byte it relays.

``start`` opens the proxy's port and gives the address engines use; ``close`` ends what is under way, waits until
everything is kept, and gives the totals. ``failed`` is done with an exception as soon as nothing more can be
kept: the crawl must end then. The sink is called from one thread of the recorder's own.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crawlers.model.browser_exchange import BrowserExchange
from crawlers.model.capture import Captured, Note
from crawlers.model.job import CrawlLimits
from crawlers.model.protocols import CaptureSink
from crawlers.recorder.certificates import CertificateAuthority
from crawlers.recorder.client_connection import ClientConnection
from crawlers.recorder.direct_routes import DirectRoutes
from crawlers.recorder.egress import Egress
from crawlers.recorder.page_accounts import PageAccounts
from crawlers.recorder.session import Session, Totals
from crawlers.recorder.tls import lenient_context, verifying_context
from crawlers.recorder.writer_thread import WriterThread

TIMEOUT_CHECK_SECONDS = 0.25
LOOPBACK = "127.0.0.1"
CRAWL_OVER = "the crawl ended before the answer was whole"


@dataclass(frozen=True, slots=True)
class RecorderAddress:
    """How engines reach a recorder: address, password (the user name is the page id), whom to trust.

    ``proof_key`` is what both know and no connection carries: by it the recorder proves that an answer is its own.
    """

    host: str
    port: int
    password: str
    authority_pem: str
    authority_spki_sha256: str
    proof_key: str


class Recorder:
    """Stands between one crawl's engines and the web. Make it and use it within one event loop."""

    def __init__(
        self,
        sink: CaptureSink,
        *,
        crawl_id: str,
        folder: Path,
        egress: Egress,
        limits: CrawlLimits,
        upstream_ca: Path | None = None,
        allow_invalid_certificate: bool = False,
        authority: CertificateAuthority | None = None,
        on_change: Callable[[Totals], None] | None = None,
        direct: bool = False,
    ) -> None:
        """``folder`` takes large bodies while they last; ``on_change`` gets the totals after each exchange.

        ``authority`` is this crawl's own where its browser runs already; None: one is made. ``direct``: the
        browser speaks TLS with the sites itself, and hands over what it reports of its exchanges.
        """
        self._authority = authority or CertificateAuthority()
        self._sink = PageAccounts(sink)
        self._folder = folder
        self._crawl_id = crawl_id
        self._egress = egress
        self._limits = limits
        self._verifying = verifying_context(upstream_ca)
        self._lenient = lenient_context() if allow_invalid_certificate else None
        self._on_change = on_change
        self._direct = DirectRoutes() if direct else None
        self._session: Session | None = None
        self._server: asyncio.Server | None = None
        self._timeout_check: asyncio.Task[None] | None = None

    async def start(self) -> RecorderAddress:
        """Listen on loopback, on a port that is free."""
        session = self._session = Session(
            crawl_id=self._crawl_id,
            limits=self._limits,
            password=secrets.token_urlsafe(24),
            proof_key=secrets.token_urlsafe(24),
            egress=self._egress,
            authority=self._authority,
            verifying=self._verifying,
            lenient=self._lenient,
            writer=WriterThread(self._sink, self._folder),
            on_change=self._on_change,
            direct=self._direct,
        )
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: ClientConnection(session), LOOPBACK, 0, family=socket.AF_INET, backlog=512
        )
        session.writer.failed.add_done_callback(lambda failed: self._stop(session))
        self._timeout_check = loop.create_task(self._check_timeouts(session))
        port: int = self._server.sockets[0].getsockname()[1]
        authority = session.authority
        return RecorderAddress(
            LOOPBACK, port, session.password, authority.pem, authority.spki_sha256, session.proof_key
        )

    @property
    def failed(self) -> asyncio.Future[None]:
        """Done with an exception when nothing more can be kept."""
        return self._open_session().writer.failed

    @property
    def totals(self) -> Totals:
        """What has been seen so far."""
        return self._open_session().totals

    async def keep(self, item: Captured | BrowserExchange) -> None:
        """Keep what an engine hands over after everything that was seen before; raises what keeping raised.

        Raises ``ValueError`` for an exchange, where this crawl is not in direct mode.
        """
        session = self._open_session()
        if session.direct is None:
            if isinstance(item, BrowserExchange):
                raise ValueError(f"{item.url}: an exchange of the browser's is taken in direct mode alone")
            await session.writer.keep_async(item)
        elif isinstance(item, BrowserExchange):
            await session.keep_reported(session.direct.exchange(item, session.crawl_id))
        else:
            await session.keep_reported(session.direct.note(item) if isinstance(item, Note) else item)

    async def close(self) -> Totals:
        """Stop listening, keep what is under way as far as it came; raises what made keeping fail."""
        session = self._open_session()
        self._stop(session)
        if self._timeout_check is not None:
            self._timeout_check.cancel()
            with suppress(asyncio.CancelledError):
                await self._timeout_check
        await session.writer.close()
        return session.totals

    def _open_session(self) -> Session:
        if self._session is None:
            raise RuntimeError("a recorder has to be started first")
        return self._session

    def _stop(self, session: Session) -> None:
        """Relay nothing any more: what is relayed must also be kept."""
        session.ended = True
        if self._server is not None:
            self._server.close()
        for each in tuple(session.live):
            each.abandon(CRAWL_OVER)

    @staticmethod
    async def _check_timeouts(session: Session) -> None:
        while True:
            await asyncio.sleep(TIMEOUT_CHECK_SECONDS)
            session.check_timeouts()

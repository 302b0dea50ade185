"""The connection from an engine: a forward proxy for one crawl, which knows its engines by the crawl's password.

``CONNECT`` opens a tunnel; if its first byte begins TLS, the crawl's authority answers for the host, else the
tunnel is plain (as browsers open them for ``ws://``). Requests with ``http://`` URLs go to their sites one after
the other. The user name of the password is the page id. Nothing is ever relayed that is not recorded, but for a
browser's TLS in direct mode, which passes as it is.
"""

import asyncio
import base64
import binascii
import hmac
from dataclasses import replace
from typing import cast

from crawlers.recorder.direct_tunnel import DirectTunnel
from crawlers.recorder.egress import ConnectFailed
from crawlers.recorder.exchange_relay import ExchangeRelay
from crawlers.recorder.http_messages import (
    ParsedRequest,
    RequestTarget,
    nonce_of,
    parse_request,
    plain_target,
    target_from_header,
    tunnel_target,
)
from crawlers.recorder.proxy_responses import (
    TUNNEL_OPEN,
    ProxyResponse,
    auth_probe_response,
    bad_request,
    greeting_host,
    own_answer,
    proxy_auth_required,
)
from crawlers.recorder.session import Session
from crawlers.recorder.tls import TlsFailed, TlsPipe
from processors.http.head import MAX_HEAD_BYTES, head_end, head_value
from processors.pages.outcome import Outcome

NEXT_REQUEST_TOO_SOON = "cut where the engine went on to its next request before the answer had ended"
TLS_HANDSHAKE = 0x16  # content type of a ClientHello's record (RFC 8446, section 5.1)


class ClientConnection(asyncio.Protocol):
    """One connection of an engine."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._transport: asyncio.Transport | None = None
        self._pipe: TlsPipe | None = None
        self._tunnel: RequestTarget | None = None
        self._sniffing = False
        self._opening: asyncio.Task[None] | None = None
        self._page_id: str | None = None
        self._target_url: str | None = None
        self._nonce = ""
        self._relay: ExchangeRelay | None = None
        self._plain: dict[RequestTarget, ExchangeRelay] = {}
        self._direct: DirectTunnel | None = None
        self._buffer = bytearray()
        self._searched = 0
        self._pause_reasons: set[str] = set()
        self._left = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """An engine has connected."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the engine."""
        if self._direct is not None:
            self._direct.send(data)
            return
        if self._sniffing:
            self._sniffing = False
            assert self._tunnel is not None
            if data[0] == TLS_HANDSHAKE and self._session.direct is not None:
                self._direct = DirectTunnel(self._session, self._session.direct, self._tunnel, self._page_id, self)
                self._direct.send(data)
                return
            if data[0] == TLS_HANDSHAKE:
                context = self._session.authority.context_for(self._tunnel.host)
                self._pipe = TlsPipe(context, server_side=True)
            else:
                self._tunnel = replace(self._tunnel, scheme="http")
            self._relay = ExchangeRelay(self._session, self._tunnel, self._page_id, self, tunnelled=True)
        if self._pipe is None:
            self._take(data)
            return
        try:
            plain = self._pipe.receive(data)
        except TlsFailed:
            self._end()
            return
        waiting = self._pipe.waiting()
        if waiting and self._transport is not None:
            self._transport.write(waiting)
        if plain:
            self._take(plain)
        if self._pipe.closed_by_peer:
            self._end()

    def eof_received(self) -> bool:
        """The engine sends no more: engines that close half a connection are not known."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The engine is gone."""
        self._left = True
        if self._direct is not None:
            self._direct.close()
        if self._opening is not None:
            self._opening.cancel()
        for relay in self._relays():
            relay.client_closed()

    def pause_writing(self) -> None:
        """The engine reads slowly."""
        if self._direct is not None:
            self._direct.client_busy(busy=True)
        for relay in self._relays():
            relay.client_busy(busy=True)

    def resume_writing(self) -> None:
        """The engine reads again."""
        if self._direct is not None:
            self._direct.client_busy(busy=False)
        for relay in self._relays():
            relay.client_busy(busy=False)

    def deliver(self, data: bytes) -> None:
        """Send the engine what the site sent."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._pipe is None:
            self._transport.write(data)
        elif self._pipe.established:  # else the site speaks before it was asked, which HTTP engines do not expect
            self._transport.write(self._pipe.seal(data))

    def pause_client(self, reason: str) -> None:
        """Read no more from the engine until every reason to wait is gone."""
        if self._transport is not None and not self._transport.is_closing() and not self._pause_reasons:
            self._transport.pause_reading()
        self._pause_reasons.add(reason)

    def resume_client(self, reason: str) -> None:
        """One reason to wait is gone."""
        if reason in self._pause_reasons:
            self._pause_reasons.remove(reason)
            if self._transport is not None and not self._transport.is_closing() and not self._pause_reasons:
                self._transport.resume_reading()

    def tunnel_ended(self) -> None:
        """The tunnel of a browser in direct mode has ended."""
        self._end()

    def exchange_ended(self) -> None:
        """A response is complete: on to what the engine asked meanwhile."""
        self.resume_client("exchange")
        if self._buffer:
            asyncio.get_running_loop().call_soon(self._advance)

    def upstream_closed(self, relay: ExchangeRelay, *, announced: bool, failure: ConnectFailed | None) -> None:
        """Nothing more comes from the site, so the engine's connection ends as the site's did."""
        if self._tunnel is None and relay is not self._relay:
            return  # a kept connection to another site than the one that is being asked
        if failure is not None and self._target_url is not None and self._tunnel is None:
            self.deliver(self._reason(failure))
        self._end(announced=announced)

    @property
    def _ended(self) -> bool:
        return self._left or self._transport is None or self._transport.is_closing()

    def _relays(self) -> list[ExchangeRelay]:
        tunnelled = [] if self._relay is None or self._tunnel is None else [self._relay]
        return [*tunnelled, *self._plain.values()]

    def _take(self, data: bytes) -> None:
        relay = self._relay
        if not self._buffer and relay is not None and (relay.switched or relay.expects_body):
            data = relay.sent_body(data)
        elif self._tunnel is None and relay is not None and relay.being_answered:
            # It takes an answer for ended that has not: what still comes could answer for another site.
            relay.abandon(NEXT_REQUEST_TOO_SOON)
            return
        if data:
            self._buffer += data
            self._advance()

    def _advance(self) -> None:
        """Serve the engine's requests one after the other, as far as the exchange before is complete."""
        while self._buffer and not self._ended and not self._sniffing and self._opening is None:
            relay = self._relay
            if relay is not None and (relay.switched or relay.expects_body):
                rest = relay.sent_body(bytes(self._buffer))
                self._buffer = bytearray(rest)
                continue
            if relay is not None and relay.busy:
                self.pause_client("exchange")
                return
            if self._buffer[0] in b"\r\n":
                self._buffer = self._buffer.lstrip(b"\r\n")
                continue
            end = head_end(self._buffer, max(0, self._searched - 3))
            self._searched = len(self._buffer) if end is None else 0
            if end is None:
                if len(self._buffer) > MAX_HEAD_BYTES:
                    self._reject(f"no end of a request's head within {MAX_HEAD_BYTES} bytes")
                return
            head = bytes(self._buffer[:end])
            del self._buffer[:end]
            try:
                if self._tunnel is None:
                    self._target_url = None
                request = parse_request(head)
                if self._tunnel is None:
                    self._serve_proxy(request)
                elif relay is not None:
                    relay.send_request(request)
            except ValueError as error:
                self._reject(str(error))
                return

    def _serve_proxy(self, request: ParsedRequest) -> None:
        page_id = self._authorised(request)
        if page_id is None:
            self._answer_and_end(proxy_auth_required())
            return
        self._page_id = page_id or None
        self._target_url, self._nonce = target_from_header(request), nonce_of(request)
        if request.method == "CONNECT":
            self._open_tunnel(tunnel_target(request.target))
            return
        target, plain = plain_target(request)
        if target.host == greeting_host(self._session.proof_key):
            self._answer_and_end(auth_probe_response(self._session.proof_key))
            return
        relay = self._plain.get(target)
        if relay is None or not relay.usable:
            relay = ExchangeRelay(
                self._session, target, self._page_id, self, tunnelled=False, trusting=self._target_url is None
            )
            self._plain[target] = relay
        self._relay = relay
        relay.page_id = self._page_id
        relay.send_request(plain, None)

    def _open_tunnel(self, target: RequestTarget) -> None:
        if self._target_url is None:
            self._tunnel, self._sniffing = target, True
            self.deliver(TUNNEL_OPEN)
            return
        secure = self._target_url.lower().startswith("https:")
        self._opening = asyncio.get_running_loop().create_task(self._open_when_reached(target, secure=secure))

    async def _open_when_reached(self, target: RequestTarget, *, secure: bool) -> None:
        """For an engine of ours: open the tunnel once the site is reached, or answer with the reason."""
        target = target if secure else replace(target, scheme="http")
        relay = ExchangeRelay(self._session, target, self._page_id, self, tunnelled=True)
        try:
            failure = await relay.reached()
        except asyncio.CancelledError:
            relay.client_closed()
            raise
        self._opening = None
        if failure is not None:
            relay.record_failure(self._target_url)
            self._answer_and_end(self._reason(failure))
            return
        self._relay, self._tunnel = relay, target
        if secure:
            self._pipe = TlsPipe(self._session.authority.context_for(target.host), server_side=True)
        if self._transport is not None:
            self._transport.write(TUNNEL_OPEN)
        if not relay.usable:
            self._end()

    def _reason(self, failure: ConnectFailed) -> bytes:
        answer = ProxyResponse(failure.outcome, failure.reason)
        return own_answer(answer, self._session.proof_key, self._nonce)

    def _authorised(self, request: ParsedRequest) -> str | None:
        """The page id an engine names, perhaps empty; None where it does not say the password."""
        scheme, _, credentials = (head_value(request.fields, "proxy-authorization") or "").partition(" ")
        try:
            page_id, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        is_basic = scheme.lower() == "basic" and bool(colon)
        if not is_basic or not hmac.compare_digest(password.encode(), self._session.password.encode()):
            return None
        return page_id

    def _reject(self, reason: str) -> None:
        """What the engine sent is no request: say so, unless it would seem to come from the site."""
        if self._tunnel is None and self._target_url is not None:
            failure = ConnectFailed(Outcome.UNREACHABLE, f"not a request that can be recorded: {reason}")
            self._session.note_no_response(
                url=self._target_url,
                page_id=self._page_id,
                reason=failure.reason,
                outcome=failure.outcome,
                request=None,
            )
            self.deliver(self._reason(failure))
        elif self._tunnel is None:
            self.deliver(bad_request(reason))
        self._end()

    def _answer_and_end(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)
        self._end()

    def _end(self, *, announced: bool = False) -> None:
        """End the engine's connection; ``announced`` passes on that all was sent."""
        if self._transport is None or self._transport.is_closing():
            return
        if announced and self._pipe is not None and self._pipe.established:
            self._transport.write(self._pipe.close())
        self._transport.close()

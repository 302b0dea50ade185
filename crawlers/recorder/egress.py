"""Egress to a site: directly, or through an HTTP or SOCKS proxy.

An egress gives a connected socket to ``host`` and ``port``. Going directly, names are resolved here, every
address is judged by the policy, and the very address that was judged is connected to. Raises ``ConnectFailed``,
whose reasons go into WARC files: they never name a proxy, nor repeat its words.
"""

import asyncio
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from python_socks.async_.asyncio import Proxy

from crawlers.address_policy import AddressPolicy, AddressRefused
from crawlers.recorder.connect_proxy import ProxyRefused, open_tunnel
from processors.pages.outcome import Outcome

PROXY_SECONDS = 20.0
"""How long a proxy may take to accept a connection."""
TUNNEL_SECONDS = 60.0
"""How long it may take to open a tunnel."""
PROXY_ERRORS = (
    ProxyError,
    ProxyConnectionError,
    ProxyTimeoutError,
    ProxyRefused,
    TimeoutError,
    OSError,
    UnicodeError,
    ValueError,
)


class ConnectFailed(Exception):
    """No connection to the site: ``outcome`` is ``unreachable`` or ``refused_by_policy``, None at a crawl's
    limit."""

    def __init__(self, outcome: Outcome | None, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """A connected socket. ``peer_ip`` is None where a proxy resolved the name and did not say to what."""

    sock: socket.socket
    peer_ip: str | None
    peer_port: int


class Egress(Protocol):
    """How connections leave this machine."""

    async def open_socket(self, host: str, port: int) -> OpenSocket:
        """Connect; raises ``ConnectFailed``."""
        ...

    async def check(self) -> str | None:
        """Why this egress cannot be used at all, as a sentence; None where it can."""
        ...


class ConnectTo:
    """Where to connect instead of where a URL points, in curl's syntax ``host:port:to-host:to-port``.

    Empty ``host`` or ``port`` match all; empty ``to-host`` or ``to-port`` keep what was asked; IPv6 addresses
    stand in brackets; the first rule that matches holds. Source: curl(1), ``--connect-to``.
    """

    def __init__(self, rules: Iterable[str]) -> None:
        """Raises ``ValueError`` naming the rule that is none."""
        self._rules = tuple(_rule(text) for text in rules)

    def destination(self, host: str, port: int) -> tuple[str, int]:
        """The host and port to connect to."""
        for rule in self._rules:
            if rule.host in ("", host.lower().strip("[]")) and rule.port in (None, port):
                return rule.to_host or host, port if rule.to_port is None else rule.to_port
        return host, port


@dataclass(frozen=True, slots=True)
class _Rule:
    host: str
    port: int | None
    to_host: str
    to_port: int | None


def _rule(text: str) -> _Rule:
    fields: list[str] = []
    rest = text
    while True:
        if rest.startswith("["):
            field, _, rest = rest[1:].partition("]")
        else:
            end = rest.find(":")
            field, rest = (rest, "") if end < 0 else (rest[:end], rest[end:])
        fields.append(field)
        if not rest:
            break
        rest = rest[1:]
    ports = fields[1::2]
    if len(fields) != 4 or not all(port == "" or (port.isdecimal() and int(port) < 1 << 16) for port in ports):
        raise ValueError(f"connect-to rule: expected host:port:to-host:to-port, found {text!r}")
    host, port, to_host, to_port = fields
    return _Rule(host.lower(), int(port) if port else None, to_host, int(to_port) if to_port else None)


class DirectEgress:
    """Directly to the site."""

    def __init__(self, policy: AddressPolicy, connect_to: ConnectTo) -> None:
        self._policy = policy
        self._connect_to = connect_to

    async def check(self) -> str | None:
        """Without a proxy there is nothing to check."""
        return None

    async def open_socket(self, host: str, port: int) -> OpenSocket:
        """Resolve, judge, connect to the first judged address that answers; raises ``ConnectFailed``."""
        loop = asyncio.get_running_loop()
        to_host, to_port = self._connect_to.destination(host, port)
        try:
            self._policy.check_written(to_host)
            found = await loop.getaddrinfo(to_host.strip("[]"), to_port, type=socket.SOCK_STREAM)
        except AddressRefused as refused:
            raise ConnectFailed(Outcome.REFUSED_BY_POLICY, refused.reason) from refused
        except (OSError, UnicodeError) as error:
            reason = f"the name {to_host} does not resolve: {_description(error)}"
            raise ConnectFailed(Outcome.UNREACHABLE, reason) from error
        refusal: AddressRefused | None = None
        failure = f"the name {to_host} resolves to no address"
        for family, kind, protocol, _, address_info in dict.fromkeys(found):
            address = str(address_info[0])
            try:
                self._policy.check(address)
            except AddressRefused as refused:
                refusal = refused
                continue
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(sock, address_info)
            except OSError as error:
                sock.close()
                failure = f"no connection to {address} port {to_port}: {_description(error)}"
                continue
            except BaseException:
                sock.close()
                raise
            return OpenSocket(sock, address.partition("%")[0], to_port)
        if refusal is not None:
            raise ConnectFailed(Outcome.REFUSED_BY_POLICY, refusal.reason) from refusal
        raise ConnectFailed(Outcome.UNREACHABLE, failure)


class ProxyEgress:
    """Through an HTTP or SOCKS proxy (``http://``, ``socks5://``, with user and password if need be).

    The proxy resolves the names, so that this machine's resolver does not learn them; the policy judges what can
    be judged of a name.
    """

    def __init__(self, proxy_url: str, policy: AddressPolicy, connect_to: ConnectTo) -> None:
        self._proxy_url = proxy_url
        self._policy = policy
        self._connect_to = connect_to

    async def check(self) -> str | None:
        """Whether the proxy takes connections at all."""
        parts = urlsplit(self._proxy_url)
        try:
            async with asyncio.timeout(PROXY_SECONDS):
                _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except TimeoutError:
            return f"the egress proxy did not answer within {PROXY_SECONDS:g} s"
        except (OSError, UnicodeError) as error:
            number = error.errno if isinstance(error, OSError) else None
            why = os.strerror(number) if number else "its name does not resolve"
            return f"the egress proxy cannot be reached: {why}"
        writer.close()
        return None

    async def open_socket(self, host: str, port: int) -> OpenSocket:
        """Ask the proxy for a connection; raises ``ConnectFailed``."""
        to_host, to_port = self._connect_to.destination(host, port)
        try:
            self._policy.check_name(to_host)
        except AddressRefused as refused:
            raise ConnectFailed(Outcome.REFUSED_BY_POLICY, refused.reason) from refused
        try:
            if self._proxy_url.lower().startswith("http:"):
                sock = await self._through_http(to_host.strip("[]"), to_port)
            else:
                sock = await Proxy.from_url(self._proxy_url, rdns=True).connect(to_host.strip("[]"), to_port)
        except PROXY_ERRORS as error:
            reason = f"the egress proxy gives no connection to {to_host} port {to_port}: {_proxy_failure(error)}"
            raise ConnectFailed(Outcome.UNREACHABLE, reason) from error
        return OpenSocket(sock, None, to_port)

    async def _through_http(self, host: str, port: int) -> socket.socket:
        parts = urlsplit(self._proxy_url)
        user = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(TUNNEL_SECONDS):
            try:
                found = await loop.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
                sock = await _connected(found)
            except OSError as error:
                raise ProxyRefused("it cannot be reached") from error
            try:
                await open_tunnel(sock, host, port, user)
            except BaseException:
                sock.close()
                raise
        return sock


def egress_for(proxy_url: str | None, policy: AddressPolicy, connect_to: ConnectTo) -> Egress:
    """The egress through the proxy at this URL; None is direct."""
    return DirectEgress(policy, connect_to) if proxy_url is None else ProxyEgress(proxy_url, policy, connect_to)


async def _connected(found: Iterable[tuple[Any, ...]]) -> socket.socket:
    """A socket connected to the first of the addresses that answers; raises ``OSError``."""
    failure: OSError = ConnectionError("no address")
    for family, kind, protocol, _, address_info in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(sock, address_info)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


def _proxy_failure(error: Exception) -> str:
    """What went wrong with a proxy, without its address and without its own words, which may hold it."""
    if isinstance(error, ProxyRefused):
        return str(error)
    if isinstance(error, ProxyConnectionError):
        return "it cannot be reached"
    if isinstance(error, ProxyTimeoutError | TimeoutError):
        return "it does not answer in time"
    if isinstance(error, ProxyError):
        return "it refuses" if error.error_code is None else f"it refuses with code {error.error_code}"
    return "the connection to it broke"


def _description(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return text or str(error) or type(error).__name__

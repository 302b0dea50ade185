"""What a target sees of a crawl that uses an egress profile: address, request, TLS.

In: `Settings`, a profile's name, a target of the operator's choice or None. Out: `EgressProbe`, never a password.
The request takes the path of every crawl: fetcher, recorder, the profile's proxy. Without a target nothing leaves
this machine but a connection to the profile's proxy: the request goes to a local listener, and the address stays
unknown. A profile that fails is a ``problem``; no other profile is tried instead.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from crawlers.address_policy import AddressPolicy
from crawlers.engine.settings import request_headers
from crawlers.http_client import Fetcher, FetchFailed
from crawlers.model.capture import Captured, Note
from crawlers.model.exchange import Exchange
from crawlers.model.job import CrawlLimits
from crawlers.recorder.egress import ConnectTo, DirectEgress, Egress, egress_for
from crawlers.recorder.proxy import Recorder
from crawlers.recorder.tls import TlsPipe, verifying_context
from pipeline.config.parsing import DIRECT
from pipeline.config.settings import Settings
from processors.http.message import parse_response
from processors.http.tls_client_hello import read_client_hello

ANSWER_KEPT = 2000
"""Characters of a target's response that are shown."""

LIMITS = CrawlLimits(bytes=1 << 20, seconds=60.0)
VERSION_NAMES = {0x0304: "TLSv1.3", 0x0303: "TLSv1.2", 0x0302: "TLSv1.1", 0x0301: "TLSv1"}


@dataclass(frozen=True, slots=True)
class ClientFingerprint:
    """What TLS offers, in its order; the same by every profile, since TLS begins behind the proxy."""

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]
    alpn: tuple[str, ...]
    extensions: tuple[int, ...]
    groups: tuple[int, ...]
    ja3: str
    ja3_md5: str


@dataclass(frozen=True, slots=True)
class EgressProbe:
    """What a target sees by one profile. ``request`` is the request's lines as they arrive.

    ``answer`` is the target's response, which has our address only if the target shows it; ``address_unknown``
    says otherwise why the address is unknown.
    """

    profile: str
    leaves_by: str
    problem: str | None
    target: str | None
    user_agent: str
    request: tuple[str, ...]
    offer: ClientFingerprint
    tls_protocol: str | None
    tls_cipher: str | None
    status: int | None
    answer: str | None
    address_unknown: str | None

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"kind": "egress"} | asdict(self)


def probe(settings: Settings, profile: str, target: str | None) -> EgressProbe:
    """Request the target through the profile; raises `SettingsError` where there is no such profile."""
    egress_url = settings.egress_url(profile)
    host = (urlsplit(target).hostname if target else None) or "site.example"
    egress = egress_for(egress_url, AddressPolicy(settings.allow_addresses), ConnectTo(settings.connect_to))
    exchange, problem = asyncio.run(_record_probe(settings, egress, target))
    response = None if exchange is None or target is None else parse_response(_block(exchange.response.block))
    answer = None if response is None else response.body[:ANSWER_KEPT].decode("utf-8", "replace")
    return EgressProbe(
        profile=profile,
        leaves_by=render_probe(egress_url),
        problem=problem,
        target=target,
        user_agent=settings.user_agent,
        request=() if exchange is None else _lines(_block(exchange.request.block)),
        offer=offer(host, settings.upstream_ca),
        tls_protocol=None if exchange is None or exchange.tls is None else exchange.tls.protocol,
        tls_cipher=None if exchange is None or exchange.tls is None else exchange.tls.cipher,
        status=None if response is None else response.status,
        answer=answer,
        address_unknown=None if answer else "no page was requested; use --target with a page that shows it",
    )


def render_probe(egress_url: str | None) -> str:
    """A proxy's address without user and password."""
    if egress_url is None:
        return DIRECT
    parts = urlsplit(egress_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def offer(host: str, upstream_ca: Path | None) -> ClientFingerprint:
    """What the recorder's own TLS says first to ``host``."""
    context = verifying_context(upstream_ca)
    hello = read_client_hello(TlsPipe(context, server_side=False, server_hostname=host).begin())
    names = _cipher_names(context)
    return ClientFingerprint(
        versions=tuple(VERSION_NAMES.get(number, hex(number)) for number in hello.versions),
        ciphers=tuple(names.get(number, f"0x{number:04x}") for number in hello.ciphers),
        alpn=hello.alpn,
        extensions=hello.extensions,
        groups=hello.groups,
        ja3=hello.ja3,
        ja3_md5=hello.ja3_md5,
    )


def describe_probe(row: Mapping[str, Any]) -> str:
    """One profile for people."""
    offered = row["offer"]
    names = ", ".join(line.partition(":")[0] for line in row["request"][1:])
    lines = [f"{row['profile']} ({row['leaves_by']})"]
    if row["problem"]:
        lines.append(f"  problem     {row['problem']}")
    lines += [
        f"  address     {'unknown: ' + row['address_unknown'] if row['address_unknown'] else 'see the response'}",
        f"  user agent  {row['user_agent']}",
        f"  headers     {names or 'none received'}",
        f"  TLS offers  {', '.join(offered['versions'])}; ALPN {', '.join(offered['alpn'])}",
        f"              JA3 {offered['ja3_md5']} ({offered['ja3']})",
        f"              {', '.join(offered['ciphers'])}",
    ]
    if row["tls_protocol"]:
        lines.append(f"  TLS agreed  {row['tls_protocol']}, {row['tls_cipher']}")
    if row["answer"] is not None:
        lines.append(f"  {row['target']} answered {row['status']}:\n    {row['answer'].strip()[:400]}")
    return "\n".join(lines)


class _CaptureList:
    """A sink of one exchange, or of the reason why there is none."""

    def __init__(self) -> None:
        self.exchange: Exchange | None = None
        self.reason: str | None = None

    def keep(self, item: Captured) -> None:
        if isinstance(item, Exchange):
            self.exchange = item
        elif isinstance(item, Note):
            self.reason = item.reason


async def _record_probe(
    settings: Settings, egress: Egress, target: str | None
) -> tuple[Exchange | None, str | None]:
    """The exchange as recorded, and why the way out or the target failed."""
    problem = await egress.check()
    if target is not None:
        return (None, problem) if problem else await _record_fetch(settings, egress, target)
    server = await asyncio.start_server(_listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        here = DirectEgress(AddressPolicy(("127.0.0.1/32",)), ConnectTo((f"::127.0.0.1:{port}",)))
        exchange, broken = await _record_fetch(settings, here, "http://site.example/")
    return exchange, problem or broken


async def _record_fetch(settings: Settings, egress: Egress, target: str) -> tuple[Exchange | None, str | None]:
    captured = _CaptureList()
    failure: str | None = None
    with TemporaryDirectory(prefix="letapis-") as folder:
        recorder = Recorder(
            captured,
            crawl_id="doctor",
            folder=Path(folder),
            egress=egress,
            limits=LIMITS,
            upstream_ca=settings.upstream_ca,
        )
        fetcher = Fetcher(await recorder.start())
        try:
            headers = request_headers(settings.user_agent).items()
            await fetcher.fetch(target, [*headers], page_id="doctor", keep_bytes=1 << 20)
        except FetchFailed as failed:
            failure = failed.reason
        finally:
            await fetcher.close()
            await recorder.close()
    return captured.exchange, failure and (captured.reason or failure)


async def _listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The target of our own."""
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
    writer.close()


def _block(block: Any) -> bytes:
    return block if isinstance(block, bytes) else b"".join(block.chunks())


def _lines(request: bytes) -> tuple[str, ...]:
    return tuple(request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n"))


def _cipher_names(context: ssl.SSLContext) -> dict[int, str]:
    return {each["id"] & 0xFFFF: each["name"] for each in context.get_ciphers()} | {
        0x00FF: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"
    }

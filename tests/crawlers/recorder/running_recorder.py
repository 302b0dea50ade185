"""A recorder running in a thread, and an engine so plain that a test sees every byte."""

import asyncio
import base64
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from crawlers.address_policy import AddressPolicy
from crawlers.model.capture import Captured, Note
from crawlers.model.exchange import Exchange
from crawlers.model.job import CrawlLimits
from crawlers.recorder.egress import ConnectTo, DirectEgress, Egress
from crawlers.recorder.proxy import Recorder, RecorderAddress
from crawlers.recorder.session import Totals


class KeptInMemory:
    """A sink a test can look into."""

    def __init__(self) -> None:
        self.items: list[Captured] = []

    def keep(self, item: Captured) -> None:
        self.items.append(item)

    @property
    def exchanges(self) -> list[Exchange]:
        return [item for item in self.items if isinstance(item, Exchange)]

    @property
    def notes(self) -> list[Note]:
        return [item for item in self.items if isinstance(item, Note)]


def block_of(message: Any) -> bytes:
    block = message.block
    return block if isinstance(block, bytes) else b"".join(block.chunks())


class RunningRecorder:
    """A recorder in an event loop of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        sink: Any = None,
        loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
        connect_to: tuple[str, ...] = (),
        allowed: tuple[str, ...] = ("127.0.0.0/8",),
        limits: CrawlLimits | None = None,
        upstream_ca: Path | None = None,
        egress: Egress | None = None,
        allow_invalid_certificate: bool = False,
        direct: bool = False,
    ) -> None:
        self.sink = sink or KeptInMemory()
        self.direct = direct
        self._loop = loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.recorder = Recorder(
            self.sink,
            crawl_id="01JNKZ5V0000000000000000CR",
            folder=folder,
            egress=egress or DirectEgress(AddressPolicy(allowed), ConnectTo(connect_to)),
            limits=limits or CrawlLimits(),
            upstream_ca=upstream_ca,
            allow_invalid_certificate=allow_invalid_certificate,
            direct=direct,
        )
        self.address: RecorderAddress = self.run(self.recorder.start())
        self.totals: Totals | None = None
        self.closed = False

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def close(self) -> None:
        self.closed = True
        try:
            self.totals = self.run(self.recorder.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def credentials(self, page_id: str = "page-1") -> bytes:
        return b"Basic " + base64.b64encode(f"{page_id}:{self.address.password}".encode())

    def connect(self) -> socket.socket:
        sock = socket.create_connection((self.address.host, self.address.port), timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def tunnel(
        self, authority: str, *, page_id: str = "page-1", fields: bytes = b"", tls: bool = True
    ) -> socket.socket:
        """An open tunnel; raises ``ConnectionError`` with the answer where it is not opened."""
        sock = self.connect()
        sock.sendall(
            b"CONNECT %s HTTP/1.1\r\nHost: %s\r\nProxy-Authorization: %s\r\n%s\r\n"
            % (authority.encode(), authority.encode(), self.credentials(page_id), fields)
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)
            if not byte:
                break
            head += byte
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head + read_all(sock))
        if not tls:
            return sock
        context = ssl.create_default_context(cadata=self.address.authority_pem)
        context.set_alpn_protocols(["http/1.1"])
        host = authority.rpartition(":")[0].strip("[]")
        return context.wrap_socket(sock, server_hostname=host, suppress_ragged_eofs=True)


def read_all(sock: socket.socket) -> bytes:
    """Everything until the other side ends."""
    content = b""
    while True:
        try:
            data = sock.recv(1 << 16)
        except (ConnectionError, ssl.SSLError):
            return content
        if not data:
            return content
        content += data


def read_exactly(sock: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        data = sock.recv(min(1 << 16, length - len(content)))
        if not data:
            break
        content += data
    return bytes(content)

"""The socket over which an engine asks the crawl's own process for slots: a Unix socket in the spool folder.

An engine reads hostile pages and has no access to the database; the crawl's process has, and keeps the rate limit.
Messages are one JSON object per line. The engine sends ``{"take": HOST, "as": N}`` and receives ``{"as": N,
"turn": ID, "leave_by": T, "given_at": T}`` (T on the clock of `time.monotonic`, which processes of one machine
share) or ``{"as": N, "over": REASON}``; it sends ``{"done": ID}`` or ``{"unused": ID}``, ``{"hold": HOST,
"seconds": S}``, and ``{"slow": HOST, "delay_s": S}``.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, cast

from crawlers.http_client import CrawlLimitReached
from crawlers.rate_limit.limiter import HostAbandoned, HostRateLimiter, Slot
from crawlers.recorder.capture_socket import short_path

SOCKET_NAME = "pace"


class JsonLinesProtocol(asyncio.Protocol):
    """Splits incoming bytes into lines of JSON: ``receive`` takes each, ``ended`` is called when no more come."""

    def __init__(self) -> None:
        self.transport: asyncio.WriteTransport | None = None
        self._incomplete = b""

    def receive(self, message: dict[str, Any]) -> None:
        """Take one message."""
        raise NotImplementedError

    def ended(self) -> None:
        """The connection has ended."""
        raise NotImplementedError

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; nothing where the connection has ended."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(json.dumps(message).encode() + b"\n")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self.transport = cast(asyncio.WriteTransport, transport)  # which uvloop's is in all but name

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        *lines, self._incomplete = (self._incomplete + data).split(b"\n")
        for line in lines:
            self.receive(json.loads(line))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self.ended()


class RateLimitServer:
    """The socket's end in the crawl's own process."""

    def __init__(self, folder: Path, limiter: HostRateLimiter) -> None:
        self._folder = folder
        self._limiter = limiter
        self._server: asyncio.Server | None = None
        self._connections: set[_EngineConnection] = set()

    async def start(self) -> None:
        """Open the socket; raises ``OSError`` where one is there already."""
        listener = socket.socket(socket.AF_UNIX)
        with short_path(self._folder, SOCKET_NAME) as path:
            listener.bind(path)
        (self._folder / SOCKET_NAME).chmod(0o600)
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: _EngineConnection(self._limiter, self._connections), sock=listener
        )

    async def close(self) -> None:
        """End every connection and remove the socket."""
        for connection in tuple(self._connections):
            connection.close()
        if self._server is not None:
            self._server.close()
            (self._folder / SOCKET_NAME).unlink(missing_ok=True)


class _EngineConnection(JsonLinesProtocol):
    """One engine, as the crawl's process sees it: its requests for slots, and the slots it has."""

    def __init__(self, limiter: HostRateLimiter, connections: "set[_EngineConnection]") -> None:
        super().__init__()
        self._limiter = limiter
        self._connections = connections
        self._granted: dict[int, Slot] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    def receive(self, message: dict[str, Any]) -> None:
        """Do what the engine requests."""
        self._connections.add(self)
        if "take" in message:
            task = asyncio.get_running_loop().create_task(self._grant(message["take"], message["as"]))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        elif "done" in message:
            self._limiter.give_back(self._granted.pop(message["done"]))
        elif "unused" in message:
            self._limiter.give_back(self._granted.pop(message["unused"]), unused=True)
        elif "hold" in message:
            self._limiter.back_off(message["hold"], message["seconds"])
        else:
            self._limiter.raise_delay(message["slow"], message["delay_s"])

    def close(self) -> None:
        """End the connection."""
        if self.transport is not None:
            self.transport.close()

    def ended(self) -> None:
        """Give back what the engine had."""
        self._connections.discard(self)
        for task in self._waiting:
            task.cancel()
        for slot in self._granted.values():
            self._limiter.give_back(slot)
        self._granted.clear()

    async def _grant(self, host: str, number: int) -> None:
        try:
            slot = await self._limiter.take(host)
        except HostAbandoned as over:
            self.send({"as": number, "over": over.reason})
        else:
            self._granted[slot.id] = slot
            self.send({"as": number, "turn": slot.id, "leave_by": slot.leave_by, "given_at": slot.given_at})


class RateLimitClient(JsonLinesProtocol):
    """The engine's end: a ``RateLimiter``. The connection is made at the first request for a slot."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._connecting = asyncio.Lock()

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Wait for a slot and keep it; raises `HostAbandoned`, or ``CrawlLimitReached`` where the crawl's process
        has ended.
        """
        slot = await self._take(host)
        while slot.late:
            self.send({"unused": slot.id})
            slot = await self._take(host)
        try:
            yield
        finally:
            self.send({"done": slot.id})

    def back_off(self, host: str, seconds: float) -> None:
        """Have nothing sent to the host for so many seconds."""
        self.send({"hold": host, "seconds": seconds})

    def raise_delay(self, host: str, delay_s: float) -> None:
        """Keep at least this delay there."""
        self.send({"slow": host, "delay_s": delay_s})

    def receive(self, message: dict[str, Any]) -> None:
        """Pass a slot on to the request that waits for it."""
        answer = self._answers.get(message["as"])
        if answer is not None and not answer.done():
            answer.set_result(message)
        elif "turn" in message:  # the request was cancelled meanwhile
            self.send({"unused": message["turn"]})

    def ended(self) -> None:
        """Fail every request that waits."""
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(CrawlLimitReached("no slots are granted any more: the crawl has ended"))

    async def _take(self, host: str) -> Slot:
        await self._connect()
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self.send({"take": host, "as": number})
        if self.transport is None or self.transport.is_closing():
            self.ended()
        try:
            row = await answer
        finally:
            del self._answers[number]
        if "over" in row:
            raise HostAbandoned(row["over"])
        return Slot(row["turn"], host, row["leave_by"], row["given_at"])

    async def _connect(self) -> None:
        async with self._connecting:
            if self.transport is None:
                try:
                    with short_path(self._folder, SOCKET_NAME) as path:
                        await asyncio.get_running_loop().create_unix_connection(lambda: self, path)
                except OSError as error:
                    raise CrawlLimitReached(f"no slots are granted any more: {error}") from error

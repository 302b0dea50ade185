"""The line on which an engine asks the crawl's own process for its turns: a Unix socket in the spool folder.

The engine reads what hostile pages say and has no way to the database; the crawl's process has, and keeps the
pace. One JSON object per line. The engine sends ``{"take": HOST, "as": N}`` and hears ``{"as": N, "turn": ID,
"leave_by": T, "given_at": T}`` (T on the clock of `time.monotonic`, which processes of one machine share) or
``{"as": N, "over": REASON}``; it sends ``{"done": ID}`` or ``{"unused": ID}``, ``{"hold": HOST, "seconds": S}``,
and ``{"slow": HOST, "delay_s": S}``.
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
    """Cuts what comes into lines of JSON. ``receive`` takes each, ``ended`` is called when no more come."""

    def __init__(self) -> None:
        self.transport: asyncio.WriteTransport | None = None
        self._begun = b""

    def receive(self, message: dict[str, Any]) -> None:
        """Take one line."""
        raise NotImplementedError

    def ended(self) -> None:
        """The other end has gone."""
        raise NotImplementedError

    def send(self, row: dict[str, Any]) -> None:
        """Send one line; to an end that has gone, nothing."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(json.dumps(row).encode() + b"\n")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self.transport = cast(asyncio.WriteTransport, transport)  # which uvloop's is in all but name

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        *whole, self._begun = (self._begun + data).split(b"\n")
        for line in whole:
            self.receive(json.loads(line))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self.ended()


class RateLimitServer:
    """The end of the crawl's own process."""

    def __init__(self, folder: Path, pace: HostRateLimiter) -> None:
        self._folder = folder
        self._pace = pace
        self._server: asyncio.Server | None = None
        self._engines: set[_EngineConnection] = set()

    async def start(self) -> None:
        """Open the socket; raises ``OSError`` where one is there already."""
        listener = socket.socket(socket.AF_UNIX)
        with short_path(self._folder, SOCKET_NAME) as path:
            listener.bind(path)
        (self._folder / SOCKET_NAME).chmod(0o600)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(
            lambda: _EngineConnection(self._pace, self._engines), sock=listener
        )

    async def close(self) -> None:
        """Take no more wishes."""
        for engine in tuple(self._engines):
            engine.end()
        if self._server is not None:
            self._server.close()
            (self._folder / SOCKET_NAME).unlink(missing_ok=True)


class _EngineConnection(JsonLinesProtocol):
    """One engine, as the crawl's process sees it: its wishes, and the turns it has."""

    def __init__(self, pace: HostRateLimiter, among: "set[_EngineConnection]") -> None:
        super().__init__()
        self._pace = pace
        self._among = among
        self._given: dict[int, Slot] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    def receive(self, message: dict[str, Any]) -> None:
        """Do what the engine wishes."""
        self._among.add(self)
        if "take" in message:
            task = asyncio.get_running_loop().create_task(self._give(message["take"], message["as"]))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        elif "done" in message:
            self._pace.give_back(self._given.pop(message["done"]))
        elif "unused" in message:
            self._pace.give_back(self._given.pop(message["unused"]), unused=True)
        elif "hold" in message:
            self._pace.back_off(message["hold"], message["seconds"])
        else:
            self._pace.raise_delay(message["slow"], message["delay_s"])

    def end(self) -> None:
        """Let go of the engine."""
        if self.transport is not None:
            self.transport.close()

    def ended(self) -> None:
        """Give back what the engine had."""
        self._among.discard(self)
        for task in self._waiting:
            task.cancel()
        for slot in self._given.values():
            self._pace.give_back(slot)
        self._given.clear()

    async def _give(self, host: str, number: int) -> None:
        try:
            slot = await self._pace.take(host)
        except HostAbandoned as over:
            self.send({"as": number, "over": over.reason})
        else:
            self._given[slot.id] = slot
            self.send({"as": number, "turn": slot.id, "leave_by": slot.leave_by, "given_at": slot.given_at})


class RateLimitClient(JsonLinesProtocol):
    """The engine's end: a ``RateLimiter``. The connection is made at the first wish."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._connecting = asyncio.Lock()

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Wait for the turn and hold it; raises `HostAbandoned`, or ``CrawlLimitReached`` where nobody answers
        any more.
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
        """Have the host left alone."""
        self.send({"hold": host, "seconds": seconds})

    def raise_delay(self, host: str, delay_s: float) -> None:
        """Keep at least this pause there."""
        self.send({"slow": host, "delay_s": delay_s})

    def receive(self, message: dict[str, Any]) -> None:
        """Pass a turn on to whoever wished for it."""
        asked = self._asked.get(message["as"])
        if asked is not None and not asked.done():
            asked.set_result(message)
        elif "turn" in message:  # whoever wished for it has gone
            self.send({"unused": message["turn"]})

    def ended(self) -> None:
        """Tell everybody who waits."""
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(CrawlLimitReached("nobody gives turns any more: the crawl has ended"))

    async def _take(self, host: str) -> Slot:
        await self._connect()
        number = next(self._numbers)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        self.send({"take": host, "as": number})
        if self.transport is None or self.transport.is_closing():
            self.ended()
        try:
            row = await asked
        finally:
            del self._asked[number]
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
                    raise CrawlLimitReached(f"nobody gives turns any more: {error}") from error

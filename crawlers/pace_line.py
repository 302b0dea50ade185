"""The line on which an engine asks the crawl's own process for its turns: a Unix socket in the spool folder.

The engine reads what hostile pages say and has no way to the database; the crawl's process has, and keeps the
pace. One JSON object per line. The engine sends ``{"take": HOST, "as": N}`` and hears ``{"as": N, "turn": ID,
"leave_by": T}`` (T on the clock of `time.monotonic`, which processes of one machine share) or ``{"as": N, "over":
REASON}``; it sends ``{"done": ID}`` or ``{"unused": ID}``, ``{"hold": HOST, "seconds": S}``, and ``{"slow": HOST,
"delay_s": S}``.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from crawlers.fetch import CrawlOver
from crawlers.pace import CrawlPace, HostGivenUp, Turn
from crawlers.recorder.handover import short_path

SOCKET_NAME = "pace"


class PaceServer:
    """The end of the crawl's own process."""

    def __init__(self, folder: Path, pace: CrawlPace) -> None:
        self._folder = folder
        self._pace = pace
        self._server: asyncio.Server | None = None
        self._waiting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the socket; raises ``OSError`` where one is there already."""
        listener = socket.socket(socket.AF_UNIX)
        with short_path(self._folder, SOCKET_NAME) as path:
            listener.bind(path)
        (self._folder / SOCKET_NAME).chmod(0o600)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener)

    async def close(self) -> None:
        """Take no more wishes."""
        for task in self._waiting:
            task.cancel()
        if self._server is not None:
            self._server.close()
            (self._folder / SOCKET_NAME).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        given: dict[int, Turn] = {}
        try:
            while line := await reader.readline():
                self._hear(json.loads(line), given, writer)
        except ConnectionError:
            return  # the engine has ended
        finally:
            for turn in given.values():
                self._pace.give_back(turn)
            writer.close()

    def _hear(self, said: dict[str, Any], given: dict[int, Turn], writer: asyncio.StreamWriter) -> None:
        if "take" in said:
            task = asyncio.create_task(self._give(said["take"], said["as"], given, writer))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        elif "done" in said:
            self._pace.give_back(given.pop(said["done"]))
        elif "unused" in said:
            self._pace.give_back(given.pop(said["unused"]), unused=True)
        elif "hold" in said:
            self._pace.hold(said["hold"], said["seconds"])
        else:
            self._pace.slow(said["slow"], said["delay_s"])

    async def _give(self, host: str, number: int, given: dict[int, Turn], writer: asyncio.StreamWriter) -> None:
        row: dict[str, Any]
        try:
            turn = await self._pace.take(host)
        except HostGivenUp as over:
            row = {"as": number, "over": over.reason}
        else:
            given[turn.id] = turn
            row = {"as": number, "turn": turn.id, "leave_by": turn.leave_by}
        writer.write(_line(row))


class PaceLine:
    """The engine's end: a ``Pace``. The connection is made at the first wish."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._connecting = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the turn and hold it; raises `HostGivenUp`, or ``CrawlOver`` where nobody answers any more."""
        turn = await self._take(host)
        while turn.late:
            self._send({"unused": turn.id})
            turn = await self._take(host)
        try:
            yield
        finally:
            self._send({"done": turn.id})

    def hold(self, host: str, seconds: float) -> None:
        """Have the host left alone."""
        self._send({"hold": host, "seconds": seconds})

    def slow(self, host: str, delay_s: float) -> None:
        """Keep at least this pause there."""
        self._send({"slow": host, "delay_s": delay_s})

    async def _take(self, host: str) -> Turn:
        await self._connect()
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._send({"take": host, "as": number})
        try:
            row = await self._asked[number]
        finally:
            del self._asked[number]
        if "over" in row:
            raise HostGivenUp(row["over"])
        return Turn(row["turn"], host, row["leave_by"])

    async def _connect(self) -> None:
        async with self._connecting:
            if self._writer is None:
                try:
                    with short_path(self._folder, SOCKET_NAME) as path:
                        reader, self._writer = await asyncio.open_unix_connection(path)
                except OSError as error:
                    raise CrawlOver(f"nobody gives turns any more: {error}") from error
                self._listening = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                row = json.loads(line)
                asked = self._asked.get(row["as"])
                if asked is not None and not asked.done():
                    asked.set_result(row)
                elif "turn" in row:  # whoever wished for it has gone
                    self._send({"unused": row["turn"]})
        except ConnectionError:
            pass  # said below, to everybody who waits
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(CrawlOver("nobody gives turns any more: the crawl has ended"))

    def _send(self, row: dict[str, Any]) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(_line(row))


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode() + b"\n"

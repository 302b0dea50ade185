"""The only way out that a replaying browser has: a listener on loopback that writes down who wanted to go
where.

In: nothing. Out: the proxy's address, and `WayOut.wanted`: what was requested of it. Nothing is passed on, so
what stands there has not happened; that it was tried means that the replay's own policies did not hold the
page.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

LINE_S: Final = 5.0
MOST_WANTED: Final = 100
CHARACTERS: Final = 500


@dataclass(slots=True)
class WayOut:
    """``wanted``: the addresses, each once, in order."""

    port: int = 0
    wanted: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Write the request down, and close."""
        line = b""
        with suppress(TimeoutError, ValueError, OSError):
            async with asyncio.timeout(LINE_S):
                line = await reader.readline()
        _, _, rest = line.decode("latin-1").strip().partition(" ")
        target = rest.rpartition(" ")[0][:CHARACTERS] or "a connection without a request"
        if target not in self.wanted and len(self.wanted) < MOST_WANTED:
            self.wanted.append(target)
        writer.close()


@asynccontextmanager
async def way_out() -> AsyncIterator[WayOut]:
    """The listener while the block runs."""
    out = WayOut()
    server = await asyncio.start_server(out.answer, "127.0.0.1", 0)
    out.port = server.sockets[0].getsockname()[1]
    try:
        yield out
    finally:
        server.close()

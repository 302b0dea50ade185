"""Listens on loopback and hands every request to the site of its host name.

One port speaks both HTTP and HTTPS: the first byte of a connection tells which (0x16 opens a TLS handshake), so
that ``--connect-to ::127.0.0.1:PORT`` serves addresses of either scheme.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable

from samples.messages import Answer, Request
from samples.wire import converse

TLS_HANDSHAKE = b"\x16"
FIRST_BYTE_S = 30.0
Day = Callable[[], int]


class LoopbackServer:
    """Serves ``site`` on 127.0.0.1 from a thread with its own event loop, until closed."""

    def __init__(
        self, site: Callable[[Request], Answer], day: Day, context: ssl.SSLContext, port: int = 0
    ) -> None:
        self._site, self._day, self._context = site, day, context
        self._socket = socket.create_server(("127.0.0.1", port), backlog=128)
        self._socket.setblocking(False)
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="sample-sites", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that answers."""
        port: int = self._socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop answering and drop every open connection."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        accepting = asyncio.create_task(self._accept())
        await self._closing.wait()
        everything = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        accepting.cancel()
        for task in everything:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)
        self._socket.close()

    async def _accept(self) -> None:
        talking: set[asyncio.Task[None]] = set()
        while True:
            connection, _ = await self._loop.sock_accept(self._socket)
            task = asyncio.create_task(self._talk(connection))
            talking.add(task)
            task.add_done_callback(talking.discard)

    async def _talk(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            async with asyncio.timeout(FIRST_BYTE_S):
                secure = await self._first_byte(connection) == TLS_HANDSHAKE
            reader = asyncio.StreamReader(limit=2**16)
            protocol = asyncio.StreamReaderProtocol(reader)
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._context if secure else None
            )
        except (OSError, TimeoutError):
            connection.close()  # a refused handshake or a client that left: a fact for the client to record
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        await converse(reader, writer, self._day, self._site, "https" if secure else "http")

    async def _first_byte(self, connection: socket.socket) -> bytes:
        readable: asyncio.Future[None] = self._loop.create_future()

        def notice() -> None:
            if not readable.done():
                readable.set_result(None)

        self._loop.add_reader(connection, notice)
        try:
            await readable
        finally:
            self._loop.remove_reader(connection)
        return connection.recv(1, socket.MSG_PEEK)

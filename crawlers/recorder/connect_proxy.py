"""Asks an HTTP proxy for a connection to a site with ``CONNECT`` (RFC 9110, section 9.3.6).

In: a socket connected to the proxy. Out: nothing; the socket then leads to the site, and not one byte of it has
been read. Raises ``ProxyRefused`` for every answer that opens no clean tunnel: another status than 2xx (a 101 as
well), a head without end, and bytes behind the head, which would pass for the site's.
"""

import asyncio
import base64
import socket
from typing import Final

from processors.http.head import head_end, read_head, status_of

MOST_HEAD_BYTES: Final = 16 << 10
"""More than any proxy says before a tunnel."""

MOST_INTERIM: Final = 8
READ_BYTES: Final = 4 << 10


class ProxyRefused(Exception):
    """The proxy opens no tunnel; the text, which holds none of the proxy's own words, says why."""


async def open_tunnel(sock: socket.socket, host: str, port: int, credentials: tuple[str, str] | None) -> None:
    """Ask for the tunnel and read the answer to its last byte; raises ``ProxyRefused`` or ``OSError``."""
    destination = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {destination} HTTP/1.1", f"Host: {destination}"]
    if credentials is not None:
        token = base64.b64encode(":".join(credentials).encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {token}")
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, "\r\n".join((*lines, "", "")).encode("latin-1"))
    answer = b""
    interim = 0
    while True:
        end = head_end(answer)
        if end is None:
            if len(answer) > MOST_HEAD_BYTES:
                raise ProxyRefused(f"its answer has no end within {MOST_HEAD_BYTES} bytes")
            data = await loop.sock_recv(sock, READ_BYTES)
            if not data:
                raise ProxyRefused("it ended the connection without a whole answer")
            answer += data
            continue
        status = status_of(read_head(answer[:end]))
        if status is None:
            raise ProxyRefused("its answer is not HTTP")
        answer = answer[end:]
        if 100 <= status[0] < 200 and status[0] != 101 and interim < MOST_INTERIM:
            interim += 1
            continue
        if not 200 <= status[0] < 300:
            raise ProxyRefused(f"it refuses with code {status[0]}")
        if answer:
            raise ProxyRefused("it sent more than its answer, before anything was asked of the site")
        return

"""The site that benchmarks ask for pages: loopback, plain or with TLS, in a process of its own.

``with Site(...)`` starts it. Answers each ``GET`` with one of 64 pages, by the number in its path.
"""

import asyncio
import json
import re
import ssl
import sys
from pathlib import Path
from typing import cast

import uvloop

from benchmarks.material import head_of, pages
from benchmarks.site_process import SiteProcess, write_certificate

NAMES = ("localhost", "a.example", "t.me", "127.0.0.1")
NUMBER = re.compile(rb"GET [^ ]*?(\d+)[^ /]* HTTP")


class Site(SiteProcess):
    """A running site. ``authority`` is the certificate to trust, None without TLS."""

    def __init__(self, folder: Path, *, tls: bool, page_bytes: int) -> None:
        self.authority = folder / "site-ca.pem" if tls else None
        self.scheme = "https" if tls else "http"
        leaf = folder / "site-leaf.pem"
        if self.authority is not None:
            write_certificate(self.authority, leaf, *NAMES)
        what = {"leaf": str(leaf) if tls else None, "page_bytes": page_bytes}
        super().__init__("benchmarks.site", json.dumps(what))


async def serve(leaf: str | None, page_bytes: int) -> None:
    answers = [head_of(content) + content for content in pages(64, page_bytes)]

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.Transport, transport)
            self.asked = b""

        def data_received(self, data: bytes) -> None:
            *whole, self.asked = (self.asked + data).split(b"\r\n\r\n")
            for head in whole:
                found = NUMBER.match(head)
                self.transport.write(answers[int(found[1]) % len(answers) if found else 0])

    context = None
    if leaf is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf)
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(**json.loads(sys.argv[1])))

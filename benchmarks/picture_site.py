"""A site whose pages are tall and load 20 things each, over TLS, in a process of its own.

``with PictureSite(folder) as site`` starts it: ``site.page(n)`` is the address of a page with three style sheets,
three scripts and fourteen photographs, each under an address that no other page has.
"""

import asyncio
import io
import random
import re
import ssl
import sys
from pathlib import Path
from typing import Final, cast

import numpy as np
import uvloop
from PIL import Image, ImageFilter

from benchmarks.material import SCRIPT, STYLES, head_of, sentences
from benchmarks.site_process import SiteProcess, write_certificate

STYLE_SHEETS, SCRIPTS, PICTURES = 3, 3, 14
RESOURCES: Final = STYLE_SHEETS + SCRIPTS + PICTURES
WIDTH, HEIGHT = 640, 360
REQUEST: Final = re.compile(rb"GET /(page|css|js|jpg)(?:/(\d+))?")


class PictureSite(SiteProcess):
    """A running site; ``authority`` is the certificate to trust."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "picture-site-ca.pem"
        leaf = folder / "picture-site-leaf.pem"
        write_certificate(self.authority, leaf, "127.0.0.1")
        super().__init__("benchmarks.picture_site", str(leaf))

    def page(self, number: int) -> str:
        """The address of a page."""
        return f"https://127.0.0.1:{self.port}/page?p={number}"


def page(query: str) -> bytes:
    """The markup of a page; ``query`` makes the addresses of what it loads its own."""
    draw = random.Random(query)
    head = [f"<link rel=stylesheet href='/css/{n}?{query}'>" for n in range(STYLE_SHEETS)]
    head += [f"<script src='/js/{n}?{query}'></script>" for n in range(SCRIPTS)]
    body = [
        f"<p class='c-{n}'>{sentences(draw, 60)}</p><img src='/jpg/{n}?{query}' width={WIDTH} height={HEIGHT}>"
        for n in range(PICTURES)
    ]
    title = sentences(draw, 6)
    return (
        f"<!doctype html><html lang=be><meta charset=utf-8><title>{title}</title>{''.join(head)}"
        f"<link rel=icon href='data:,'><h1>{title}</h1>{''.join(body)}</html>"
    ).encode()


def photographs() -> list[bytes]:
    """Pictures with the grain and the size in bytes (some 30 KB) of photographs."""
    draw = np.random.default_rng(1)
    made = []
    for _ in range(PICTURES):
        noise = Image.fromarray(draw.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8))
        large = noise.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))
        grain = np.asarray(large, dtype=np.int16) + draw.integers(-8, 9, (HEIGHT, WIDTH, 1))
        out = io.BytesIO()
        Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=80)
        made.append(out.getvalue())
    return made


def answers_of(pictures: list[bytes], kind: bytes, number: int, query: str) -> bytes:
    """The response to one request."""
    if kind == b"page":
        content, media_type = page(query), "text/html; charset=utf-8"
    elif kind == b"css":
        content, media_type = STYLES.encode(), "text/css"
    elif kind == b"js":
        content, media_type = SCRIPT.encode(), "text/javascript"
    else:
        content, media_type = pictures[number % PICTURES], "image/jpeg"
    return head_of(content, (("Content-Type", media_type), ("Cache-Control", "max-age=3600"))) + content


async def serve(leaf: str) -> None:
    pictures = photographs()

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.Transport, transport)
            self.received = b""

        def data_received(self, data: bytes) -> None:
            *whole, self.received = (self.received + data).split(b"\r\n\r\n")
            for head in whole:
                found = REQUEST.match(head)
                if found is None:
                    self.transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    continue
                query = head.partition(b"\r\n")[0].partition(b"?")[2].partition(b" ")[0].decode()
                self.transport.write(answers_of(pictures, found[1], int(found[2] or 0), query))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))

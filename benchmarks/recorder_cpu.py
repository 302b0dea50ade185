"""CPU per 65 KB HTTPS exchange: recorder and WARC writing together, in a process of their own.

usage: python -m benchmarks.recorder_cpu [exchanges] [connections]

An origin and engines, each in its own process, keep connections open and ask for pages with Cyrillic text. Prints
one JSON object: milliseconds of CPU (user and system) of the recorder's process per exchange, and exchanges
per second.
"""

import asyncio
import json
import multiprocessing
import random
import resource
import ssl
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import trustme
import uvloop

from crawlers.addresses import AddressPolicy
from crawlers.capture import Limits
from crawlers.recorder.egress import ConnectTo, Direct
from crawlers.recorder.proxy import Recorder
from storage.spool import Spool

PAGE_BYTES = 65_000


def page() -> bytes:
    draw = random.Random(7)
    words = ["".join(draw.choices("абвгдежзіклмнопрстуўфхцчшыьэюя", k=draw.randint(2, 11))) for _ in range(3000)]
    text = b""
    while len(text) < PAGE_BYTES:
        text += ("<p class='t'>" + " ".join(draw.choices(words, k=40)) + "</p>\n").encode()
    return text[:PAGE_BYTES]


def origin(ready: Connection, certificate: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: b\r\nContent-Length: %d\r\n\r\n"
    content = page()
    response = head % len(content) + content

    class Site(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            for _ in range(data.count(b"\r\n\r\n")):
                self.transport.write(response)  # type: ignore[attr-defined] # it is a Transport

    async def serve() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server = await asyncio.get_running_loop().create_server(Site, "127.0.0.1", 0, ssl=context)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(serve())


def recorder(pipe: Connection, port: int, authority: Path, spool_dir: Path) -> None:
    async def record() -> None:
        spool = Spool(spool_dir, "01JNKZ5V0000000000000000CR", {"software": "benchmark"})
        egress = Direct(AddressPolicy(["127.0.0.0/8"]), ConnectTo([f"::127.0.0.1:{port}"]))
        machine = Recorder(
            spool, crawl_id="c", folder=spool.folder, egress=egress, limits=Limits(), upstream_ca=authority
        )
        pipe.send(await machine.start())
        loop = asyncio.get_running_loop()
        while True:
            said = await loop.run_in_executor(None, pipe.recv)
            if said == "stop":
                break
            usage = resource.getrusage(resource.RUSAGE_SELF)
            pipe.send((usage.ru_utime + usage.ru_stime, machine.totals.exchanges, usage.ru_maxrss))
        await machine.close()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send((usage.ru_utime + usage.ru_stime, machine.totals.exchanges, sum(f.bytes for f in spool.close())))

    uvloop.run(record())


async def engines(host: str, port: int, credentials: bytes, trust: ssl.SSLContext, count: int, width: int) -> None:
    left = count

    async def engine() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
        writer.write(b"CONNECT a.example:443 HTTP/1.1\r\nProxy-Authorization: Basic %s\r\n\r\n" % credentials)
        await reader.readuntil(b"\r\n\r\n")
        await writer.start_tls(trust, server_hostname="a.example")
        while left > 0:
            left -= 1
            writer.write(b"GET /p%d HTTP/1.1\r\nHost: a.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n" % left)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split()[0]))
        writer.close()

    await asyncio.gather(*[engine() for _ in range(width)])


def main() -> None:
    import base64

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 16
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        authority.issue_cert("a.example").private_key_and_cert_chain_pem.write_to_path(folder / "leaf.pem")
        ready, theirs = context.Pipe()
        site = context.Process(target=origin, args=(theirs, folder / "leaf.pem"), daemon=True)
        site.start()
        pipe, theirs = context.Pipe()
        machine = context.Process(
            target=recorder, args=(theirs, ready.recv(), folder / "ca.pem", folder / "spool"), daemon=True
        )
        machine.start()
        address = pipe.recv()
        credentials = base64.b64encode(f"p:{address.password}".encode())
        trust = ssl.create_default_context(cadata=address.authority_pem)
        uvloop.run(engines(address.host, address.port, credentials, trust, 200, width))
        pipe.send("usage")
        cpu_before, exchanges_before, _ = pipe.recv()
        began = time.perf_counter()
        uvloop.run(engines(address.host, address.port, credentials, trust, count, width))
        seconds = time.perf_counter() - began
        pipe.send("usage")
        _, _, most_kilobytes = pipe.recv()
        pipe.send("stop")
        cpu_after, exchanges_after, written = pipe.recv()
        done = exchanges_after - exchanges_before
        result = {
            "exchanges": done,
            "cpu_ms_per_exchange": round((cpu_after - cpu_before) / done * 1000, 3),
            "exchanges_per_second": round(done / seconds),
            "warc_bytes_per_exchange": round(written / exchanges_after),
            "most_memory_mb": round(most_kilobytes / 1024),
        }
        print(json.dumps(result))


if __name__ == "__main__":
    main()

"""CPU per 65 KB HTTPS exchange, recording and WARC writing together: our recorder beside warcprox.

Run: ``python -m benchmarks.recorder [--json] [--rounds N] [--exchanges N] [--peers FOLDER]``. The same engines ask
the same site through each proxy; only the proxy's own process is counted, to the end of what it does behind the
last answer. Engines keep connections where the proxy does (warcprox ends each after one exchange); ours is also
measured with a new connection for each exchange. warcprox runs with gzip, and without its de-duplication and
statistics databases, which ours has no part of.
"""

import asyncio
import base64
import multiprocessing
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from benchmarks.peer_environments import programs_of
from benchmarks.site import Site
from benchmarks.timing import Cost, Ratio, Way, arguments, cpu_of, idle, report, rounds_of
from crawlers.address_policy import AddressPolicy
from crawlers.model.job import CrawlLimits
from crawlers.recorder.egress import ConnectTo, DirectEgress
from crawlers.recorder.proxy import Recorder
from pipeline.devstack.ports import free_ports
from storage.spool.spool import Spool

PAGE_BYTES = 65_000
WIDTH = 8


@dataclass(frozen=True, slots=True)
class Door:
    """How engines get through a proxy."""

    pid: int
    port: int
    credentials: bytes
    authority_pem: str
    written: Callable[[], int]


async def ask(door: Door, site_port: int, count: int, *, keep: bool) -> None:
    """``count`` exchanges over ``WIDTH`` connections, opened again wherever the proxy has ended one."""
    trust = ssl.create_default_context(cadata=door.authority_pem)
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    left = iter(range(count))

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1 << 20)
        field = b"Proxy-Authorization: Basic %s\r\n" % door.credentials if door.credentials else b""
        writer.write(
            b"CONNECT localhost:%d HTTP/1.1\r\nHost: localhost:%d\r\n%s\r\n" % (site_port, site_port, field)
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in answer.partition(b"\r\n")[0], answer
        await writer.start_tls(trust, server_hostname="localhost")
        return reader, writer

    async def engine() -> None:
        kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for number in left:
            for _ in range(2):  # a kept connection may have ended: then once more on a new one
                reader, writer = kept or await connect()
                writer.write(
                    b"GET /p%d HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n"
                    % (number, site_port)
                )
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                    await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split()[0]))
                except (asyncio.IncompleteReadError, ConnectionError):
                    assert kept is not None
                    writer.close()
                    kept = None
                    continue
                ended = not keep or b"connection: close" in head.lower() or reader.at_eof()
                kept = None if ended else (reader, writer)
                if ended:
                    writer.close()
                break
        if kept is not None:
            kept[1].close()
            with suppress(OSError, ssl.SSLError):
                await kept[1].wait_closed()

    await asyncio.gather(*[engine() for _ in range(WIDTH)])


def record(pipe: Connection, authority: Path, spool_dir: Path) -> None:
    """Our recorder and its spool, in a process of their own as in a crawl."""

    async def serve() -> None:
        spool = Spool(spool_dir, "01JNKZ5V0000000000000000CR", {"software": "benchmark"})
        egress = DirectEgress(AddressPolicy(["127.0.0.0/8"]), ConnectTo([]))
        machine = Recorder(
            spool, crawl_id="c", folder=spool.folder, egress=egress, limits=CrawlLimits(), upstream_ca=authority
        )
        pipe.send(await machine.start())
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        await machine.close()
        pipe.send(sum(file.records for file in spool.close()))

    uvloop.run(serve())


@contextmanager
def our_door(site: Site, folder: Path) -> Iterator[Door]:
    spawn = multiprocessing.get_context("spawn")
    pipe, theirs = spawn.Pipe()
    assert site.authority is not None
    process = spawn.Process(target=record, args=(theirs, site.authority, folder / "spool"), daemon=True)
    process.start()
    address = pipe.recv()
    assert process.pid is not None
    credentials = base64.b64encode(f"0001:{address.password}".encode())

    def bytes_on_disk() -> int:
        return sum(path.stat().st_size for path in (folder / "spool").rglob("*.warc.gz*"))

    yield Door(process.pid, address.port, credentials, address.authority_pem, bytes_on_disk)
    pipe.send("stop")
    pipe.recv()
    process.join()


@contextmanager
def warcprox_door(programs: Path, folder: Path) -> Iterator[Door]:
    (port,) = free_ports(1)
    folder.mkdir()
    command = [programs / "warcprox", "--quiet", "-b", "127.0.0.1", "-p", str(port), "-c", folder / "ca.pem"]
    command += ["--certs-dir", folder / "certs", "-d", folder / "warcs", "-z"]
    command += ["--dedup-db-file=/dev/null", "--stats-db-file=/dev/null"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(part) for part in command], cwd=folder, stdout=log, stderr=log)
    for _ in range(900):
        time.sleep(0.1)
        if (folder / "ca.pem").exists() and _answers(port):
            break

    def bytes_on_disk() -> int:
        return sum(path.stat().st_size for path in (folder / "warcs").glob("*.warc.gz*"))

    yield Door(process.pid, port, b"", (folder / "ca.pem").read_text(), bytes_on_disk)
    process.terminate()
    process.wait()


def _answers(port: int) -> bool:
    import socket

    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def through(door: Door, site: Site, count: int, *, keep: bool) -> Way:
    def run() -> Cost:
        idle(door.pid)
        cpu, began, before = cpu_of(door.pid), time.perf_counter(), door.written()
        uvloop.run(ask(door, site.port, count, keep=keep))
        wall = time.perf_counter() - began
        idle(door.pid)
        return Cost(cpu_of(door.pid) - cpu, wall, count, {"warc_kb": (door.written() - before) / count / 1000})

    return run


def main() -> None:
    parser, parse = arguments(__doc__, rounds=3, peers=True)
    parser.add_argument("--exchanges", type=int, default=1500)
    options = parse()
    programs = programs_of("warcprox", options.peers)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with (
            Site(folder, tls=True, page_bytes=PAGE_BYTES) as site,
            our_door(site, folder / "ours") as ours,
            warcprox_door(programs, folder / "warcprox") as theirs,
        ):
            ways = {
                "ours": through(ours, site, options.exchanges, keep=True),
                "ours, a connection each": through(ours, site, options.exchanges, keep=False),
                "warcprox": through(theirs, site, max(100, options.exchanges // 4), keep=True),
            }
            taken = rounds_of(ways, options.rounds)
    report(
        f"Recording an HTTPS exchange of {PAGE_BYTES} bytes",
        "exchange",
        taken,
        [
            Ratio("ours", "warcprox", "cpu", 5.0),
            Ratio("ours, a connection each", "warcprox", "cpu", None),
        ],
        as_json=options.json,
        scale="ms",
    )


if __name__ == "__main__":
    main()

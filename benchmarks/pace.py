"""What a turn costs: microseconds per request, for one crawl and for four at once at one host.

``python -m benchmarks.pace [COUNT]``. A turn in the process itself, a turn from the database
(`storage.rate_limit.shared_limiter`, real PostgreSQL on this machine), and the same over the engine's line. The
pause is 0, so that nothing is waited for.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from crawlers.model.protocols import RateLimiter
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.rate_limit.socket import RateLimitClient, RateLimitServer
from pipeline.devstack.postgres import PostgresServer
from storage.migrations import migrate
from storage.rate_limit.shared_limiter import DatabaseSlots


async def asked(pace: RateLimiter, count: int) -> None:
    """Ask one after the other."""
    for _ in range(count):
        async with pace.slot("t.me"):
            pass


async def measure(
    name: str, count: int, crawls: int, made: Callable[[int], HostRateLimiter], *, line: bool = False
) -> None:
    """Print microseconds of wall time and of this process's CPU per request."""
    paces = [made(number) for number in range(crawls)]
    with tempfile.TemporaryDirectory() as folder:
        servers = [RateLimitServer(Path(folder), paces[0])] if line else []
        for server in servers:
            await server.start()
        asking: list[RateLimiter] = [RateLimitClient(Path(folder))] if line else [*paces]
        await asyncio.gather(*(asked(pace, 20) for pace in asking))
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(asked(pace, count) for pace in asking))
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        for server in servers:
            await server.close()
    for pace in paces:
        await pace.close()
    total = count * crawls
    print(f"| {name} | {wall / total * 1e6:.0f} | {cpu / total * 1e6:.0f} |", flush=True)


async def run(count: int, writer_url: str) -> None:
    """Every case."""

    def shared(number: int) -> HostRateLimiter:
        return HostRateLimiter(0, DatabaseSlots(writer_url, f"crawl-{number}"))

    print("| turn | µs a request | of it CPU of the crawl |")
    print("|---|---|---|")
    await measure("in the process itself", count, 1, lambda _: HostRateLimiter(0))
    await measure("over the engine's line", count, 1, lambda _: HostRateLimiter(0), line=True)
    await measure("from the database", count, 1, shared)
    await measure("from the database, four crawls at one host", count // 4, 4, shared)
    await measure("from the database, over the engine's line", count, 1, shared, line=True)


def main() -> None:
    """Start a database, measure, end it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    with tempfile.TemporaryDirectory(prefix="letapis-pace-") as folder:
        Path(folder).chmod(0o711)
        with PostgresServer(Path(folder) / "postgres") as server:
            access = server.create_database("pace")
            migrate(access.owner_url)
            uvloop.run(run(count, access.writer_url))


if __name__ == "__main__":
    main()

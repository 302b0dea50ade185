"""Commands that go through the whole archive: CPU for 1,000 captures and peak memory as the archive grows.

Run: ``python -m benchmarks.linear_commands [--captures N]... [--json] [FOLDER]``. Starts a PostgreSQL and an
object store of its own in a temporary folder (in FOLDER, if named) and fills it, step by step, with so many
captures: crawls of 1,000 captures each, one WARC file a crawl, deposited with custody; nine of ten captures are
answers of 1 kB to scripts, one is a page of 2 kB, of which text and outcome are read. After each step these run as
commands, each in a process of its own: `letapis verify`, `letapis rebuild`, `letapis index --rebuild` and `letapis
export-index`. CPU is that of the command, its children, the database and the store; memory is the largest resident
set of the command or one of its children. The clock is given, too, but says little on a machine that others use.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from ulid import ULID

from benchmarks.material import exchange_of, page
from benchmarks.processing import cpu_of_group
from crawlers.model.json_form import to_json
from crawlers.watchlist.source import Source
from pipeline.config.archive_factory import open_store, opened_archive
from pipeline.config.settings import ROOT, Settings, variable
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.process.run import process_pending
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.ledger.crawl_facts import begin_collection
from storage.migrations import migrate
from storage.sealing_keys import make_keys
from storage.signing import CrawlKey
from storage.spool.spool import Spool

CAPTURES_A_FILE: Final = 1000
SOURCES: Final = 50
PAGE_EVERY: Final = 10
STEPS: Final = (10_000, 30_000, 100_000)
HTML: Final = (("Content-Type", "text/html; charset=utf-8"),)
JSON: Final = (("Content-Type", "application/json"),)
GIVEN: Final = (
    "data",
    "s3_endpoint",
    "s3_access_key",
    "s3_secret_key",
    "s3_bucket",
    "lock_mode",
    "lock_days",
    "database_url",
    "database_writer_url",
    "database_reader_url",
)
"""The settings that commands are given."""


LAUNCHER: Final = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))
sys.exit(code)
"""
"""A small process between: Linux counts what a program's starter had in memory as the program's own (getrusage(2),
``ru_maxrss``), and this process has more than some commands.
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one command took over an archive of so many captures."""

    command: str
    captures: int
    cpu_s_per_1000: float
    peak_mb: float
    clock_s: float


def fill(archive: Archive, spool: Path, first: int, last: int) -> None:
    """Deposit and read captures ``first`` to ``last``, as crawls of whose keys custody knows."""
    for number in range(first // CAPTURES_A_FILE, last // CAPTURES_A_FILE):
        source = Source(id=f"source-{number % SOURCES}", kind="telegram", channel="bench")
        crawl_id, key = str(ULID()), CrawlKey(CrawlKey.new_secret())
        begin_collection(
            archive,
            crawl_id=crawl_id,
            source_id=source.id,
            actor="collector",
            facts={},
            signing_key=key.public,
        )
        facts = {"software": "letapis", "source": json.dumps(to_json(source))}
        written = Spool(spool, crawl_id, facts, key=key)
        for place in range(CAPTURES_A_FILE):
            seed = number * CAPTURES_A_FILE + place
            if place % PAGE_EVERY:
                body = json.dumps({"number": seed, "text": f"{seed:032d}" * 30}).encode()
                written.keep(exchange_of(f"https://site-{number % SOURCES}.example/api/{seed}", body, JSON))
            else:
                body = page(seed, 2000)
                written.keep(exchange_of(f"https://site-{number % SOURCES}.example/news/{seed}", body, HTML))
        for closed in written.close():
            deposit_file(archive, closed.path)
            closed.path.unlink()


def measured(
    arguments: list[str], captures: int, variables: Mapping[str, str], servers_s: Callable[[], float]
) -> Figure:
    """Run one command. Raises `RuntimeError` with its words if it fails."""
    before, began = servers_s(), time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, sys.executable, "-m", "pipeline.cli", *arguments],
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"{arguments} ended with {ran.returncode}: {ran.stderr[-2000:]}")
    own_s, peak_kb = json.loads(ran.stdout)
    cpu_s = own_s + servers_s() - before
    return Figure(
        command=" ".join(arguments[:2] if arguments[0] == "index" else arguments[:1]),
        captures=captures,
        cpu_s_per_1000=round(cpu_s / captures * 1000, 3),
        peak_mb=round(peak_kb / 1024, 1),
        clock_s=round(time.monotonic() - began, 1),
    )


def figures(folder: Path, steps: list[int], show: Callable[[Figure], None]) -> None:
    """Grow the archive to each of the steps, and measure."""
    with ObjectStoreServer(folder / "store") as store, PostgresServer(folder / "postgres") as postgres:
        database = postgres.create_database("bench")
        migrate(database.owner_url)
        settings = replace(
            Settings(data=folder / "data"),
            s3_endpoint=store.endpoint,
            s3_access_key=store.access_key,
            s3_secret_key=store.secret_key,
            s3_bucket="bench",
            lock_mode="governance",
            lock_days=1,
            database_url=database.owner_url,
            database_writer_url=database.writer_url,
            database_reader_url=database.reader_url,
        )
        make_keys(settings.sealing_keys_file)
        open_store(settings).ensure_bucket()
        variables = {variable(name): str(getattr(settings, name)) for name in GIVEN}
        cluster = int((folder / "postgres/cluster/postmaster.pid").read_text().split()[0])

        elsewhere = [] if is_below(cluster, os.getpid()) else [cluster]

        def servers_s() -> float:
            """CPU of the database and of the store: of all below this process but what it has waited for."""
            ended = resource.getrusage(resource.RUSAGE_CHILDREN)
            here = resource.getrusage(resource.RUSAGE_SELF)
            return sum(map(cpu_of_group, (os.getpid(), *elsewhere))) - _own(here) - _own(ended)

        commands = (
            ["verify", "--json"],
            ["rebuild", "--json"],
            ["index", "--rebuild", "--json"],
            ["export-index", "--to", str(folder / "index")],
        )
        there = 0
        for captures in steps:
            with opened_archive(settings) as archive:
                fill(archive, folder / "spool", there, captures)
                process_pending(archive)
            there = captures
            for arguments in commands:
                show(measured(arguments, captures, variables, servers_s))


def is_below(pid: int, ancestor: int) -> bool:
    """Whether a process was started by another, or by one that this one has started."""
    while pid > 1 and pid != ancestor:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    return pid == ancestor


def _own(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--captures", type=int, action="append", help="a step; by default 10, 30 and 100 thousand")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("folder", nargs="?", type=Path, help="where the temporary folder is made")
    options = parser.parse_args()

    def show(figure: Figure) -> None:
        if options.json:
            print(json.dumps(asdict(figure)), flush=True)
        else:
            print(
                f"{figure.command:<18}{figure.captures:>10,} captures: {figure.cpu_s_per_1000:>8.3f} s of CPU "
                f"for 1,000, {figure.peak_mb:>8.1f} MB, {figure.clock_s:>8.1f} s by the clock",
                flush=True,
            )

    if not options.json:
        print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="letapis-linear-", dir=options.folder) as name:
        folder = Path(name)
        folder.chmod(0o711)
        figures(folder, sorted(options.captures or STEPS), show)


if __name__ == "__main__":
    main()

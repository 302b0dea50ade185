"""Posts and pictures that `process` reads a second, with all cores there are, and what each costs in CPU.

Run: ``python -m benchmarks.processing [--pages N] [--pictures N] [--crawls N] [--json] [FOLDER]``. Starts a
PostgreSQL and an object store of its own. Material: crawls of channels whose pages have 21 posts each, made from
the captured page of LETAPIS_REALDATA with other numbers and words for each post; and crawls of unlike pictures,
JPEG of 1280 x 720. Each crawl is a deposited WARC file. Measured is `pipeline.process.run` from the first file to
the last row, twice: with one file at a time and with as many as there are cores. CPU counts this process, its
workers and the database. On a machine that others use the clock says less than the CPU.
"""

import argparse
import json
import os
import re
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ulid import ULID

from benchmarks.fingerprint import photo
from benchmarks.material import exchange_of
from crawlers.model.json_form import to_json
from crawlers.watchlist.source import Source
from pipeline.config.archive_factory import open_store, opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.process.run import process_pending
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.migrations import migrate
from storage.sealing_keys import make_keys
from storage.spool.spool import Spool

ROOT = Path(__file__).parent.parent
POSTS_A_PAGE = 21
TICKS = os.sysconf("SC_CLK_TCK")
AT_LEAST = {"posts": 1100, "pictures": 90}
"""A second, on two cores that do nothing else."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What reading some files came to."""

    what: str
    cores: int
    count: int
    by_clock: float
    cpu_ms_each: float
    cores_used: float
    on_two_idle_cores: float
    """Items a second if two cores did nothing else and were used as well as here, at most two."""


def channel_page(captured: bytes, number: int) -> bytes:
    """A page of posts that no other page has."""
    start, end = captured.index(b'<div class="tgme_widget_message_wrap'), captured.rindex(b"</section>")
    posts = re.split(rb'(?=<div class="tgme_widget_message_wrap)', captured[start:end])[1:]
    made = []
    for place in range(POSTS_A_PAGE):
        post_id = number * POSTS_A_PAGE + place + 1
        post = re.sub(rb'data-post="[^/"]+/\d+"', b'data-post="bench/%d"' % post_id, posts[place % len(posts)])
        made.append(
            post.replace(b'js-message_text" dir="auto">', b'js-message_text" dir="auto">No. %d ' % post_id)
        )
    return captured[:start] + b"".join(made) + captured[end:]


def deposited(archive: Archive, spool: Path, source: Source, bodies: list[tuple[str, str, bytes]]) -> None:
    """One crawl with these pages: address, media type and body of each."""
    facts = {"software": "letapis", "source": json.dumps(to_json(source))}
    written = Spool(spool, str(ULID()), facts)
    for url, media_type, body in bodies:
        written.keep(exchange_of(url, body, (("Content-Type", media_type),)))
    for closed in written.close():
        deposit_file(archive, closed.path)


def deposit_posts(archive: Archive, spool: Path, captured: bytes, crawls: int, pages: int) -> None:
    for crawl in range(crawls):
        source = Source(id=f"channel-{crawl}", kind="telegram", channel="bench")
        first = crawl * pages
        bodies = [
            (
                f"https://t.me/s/bench?before={number}",
                "text/html; charset=utf-8",
                channel_page(captured, number),
            )
            for number in range(first, first + pages)
        ]
        deposited(archive, spool, source, bodies)


def deposit_pictures(archive: Archive, spool: Path, crawls: int, pictures: int, first_seed: int) -> None:
    source = Source(id="pictures", kind="telegram", channel="bench")
    for crawl in range(crawls):
        bodies = [
            # each a picture of its own: copies of a few would measure how those are compared with each other
            (
                f"https://cdn.example/{first_seed}/{crawl}/{n}.jpg",
                "image/jpeg",
                photo(first_seed + crawl * pictures + n),
            )
            for n in range(pictures)
        ]
        deposited(archive, spool, source, bodies)


def cpu_of_group(pid: int) -> float:
    """Seconds of CPU of a process, of its children, and of those that have ended."""
    total, waiting = 0.0, [pid]
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields is not None:
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    while waiting:
        here = waiting.pop()
        fields = _stat(here)
        if fields is not None:
            total += sum(int(fields[place]) for place in (11, 12, 13, 14)) / TICKS
        waiting += children.get(here, [])
    return total


def _stat(pid: int) -> list[str] | None:
    """What stands behind the name in /proc/PID/stat: state, parent, ... (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None


def measured(what: str, count: int, cores: int, cpu_s: Callable[[], float], archive: Archive) -> Figure:
    """Read everything that waits."""
    used, began = cpu_s(), time.monotonic()
    report = process_pending(archive)
    wall, cpu = time.monotonic() - began, cpu_s() - used
    found = report.records if what == "posts" else report.media
    if found != count:
        raise RuntimeError(f"{what}: expected {count}, found {found}")
    in_use = cpu / wall
    return Figure(
        what=what,
        cores=cores,
        count=count,
        by_clock=round(count / wall, 1),
        cpu_ms_each=round(cpu / count * 1000, 2),
        cores_used=round(in_use, 2),
        on_two_idle_cores=round(2 * count / cpu, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    default = os.environ.get("LETAPIS_REALDATA") or ROOT.parent / "shared" / "realdata"
    parser.add_argument("folder", nargs="?", type=Path, default=Path(default))
    parser.add_argument("--crawls", type=int, default=8)
    parser.add_argument("--pages", type=int, default=25)
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    captured = (options.folder / "telegram/layout-2026/s-durov-excerpt.html").read_bytes()
    all_cores = os.sched_getaffinity(0)
    figures = []
    with tempfile.TemporaryDirectory(prefix="letapis-processing-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with ObjectStoreServer(folder / "store") as store, PostgresServer(folder / "postgres") as postgres:
            servers = [int((folder / "postgres/cluster/postmaster.pid").read_text().split()[0])]

            def cpu_s() -> float:
                here = resource.getrusage(resource.RUSAGE_SELF)
                ended = resource.getrusage(resource.RUSAGE_CHILDREN)
                own = here.ru_utime + here.ru_stime + ended.ru_utime + ended.ru_stime
                return own + sum(map(cpu_of_group, servers))

            for cores in ({min(all_cores)}, all_cores):
                database = postgres.create_database(f"bench_{len(cores)}")
                migrate(database.owner_url)
                settings = replace(
                    Settings(data=folder / f"data-{len(cores)}"),
                    s3_endpoint=store.endpoint,
                    s3_access_key=store.access_key,
                    s3_secret_key=store.secret_key,
                    s3_bucket=f"bench-{len(cores)}",
                    lock_mode="governance",
                    lock_days=1,
                    database_writer_url=database.writer_url,
                    database_reader_url=database.reader_url,
                )
                make_keys(settings.sealing_keys_file)
                open_store(settings).ensure_bucket()
                with opened_archive(settings) as archive:
                    spool = folder / f"spool-{len(cores)}"
                    for what in ("posts", "pictures"):
                        if what == "posts":
                            deposit_posts(archive, spool, captured, options.crawls, options.pages)
                            count = options.crawls * options.pages * POSTS_A_PAGE
                        else:
                            deposit_pictures(
                                archive, spool, options.crawls, options.pictures, len(cores) * 100_000
                            )
                            count = options.crawls * options.pictures
                        os.sched_setaffinity(0, cores)
                        try:
                            figures.append(measured(what, count, len(cores), cpu_s, archive))
                        finally:
                            os.sched_setaffinity(0, all_cores)
    if options.json:
        print(json.dumps([asdict(each) for each in figures]))
        return
    print(f"aims on two cores: {AT_LEAST['posts']} posts, {AT_LEAST['pictures']} pictures a second")
    for each in figures:
        print(
            f"{each.what:<10}{each.cores} at once: {each.by_clock:>8} a second, {each.cores_used:>5} cores "
            f"in use, {each.cpu_ms_each:>6} ms of CPU each: {each.on_two_idle_cores} a second on two idle cores"
        )


if __name__ == "__main__":
    main()

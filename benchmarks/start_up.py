"""CPU of a whole crawl of one small page, for each kind of source: what starting and ending a crawl costs.

Run: ``python -m benchmarks.start_up [--json] [--rounds N]``. Counts every process of a crawl as the harvest starts
it: keeper, recorder, engine. Nearly all of it is Python reading modules. ``python`` is the interpreter alone.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.site import Site
from benchmarks.timing import Cost, Way, arguments, cpu_s, report, rounds_of
from crawlers.watchlist.source import Source, SourceLimits
from pipeline.crawl import crawl_id_of_now, job_for, run_crawl


def crawl(source: Source, site: Site, spool_dir: Path) -> Way:
    def run() -> Cost:
        job = job_for(
            source,
            user_agent="Mozilla/5.0",
            collector="bench",
            crawl_id=crawl_id_of_now(),
            connect_to=[f"::127.0.0.1:{site.port}"],
            allow_addresses=["127.0.0.0/8"],
            upstream_ca=site.authority,
        )
        cpu, began = cpu_s(), time.perf_counter()
        made = run_crawl(job, spool_dir)
        cost = Cost(cpu_s() - cpu, time.perf_counter() - began, 1)
        assert made.problem is None and made.exchanges == 1, made
        return cost

    return run


def python() -> Cost:
    cpu, began = cpu_s(), time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return Cost(cpu_s() - cpu, time.perf_counter() - began, 1)


def main() -> None:
    _, parse = arguments(__doc__, rounds=5)
    options = parse()
    page = ("https://a.example/p1",)
    one_page: dict[str, Any] = {
        "robots": "ignore",
        "follow": "nothing",
        "delay_s": 0.0,
        "limits": SourceLimits(pages=1),
    }
    sources = (
        Source(id="telegram", kind="telegram", channel="bench", **one_page),
        Source(id="news", kind="news", start_pages=page, **one_page),
        Source(id="court-list", kind="court_list", pages=page, **one_page),
        Source(id="page", kind="page", pages=page, **one_page),
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with Site(folder, tls=True, page_bytes=3000) as site:
            ways = {source.kind: crawl(source, site, folder / "spool") for source in sources}
            taken = rounds_of({**ways, "python": python}, options.rounds)
    report("Starting and ending a crawl of one page", "crawl", taken, [], as_json=options.json, scale="s")


if __name__ == "__main__":
    main()

"""CPU per page of a browser whose every byte is recorded, beside Playwright alone that makes the same renderings.

Run: ``python -m benchmarks.browser_pages [--rounds N] [--pages N] [--memory N] [--browsertrix FOLDER] [--json]
[--svg FILE]``. Tall pages with 20 sub-resources, over TLS on loopback, each loaded to the end, its final DOM, its
text and its full-page picture made by the same calls. Ours is all of a crawl but the spider: browser, driver and
handing over in one process tree, recorder and WARC writing in another; Playwright alone opens a context for each
page as we do, or goes on in one page for all. CPU is that of whole process trees, processes that ended included.

``--memory N`` shows N pages more, in one go, and measures what both trees hold after every tenth; ``--svg`` draws
it. ``--browsertrix`` is a folder with a built browsertrix-crawler; a crawl of one page takes its start off.
"""

import asyncio
import ctypes
import json
import math
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop
from playwright.async_api import async_playwright

from benchmarks.picture_site import RESOURCES, PictureSite
from benchmarks.timing import TICKS_PER_S, Cost, Ratio, Way, arguments, report, rounds_of
from crawlers.address_policy import AddressPolicy
from crawlers.browser.browser_memory import memory_bytes
from crawlers.browser.page_handling import PageHandling
from crawlers.browser.pages import BrowserPages
from crawlers.browser.renderings import MadeOfPage, make_renderings
from crawlers.model.job import CrawlLimits
from crawlers.recorder.capture_socket import CaptureClient, CaptureServer
from crawlers.recorder.egress import ConnectTo, DirectEgress
from crawlers.recorder.proxy import Recorder, RecorderAddress
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from storage.spool.spool import Spool

MOST_OF_BARE = 1.5
"""How much of the CPU of Playwright alone a recorded page may take."""

RATIOS = (
    Ratio("recorded", "Playwright alone", "cpu", 1 / MOST_OF_BARE),
    Ratio("recorded", "Playwright alone, one page for all", "cpu", None),
    Ratio("recorded", "Playwright alone", "wall", None),
    Ratio("recorded", "browsertrix-crawler", "cpu", None),
)

USER_AGENT = Settings().user_agent
PR_SET_CHILD_SUBREAPER = 36
EVERY = 10
WIDTH, PICTURE_HEIGHT, MARGIN = 900, 300, 60


def cpu_of_tree(pid: int) -> float:
    """CPU of a process and all below it, those that have ended included (proc(5), fields 14 to 17 of stat)."""
    parents: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(folder.name))
        spent[int(folder.name)] = sum(int(field) for field in fields[11:15]) / TICKS_PER_S
    total, below = 0.0, [pid]
    while below:
        each = below.pop()
        total += spent.get(each, 0.0)
        below += parents.get(each, [])
    return total


@dataclass(frozen=True, slots=True)
class Helper:
    """A process that works when it gets an order; its answer comes when the work is done."""

    pid: int
    pipe: Connection

    def run(self, order: Any) -> Any:
        self.pipe.send(order)
        return self.pipe.recv()


@contextmanager
def helper(target: Callable[..., None], *details: Any) -> Iterator[tuple[Helper, Any]]:
    """The process, and what it sends when it is ready. It ends with the block."""
    spawn = multiprocessing.get_context("spawn")
    pipe, theirs = spawn.Pipe()
    process = spawn.Process(target=target, args=(theirs, *details))
    process.start()
    theirs.close()
    assert process.pid is not None
    try:
        yield Helper(process.pid, pipe), pipe.recv()
    finally:
        pipe.send(None)
        process.join()


async def next_order(pipe: Connection) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, pipe.recv)


def record(pipe: Connection, authority: Path, spool_dir: Path) -> None:
    """Recorder, socket of renderings and WARC writer, as the process of a crawl has them."""

    async def serve() -> None:
        spool = Spool(spool_dir, "01JNKZ5V0000000000000000CR", {"software": "benchmark"})
        recorder = Recorder(
            spool,
            crawl_id="c",
            folder=spool.folder,
            egress=DirectEgress(AddressPolicy(["127.0.0.0/8"]), ConnectTo([])),
            limits=CrawlLimits(),
            upstream_ca=authority,
        )
        address = await recorder.start()
        captures = CaptureServer(spool.folder, recorder.keep)
        await captures.start()
        pipe.send((address, spool.folder))
        while await next_order(pipe) is not None:
            pipe.send((recorder.totals.exchanges, recorder.totals.truncated))
        await captures.close()
        await recorder.close()
        spool.close()

    uvloop.run(serve())


def show_recorded(pipe: Connection, recorder: RecorderAddress, folder: Path, program: Path) -> None:
    """The engine's part of a crawl: pages through the recorder, renderings handed over."""

    async def has_slot(_: str) -> bool:
        return True

    async def work() -> None:
        captures = CaptureClient(folder)
        pages = BrowserPages(
            recorder,
            program,
            USER_AGENT,
            note=captures.note,
            rendering=captures.rendering,
            handling=PageHandling(),
        )
        pipe.send("ready")
        while (order := await next_order(pipe)) is not None:
            for url, page_id in order:
                shown = await pages.render(url, page_id, has_slot)
                assert shown is not None, url
                assert not shown.remarks, shown.remarks
            pipe.send("done")
        await pages.close()

    uvloop.run(work())


def show_alone(pipe: Connection, folder: Path, program: Path, *, one_page: bool) -> None:
    """Playwright by itself: to the load event and a resting network, then the same renderings into files."""

    async def work() -> None:
        folder.mkdir()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program,
                chromium_sandbox=os.geteuid() != 0,
                args=["--disable-background-networking"],
            )

            async def context_and_tab() -> tuple[Any, Any]:
                context = await browser.new_context(
                    ignore_https_errors=True, viewport={"width": 1366, "height": 900}, user_agent=USER_AGENT
                )
                return context, await context.new_page()

            context, tab = await context_and_tab()
            pipe.send("ready")
            while (order := await next_order(pipe)) is not None:
                for url, page_id in order:
                    if not one_page:
                        await context.close()
                        context, tab = await context_and_tab()
                    await tab.goto(url, wait_until="networkidle")
                    (folder / f"{page_id}.dom").write_text(await tab.content(), "utf-8")
                    async for made in make_renderings(tab, PageHandling(), []):
                        assert isinstance(made, MadeOfPage), made
                        (folder / f"{page_id}.{made.kind}").write_bytes(made.content)
                pipe.send("done")
            await browser.close()

    uvloop.run(work())


def way_of(browser: Helper, beside: Sequence[Helper], next_pages: Callable[[], list[tuple[str, str]]]) -> Way:
    """Shows the pages of one round."""

    def run() -> Cost:
        order = next_pages()
        trees = (browser, *beside)
        cpu, began = [cpu_of_tree(each.pid) for each in trees], time.perf_counter()
        browser.run(order)
        wall = time.perf_counter() - began
        time.sleep(1.0)  # what is still under way behind the last page
        spent = [cpu_of_tree(each.pid) - before for each, before in zip(trees, cpu, strict=True)]
        facts = {"browser_ms": spent[0] / len(order) * 1000}
        if beside:
            facts["recorder_ms"] = sum(spent[1:]) / len(order) * 1000
        return Cost(sum(spent), wall, len(order), facts)

    return run


def total_cpu_of(command: Sequence[str | Path], folder: Path, variables: Mapping[str, str]) -> float:
    """CPU of a program and all that it starts; what outlives it is waited for, or it would be missed."""
    pipe, theirs = multiprocessing.get_context("spawn").Pipe()
    words = [str(part) for part in command]
    process = multiprocessing.get_context("spawn").Process(
        target=_run_and_reap, args=(theirs, words, folder, dict(variables))
    )
    process.start()
    code, cpu = pipe.recv()
    process.join()
    if code:
        sys.exit(f"{words[0]} ended with code {code}; its output is in {folder / 'output.log'}")
    return float(cpu)


def _run_and_reap(pipe: Connection, words: list[str], folder: Path, variables: dict[str, str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    with (folder / "output.log").open("wb") as log:
        ran = subprocess.run(words, cwd=folder, env={**os.environ, **variables}, stdout=log, stderr=log)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    pipe.send((ran.returncode, used.ru_utime + used.ru_stime))


def browsertrix(
    built: Path, program: Path, folder: Path, next_pages: Callable[[int], list[tuple[str, str]]], more: int
) -> Way:
    """Crawls of one page and of some more: what the start takes is in both. Behaviours and waits are off."""
    settings = {"GEOMETRY": "1366x900x24", "BROWSER_BIN": str(program), "DETACHED_CHILD_PROC": "1"}

    def crawl(count: int) -> float:
        work = Path(tempfile.mkdtemp(dir=folder))
        seeds = work / "seeds.txt"
        seeds.write_text("".join(f"{url}\n" for url, _ in next_pages(count)))
        command = ["node", built / "dist" / "main.js", "crawl", "--seedFile", seeds, "--scopeType", "page"]
        command += ["--headless", "--cwd", work, "--collection", "c", "--behaviors", "", "--waitUntil", "load"]
        command += ["--screenshot", "fullPage", "--text", "final-to-warc", "--pageExtraDelay", "0"]
        command += ["--postLoadDelay", "0", "--netIdleWait", "1"]
        # its Redis keeps what a crawl of this name has done, also for the next one
        cpu = total_cpu_of([str(part) for part in command], work, {**settings, "CRAWL_ID": work.name})
        done = sum(b'"url"' in line for line in (work / "collections/c/pages/pages.jsonl").open("rb"))
        assert done == count, f"browsertrix-crawler took {done} of {count} pages; look into {work}"
        return cpu

    def run() -> Cost:
        began = time.perf_counter()
        first = crawl(1)
        wall_of_start = time.perf_counter() - began
        cpu = crawl(1 + more) - first
        wall = time.perf_counter() - began - 2 * wall_of_start
        return Cost(cpu, wall, more, {"browser_ms": cpu / more * 1000})

    return run


def memory_over(browser: Helper, recorder: Helper, pages: list[tuple[str, str]]) -> list[dict[str, float]]:
    """What both trees hold after every tenth page, in MB."""
    points = []
    for begin in range(0, len(pages), EVERY):
        browser.run(pages[begin : begin + EVERY])
        held = {
            "pages": min(begin + EVERY, len(pages)),
            "browser_mb": round(memory_bytes(browser.pid) / 1e6, 1),
            "recorder_mb": round(memory_bytes(recorder.pid) / 1e6, 1),
        }
        points.append(held)
        print(f"  {held['pages']} of {len(pages)} pages: {held}", file=sys.stderr, flush=True)
    return points


def memory_row(points: list[dict[str, float]]) -> dict[str, Any]:
    """The first and the last fifth of the pages beside each other."""
    fifth = max(1, len(points) // 5)
    row: dict[str, Any] = {"what": "Memory over many recorded pages", "pages": points[-1]["pages"]}
    for name in ("browser_mb", "recorder_mb"):
        values = [point[name] for point in points]
        first, last = sum(values[:fifth]) / fifth, sum(values[-fifth:]) / fifth
        row[name] = {"first_fifth": round(first, 1), "last_fifth": round(last, 1), "most": max(values)}
    return {**row, "ratios": [], "points": points, "load": f"{os.getloadavg()[0]:.1f}"}


def picture(points: list[dict[str, float]]) -> str:
    """Two lines over pages."""
    most = max(point["browser_mb"] for point in points) * 1.1
    pages = points[-1]["pages"]

    def place(point: dict[str, float], name: str) -> str:
        x = MARGIN + point["pages"] / pages * (WIDTH - 2 * MARGIN)
        y = PICTURE_HEIGHT - 40 - point[name] / most * (PICTURE_HEIGHT - 80)
        return f"{x:.1f} {y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {PICTURE_HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{PICTURE_HEIGHT}" fill="#fff"/>'
        f'<text x="{MARGIN}" y="24">Memory over {pages:.0f} recorded pages of {RESOURCES} sub-resources, MB</text>'
    ]
    for name, label, colour in (
        ("browser_mb", "browser and driver", "#2f7d4f"),
        ("recorder_mb", "recorder", "#b5482e"),
    ):
        line = "L".join(place(point, name) for point in points)
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        top = float(place(points[-1], name).split()[1]) - 8
        parts.append(f'<text x="{WIDTH - MARGIN}" y="{top:.1f}" text-anchor="end" fill="{colour}">{label}</text>')
    step = 10 ** math.floor(math.log10(most)) / 2
    for number in range(int(most / step) + 1):
        y = PICTURE_HEIGHT - 40 - number * step / most * (PICTURE_HEIGHT - 80)
        parts.append(f'<path d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}" stroke="#333" stroke-width="0.3"/>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{number * step:.0f}</text>')
    for part in range(6):
        x = MARGIN + part / 5 * (WIDTH - 2 * MARGIN)
        parts.append(
            f'<text x="{x:.1f}" y="{PICTURE_HEIGHT - 16}" text-anchor="middle">{pages * part / 5:.0f}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Entry point."""
    parser, parse = arguments(__doc__, rounds=5)
    parser.add_argument("--pages", type=int, default=10, help="pages of each way in each round")
    parser.add_argument("--memory", type=int, default=0, help="pages over which memory is measured afterwards")
    parser.add_argument("--browsertrix", type=Path, help="folder with a built browsertrix-crawler")
    parser.add_argument("--svg", type=Path, help="where memory over pages is drawn")
    options = parse()
    chromium = find_chromium(Settings().chromium)
    if chromium is None:
        sys.exit("There is no Chromium on this machine; `letapis doctor` says where it is looked for.")
    numbers = iter(range(1, 1 << 30))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with (
            PictureSite(folder) as site,
            helper(record, site.authority, folder / "spool") as (recorder, (address, spool_folder)),
            helper(show_recorded, address, spool_folder, chromium.program) as (ours, _),
            helper(show_alone_fresh, folder / "bare", chromium.program) as (bare, _),
            helper(show_alone_reused, folder / "reused", chromium.program) as (reused, _),
        ):

            def next_pages(count: int = options.pages) -> list[tuple[str, str]]:
                taken = [next(numbers) for _ in range(count)]
                return [(site.page(number), f"{number:04}") for number in taken]

            ways = {
                "recorded": way_of(ours, [recorder], next_pages),
                "Playwright alone": way_of(bare, [], next_pages),
                "Playwright alone, one page for all": way_of(reused, [], next_pages),
            }
            if options.browsertrix is not None:
                peer = browsertrix(options.browsertrix, chromium.program, folder, next_pages, options.pages)
                ways["browsertrix-crawler"] = peer
            taken = rounds_of(ways, options.rounds)
            exchanges, truncated = recorder.run("totals")
            loaded = (options.rounds + 1) * options.pages
            assert exchanges == loaded * (1 + RESOURCES), f"{exchanges} exchanges of {loaded} pages"
            assert not truncated, f"{truncated} exchanges were cut"
            report(
                f"A page with {RESOURCES} sub-resources in a browser, recorded",
                "page",
                taken,
                [ratio for ratio in RATIOS if ratio.peer in taken],
                as_json=options.json,
                scale="ms",
            )
            sys.stdout.flush()
            if not options.memory:
                return
            points = memory_over(ours, recorder, next_pages(options.memory))
    print(json.dumps(memory_row(points)))
    if options.svg is not None:
        options.svg.write_text(picture(points), "utf-8")


def show_alone_fresh(pipe: Connection, folder: Path, program: Path) -> None:
    """A context for each page."""
    show_alone(pipe, folder, program, one_page=False)


def show_alone_reused(pipe: Connection, folder: Path, program: Path) -> None:
    """One page for all."""
    show_alone(pipe, folder, program, one_page=True)


if __name__ == "__main__":
    main()

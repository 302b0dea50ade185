"""From wanting a page to its first byte and to its readable, deposited snapshot: by the command and by the pages.

``python -m benchmarks.on_demand [--requests N] [--engines http browser] [--beside idle night] [--addresses N]
[--workers N] [--json] [--svg FILE]`` starts a stack of its own over the sample sites and sends N requests by each
way, one by one. By the command it counts from the start of `letapis archive` to its end; by the pages from
sending the form's request (its JSON twin, behind which stands the same desk) to the result being in the answer.
The first byte is the moment at which the site has the request. ``night``: harvests of the sample sites run one
after the other meanwhile. ``--addresses``: so many are sent as one request, and counted by the minute. HTTP is a
small page; the browser's page is 8000 pixels high and has 20 pictures, and every rendering is made of it. Each
page has a host of its own, so that no request waits for the pause between two to one host.

Prints the 50th and 95th percentile of each series with the machine's load and the CPU of all processes of the
stack for each request, Airflow's own included; the plot has a dot for each request and a line for the target.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks.stacks import running_stack, stack_cpu_s
from pipeline.airflow_api import ENDED, AirflowApi
from pipeline.config.settings import ROOT, Settings
from samples.media.pictures import picture_bytes, picture_of
from samples.media.scenes import SCENES
from samples.messages import Answer, Request, Response
from samples.sites import Page, SampleSites

HOSTS: Final = 100
PICTURES: Final = 20
TARGETS_S: Final = {
    ("http", "idle"): 3.0,
    ("browser", "idle"): 8.0,
    ("http", "night"): 10.0,
    ("browser", "night"): 20.0,
}
"""From wanting a page to its snapshot, at the 95th percentile, on two cores."""

WIDTH, ROW, LEFT, RIGHT = 900, 74, 60, 60
COLOURS: Final = {"idle": "#2f7d4f", "night": "#b5482e"}
LOOK_EVERY_S: Final = 0.05
LOOK_AT_LIST_EVERY_S: Final = 1.0
"""An answer with a hundred results costs the stack more than one with a single result."""

LONGEST_S: Final = 300.0
WARM_S: Final = 8.0
"""Seconds after which a worker on a busy machine has its next crawl prepared; a person does not ask sooner."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One request: seconds to its first byte at the site and to its snapshot."""

    first_byte_s: float
    snapshot_s: float


class TimedSites(SampleSites):
    """The sample sites, which note when each page of this benchmark was first requested."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder=folder, extra=pages())
        self.first_asked: dict[str, float] = {}

    def _answer(self, request: Request) -> Answer:
        self.first_asked.setdefault(f"{request.scheme}://{request.host}{request.target}", time.monotonic())
        return super()._answer(request)


def host(number: int) -> str:
    """Invented; no two requests in a row go to the same one."""
    return f"p{number % HOSTS:03}.vydanne.example"


def pages() -> Mapping[Page, Response]:
    """A small page and a tall one with its pictures on each host."""
    small = "<p>Паведамленне пра падзею, складзенае для вымярэння.</p>\n" * 60
    sources = "".join(f'<p><img src="/img/{number}.jpg" width="300"></p>' for number in range(PICTURES))
    tall = f'<body style="height: 8000px">{sources}{small}'
    begins = "<!doctype html><html lang=be><meta charset=utf-8><title>Старонка</title>"
    found: dict[Page, Response] = {}
    pictures = [picture_bytes(picture_of(f"{name}/w{300 + step}")) for step in range(2) for name in SCENES]
    for number in range(HOSTS):
        found[host(number), "/"] = Response(body=f"{begins}<h1>{number}</h1>{small}".encode())
        found[host(number), "/tall"] = Response(body=f"{begins}<h1>{number}</h1>{tall}".encode())
        for picture in range(PICTURES):
            content = Response(body=pictures[picture % len(pictures)], content_type="image/jpeg")
            found[host(number), f"/img/{picture}.jpg"] = content
    return found


@contextmanager
def timed_stack(workers: int) -> Iterator[tuple[TimedSites, Settings, Mapping[str, str]]]:
    """A stack over the sample sites with so many workers."""
    with tempfile.TemporaryDirectory(prefix="letapis-on-demand-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with (
            TimedSites(folder / "sites") as sites,
            running_stack(folder, sites, LETAPIS_WORKERS=str(workers)) as (settings, variables),
        ):
            yield sites, settings, variables


def by_command(variables: Mapping[str, str], urls: Sequence[str], engine: str) -> float:
    """Seconds from the start of the command to its end."""
    begun = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "archive", *urls, "--engine", engine, "--json"],
        env={**os.environ, **variables},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    lasted_s = time.monotonic() - begun
    assert all(json.loads(line)["outcome"] == "content" for line in ran.stdout.splitlines())
    return lasted_s


def by_pages(api: AirflowApi, urls: Sequence[str], engine: str) -> float:
    """Seconds from sending the request to all of its results in the answer of its page's JSON twin."""
    begun = time.monotonic()
    sent = api.post("/archive/api/requests", {"urls": list(urls), "engine": engine}, what="send a request")
    longest_s = LONGEST_S + 10 * len(urls)
    while time.monotonic() - begun < longest_s:
        row = api.get(f"/archive/api/request/{sent['id']}", what="read a request")
        if all(each.get("capture_id") for each in row["results"]):
            return time.monotonic() - begun
        time.sleep(LOOK_EVERY_S if len(urls) == 1 else LOOK_AT_LIST_EVERY_S)
    raise SystemExit(f"Request {sent['id']} had not all of its results after {longest_s:.0f} s.")


def wait_until_idle(api: AirflowApi) -> None:
    """Return when Airflow has come to the end of its runs of requests."""
    while any(run["state"] not in ENDED for run in api.runs("archive_url")):
        time.sleep(1)


@contextmanager
def beside(what: str, settings: Settings) -> Iterator[Callable[[], int]]:
    """With ``night`` harvests run one after the other during the block; gives how many have ended so far."""
    nights = [0]  # written by the thread, read by the caller
    stopped = threading.Event()

    def harvest() -> None:
        with AirflowApi(settings.airflow()) as api:
            while not stopped.is_set():
                run_id = api.trigger("harvest", {"sources": []})
                while api.run_state("harvest", run_id) not in ENDED and not stopped.wait(1.0):
                    pass
                nights[0] += not stopped.is_set()

    if what == "idle":
        yield lambda: 0
        return
    thread = threading.Thread(target=harvest, name="nights", daemon=True)
    thread.start()
    time.sleep(WARM_S)  # until crawls are at work
    try:
        yield lambda: nights[0]
    finally:
        stopped.set()
        thread.join()


def percentile(values: Sequence[float], part: float) -> float:
    """By the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


Once = Callable[[str, str], float]
"""One request of an address by an engine: seconds to its snapshot."""


@dataclass(frozen=True, slots=True)
class Series:
    """Requests by one way and one engine, idle or beside the night."""

    way: str
    engine: str
    beside: str
    once: Once


def taken_of(one: Series, api: AirflowApi, sites: TimedSites, numbers: Iterator[int], most: int) -> list[Taken]:
    """So many requests, each once the one before has come to its end; on an idle stack that in Airflow, too."""
    taken: list[Taken] = []
    for number in range(most):
        url = f"https://{host(next(numbers))}/{'tall' if one.engine == 'browser' else ''}"
        if one.beside == "idle":
            wait_until_idle(api)
        time.sleep(1.0 if one.beside == "idle" else 0.2)
        sites.first_asked.pop(url, None)
        begun = time.monotonic()
        snapshot_s = one.once(url, one.engine)
        taken.append(Taken(sites.first_asked[url] - begun, snapshot_s))
        shown = f"first byte {taken[-1].first_byte_s:.2f} s, snapshot {snapshot_s:.2f} s"
        show_progress(f"{one.way}, {one.engine}, {one.beside}: {number + 1} of {most}, {shown}")
    return taken


def show_progress(text: str) -> None:
    """Progress, for people."""
    print(text, file=sys.stderr, flush=True)


def measured(one: Series, workers: int, taken: Sequence[Taken]) -> dict[str, Any]:
    """One series as a row."""
    first, snapshots = [each.first_byte_s for each in taken], [each.snapshot_s for each in taken]
    target_s = TARGETS_S[one.engine, one.beside]
    return {
        "kind": "latency",
        "way": one.way,
        "engine": one.engine,
        "beside": one.beside,
        "workers": workers,
        "requests": len(taken),
        "first_byte_p50_s": round(percentile(first, 0.5), 2),
        "first_byte_p95_s": round(percentile(first, 0.95), 2),
        "snapshot_p50_s": round(percentile(snapshots, 0.5), 2),
        "snapshot_p95_s": round(percentile(snapshots, 0.95), 2),
        "target_s": target_s,
        "met": percentile(snapshots, 0.95) <= target_s,
        "load_1min": round(os.getloadavg()[0], 1),
        "seconds": [round(each, 3) for each in snapshots],
    }


def picture(rows: Sequence[Mapping[str, Any]]) -> str:
    """A dot for each request, a row for each series, over seconds on a logarithmic scale."""
    least, most = 0.5, max(20.0, *(max(row["seconds"]) for row in rows)) * 1.1
    height = ROW * len(rows) + 50

    def across(seconds: float) -> float:
        part = math.log(max(seconds, least) / least) / math.log(most / least)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    ]
    for second in (0.5, 1, 2, 3, 4, 6, 8, 10, 20, 40, 80):
        if second < most:
            x = across(second)
            parts.append(f'<path d="M{x:.1f} 10V{height - 30}" stroke="#999" stroke-width="0.4"/>')
            parts.append(f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle">{second:g} s</text>')
    for number, row in enumerate(rows):
        top = 24 + ROW * number
        label = (
            f"{row['way']}, {row['engine']}, {row['beside']}: p50 {row['snapshot_p50_s']} s, "
            f"p95 {row['snapshot_p95_s']} s of {row['target_s']:g} s ({row['requests']} requests)"
        )
        x = across(row["target_s"])
        parts.append(f'<text x="{LEFT}" y="{top}">{label}</text>')
        parts.append(f'<path d="M{x:.1f} {top + 6}v36" stroke="#333" stroke-width="2"/>')
        for place, seconds in enumerate(row["seconds"]):
            y = top + 24 + (place % 5 - 2) * 5
            parts.append(
                f'<circle cx="{across(seconds):.1f}" cy="{y}" r="3.5" fill="{COLOURS[row["beside"]]}" '
                'fill-opacity="0.6"/>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def shown(row: Mapping[str, Any]) -> str:
    """A row for people."""
    if row["kind"] == "list":
        return (
            f"{row['addresses']} addresses as one request, {row['engine']}: {row['seconds']} s, "
            f"{row['a_minute']} a minute, load {row['load_1min']}"
        )
    cpu = "" if row.get("cpu_s") is None else f", {row['cpu_s']} s of CPU each"
    return (
        f"{row['way']}, {row['engine']}, {row['beside']}, {row['requests']} requests: "
        f"first byte p50 {row['first_byte_p50_s']} s, p95 {row['first_byte_p95_s']} s; "
        f"snapshot p50 {row['snapshot_p50_s']} s, p95 {row['snapshot_p95_s']} s (target {row['target_s']:g} s); "
        f"load {row['load_1min']}{cpu}"
    )


def rows_of(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Each series as soon as it is measured."""
    numbers = count()
    with (
        timed_stack(args.workers) as (sites, settings, variables),
        AirflowApi(settings.airflow()) as api,
    ):
        ways: tuple[tuple[str, Once], ...] = (
            ("letapis archive", lambda url, engine: by_command(variables, [url], engine)),
            ("the pages", lambda url, engine: by_pages(api, [url], engine)),
        )
        for where in args.beside:
            for engine in args.engines:
                for _ in range(2 * args.workers):  # what the first requests find cold, later ones find warm
                    ways[1][1](f"https://{host(next(numbers))}/{'tall' if engine == 'browser' else ''}", engine)
                time.sleep(WARM_S)
                with beside(where, settings) as nights:
                    for way, once in ways:
                        one = Series(way, engine, where, once)
                        before = stack_cpu_s(settings.data)
                        taken = taken_of(one, api, sites, numbers, args.requests)
                        cpu_s = (stack_cpu_s(settings.data) - before) / len(taken)
                        row = measured(one, args.workers, taken)
                        yield row | {
                            "cpu_s": round(cpu_s, 2) if where == "idle" else None,
                            "nights": nights(),
                        }
        if args.addresses:
            show_progress(f"{args.addresses} addresses as one request ...")
            urls = [f"https://{host(number)}/" for number in range(min(args.addresses, HOSTS))]
            seconds = by_pages(api, urls, "http")
            yield {
                "kind": "list",
                "engine": "http",
                "workers": args.workers,
                "addresses": len(urls),
                "seconds": round(seconds, 1),
                "a_minute": round(60 * len(urls) / seconds, 1),
                "target_a_minute": 30,
                "load_1min": round(os.getloadavg()[0], 1),
            }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20, help="of each series")
    parser.add_argument("--engines", nargs="+", choices=("http", "browser"), default=["http", "browser"])
    parser.add_argument("--beside", nargs="+", choices=("idle", "night"), default=["idle", "night"])
    parser.add_argument("--addresses", type=int, default=HOSTS, help=f"of the list, at most {HOSTS}; 0: no list")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--svg", type=Path)
    args = parser.parse_args()
    rows = []
    for row in rows_of(args):
        rows.append(row)
        print(json.dumps(row) if args.json else shown(row), flush=True)
        if args.svg is not None and any(each["kind"] == "latency" for each in rows):
            args.svg.write_text(picture([each for each in rows if each["kind"] == "latency"]), "utf-8")


if __name__ == "__main__":
    main()

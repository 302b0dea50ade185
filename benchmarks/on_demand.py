"""From wanting a page to its readable, deposited snapshot: by the command, and by the pages of the archive.

``python -m benchmarks.on_demand [--requests N] [--engine http|browser] [--workers N] [--json] [--svg FILE]``
starts a stack of its own over the sample sites and makes N requests by each way, one after the other. By the
command it counts from the start of `letapis archive` to its end; by the pages from sending the form's request
(its JSON twin, behind which stands the same desk) to the result being in the answer. Prints the 50th and 95th
percentile with the machine's load; the plot has a dot for each request.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.airflow_api import AirflowApi
from pipeline.config.settings import ROOT, Settings, load_settings
from samples.sites import SampleSites

PAGE = "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"
WIDTH, HEIGHT, MARGIN = 900, 220, 60
COLOURS = ("#2f7d4f", "#b5482e")
LOOK_EVERY_S = 0.05
LONGEST_S = 300.0


@contextmanager
def running_stack(workers: int) -> Iterator[tuple[Settings, Mapping[str, str]]]:
    """`letapis up` over the sample sites, and the variables with which commands beside it are run."""
    with tempfile.TemporaryDirectory(prefix="letapis-on-demand-") as folder:
        Path(folder).chmod(0o711)
        with SampleSites(folder=Path(folder) / "sites") as sites:
            variables = {
                "LETAPIS_DATA": str(Path(folder) / "data"),
                "LETAPIS_WATCHLIST": str(ROOT / "samples" / "watchlist.yaml"),
                "LETAPIS_AIRFLOW_PORT": "0",
                "LETAPIS_CONNECT_TO": sites.connect_to,
                "LETAPIS_ALLOW_ADDRESSES": "127.0.0.0/8",
                "LETAPIS_UPSTREAM_CA": str(sites.authority),
                "LETAPIS_WORKERS": str(workers),
                "LETAPIS_NIGHTS_SINCE": "2999-01-01T00:00:00+00:00",
            }
            stack = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", "up", "--json"],
                env={**os.environ, **variables},
                cwd=ROOT,
                stdout=subprocess.PIPE,
            )
            assert stack.stdout is not None
            if not stack.stdout.readline():
                raise SystemExit("`letapis up` has ended; its words stand above.")
            try:
                yield load_settings(variables), variables
            finally:
                stack.terminate()
                stack.wait()


def by_command(variables: Mapping[str, str], engine: str) -> float:
    """Seconds from the start of the command to its end."""
    begun = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "archive", PAGE, "--engine", engine, "--json"],
        env={**os.environ, **variables},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    lasted_s = time.monotonic() - begun
    assert json.loads(ran.stdout)["outcome"] == "content"
    return lasted_s


def by_pages(api: AirflowApi, engine: str) -> float:
    """Seconds from sending the request to its result in the answer of its page's JSON twin."""
    begun = time.monotonic()
    sent = api.post("/archive/api/requests", {"urls": [PAGE], "engine": engine}, what="send a request")
    while time.monotonic() - begun < LONGEST_S:
        row = api.get(f"/archive/api/request/{sent['id']}", what="read a request")
        if any(each.get("capture_id") for each in row["results"]):
            return time.monotonic() - begun
        time.sleep(LOOK_EVERY_S)
    raise SystemExit(f"Request {sent['id']} had no result after {LONGEST_S:.0f} s.")


def percentile(values: Sequence[float], part: float) -> float:
    """By the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def measured(way: str, seconds: Sequence[float], args: argparse.Namespace) -> dict[str, Any]:
    """One way as a row."""
    return {
        "what": f"on demand, {way}",
        "engine": args.engine,
        "workers": args.workers,
        "requests": len(seconds),
        "p50_s": round(percentile(seconds, 0.5), 2),
        "p95_s": round(percentile(seconds, 0.95), 2),
        "load_1min": round(os.getloadavg()[0], 1),
        "seconds": [round(each, 3) for each in seconds],
    }


def picture(rows: Sequence[Mapping[str, Any]]) -> str:
    """A dot for each request, a row for each way, over seconds."""
    longest = max(max(row["seconds"]) for row in rows) * 1.05
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    ]
    for number, row in enumerate(rows):
        middle = 50 + 70 * number
        label = f"{row['what']}, {row['engine']}: p50 {row['p50_s']} s, p95 {row['p95_s']} s"
        parts.append(f'<text x="{MARGIN}" y="{middle - 22}">{label}</text>')
        for place, seconds in enumerate(row["seconds"]):
            x = MARGIN + seconds / longest * (WIDTH - 2 * MARGIN)
            y = middle + (place % 5 - 2) * 5
            parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{COLOURS[number % 2]}" fill-opacity="0.6"/>')
    step = max(1, round(longest / 8))
    for second in range(0, int(longest) + 1, step):
        x = MARGIN + second / longest * (WIDTH - 2 * MARGIN)
        parts.append(f'<path d="M{x:.1f} 30V{HEIGHT - 30}" stroke="#333" stroke-width="0.3"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{second} s</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--engine", choices=("http", "browser"), default="http")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--svg", type=Path)
    args = parser.parse_args()
    rows = []
    with running_stack(args.workers) as (settings, variables), AirflowApi(settings.airflow()) as api:
        by_command(variables, args.engine)  # the first one of each way warms what later ones find warm
        by_pages(api, args.engine)
        for way, once in (
            ("letapis archive", lambda: by_command(variables, args.engine)),
            ("the pages", lambda: by_pages(api, args.engine)),
        ):
            seconds = []
            for number in range(args.requests):
                seconds.append(once())
                print(f"{way}: {number + 1} of {args.requests}, {seconds[-1]:.2f} s", file=sys.stderr)
            rows.append(measured(way, seconds, args))
    for row in rows:
        shown = f"{row['what']}: p50 {row['p50_s']} s, p95 {row['p95_s']} s, load {row['load_1min']}"
        print(json.dumps(row) if args.json else shown)
    if args.svg is not None:
        args.svg.write_text(picture(rows), "utf-8")


if __name__ == "__main__":
    main()

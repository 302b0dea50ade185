"""A crawl with everything recorded: pages per second beside the same unrecorded, CPU beside scrapy-webarchive.

Run: ``python -m benchmarks.crawl_speed [--json] [--rounds N] [--pages N] [--http] [--peers FOLDER]``. Pages of
60 KB over HTTPS (or plain with ``--http``) from a loopback site, 4 at a time, as our settings have it for one
host. The site runs on the same two cores and is not counted in the CPU. See ``crawling`` for the ways;
scrapy-webarchive runs with the older Scrapy it asks for.
"""

import json
import secrets
import sys
import tempfile
from pathlib import Path

from ulid import ULID

from benchmarks.peer_environments import programs_of
from benchmarks.site import Site
from benchmarks.timing import Cost, Ratio, Way, arguments, report, rounds_of, told_by

PAGE_BYTES = 60_000


def way(name: str, site: Site, folder: Path, pages: int, command: list[str | Path]) -> Way:
    def run() -> Cost:
        orders = {
            "way": name,
            "base": f"{site.scheme}://localhost:{site.port}",
            "authority": None if site.authority is None else str(site.authority),
            "pages": pages,
            "folder": str(folder / secrets.token_hex(4)),
            "crawl_id": str(ULID()),
        }
        Path(orders["folder"]).mkdir()  # type: ignore[arg-type] # it is a text
        return told_by([*command, json.dumps(orders)])()

    return run


def main() -> None:
    parser, parse = arguments(__doc__, rounds=3, peers=True)
    parser.add_argument("--pages", type=int, default=1500)
    parser.add_argument("--http", action="store_true")
    options = parse()
    ours: list[str | Path] = [sys.executable, "-m", "benchmarks.crawling"]
    peer: list[str | Path] = [
        programs_of("webarchive", options.peers) / "python",
        Path(__file__).with_name("peer_webarchive.py"),
    ]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with Site(folder, tls=not options.http, page_bytes=PAGE_BYTES) as site:
            ways = {
                name: way(name, site, folder, options.pages, command)
                for name, command in (
                    ("recorded", ours),
                    ("recorded, turns in the engine", ours),
                    ("unrecorded", ours),
                    ("unrecorded, on asyncio alone", ours),
                    ("direct", ours),
                    ("scrapy-webarchive", peer),
                )
            }
            taken = rounds_of(ways, options.rounds)
    ratios = [
        Ratio("recorded", "unrecorded", "wall", 0.9),
        Ratio("recorded, turns in the engine", "unrecorded", "wall", 0.9),
        Ratio("recorded", "unrecorded, on asyncio alone", "wall", None),
        Ratio("recorded", "direct", "wall", None),
        Ratio("recorded", "scrapy-webarchive", "cpu", 2.0),
    ]
    title = f"A crawl of {options.pages} pages of {PAGE_BYTES} bytes over {site.scheme}"
    report(title, "page", taken, ratios, as_json=options.json, scale="ms")


if __name__ == "__main__":
    main()

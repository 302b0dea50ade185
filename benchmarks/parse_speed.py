"""Pages read per second and core, for each kind of page, over the real pages of LETAPIS_REALDATA.

Run: ``python -m benchmarks.parse_speed [--json] [--rounds N] [FOLDER]``. A Telegram page of 21 posts, all
news pages that have a reference, a court list of 15 KB. CPU of one process; a page's time is its reading into
records, from bytes on. ``--beside-trafilatura`` reads the news pages with trafilatura alone in the same rounds,
and gives the ratio.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.news_references import references
from benchmarks.quality_news import alone
from benchmarks.timing import Cost, Ratio, Way, arguments, here, report, rounds_of
from processors.kinds import PageKind
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page

ROOT = Path(__file__).parent.parent
AT_LEAST: Mapping[str, float] = {"telegram": 50.0, "news": 20.0, "court_list": 30.0}
"""Pages per second and core that were asked for."""


def material(folder: Path) -> dict[PageKind, Sequence[Page]]:
    """Pages of each kind."""
    excerpt = (folder / "telegram/layout-2026/s-durov-excerpt.html").read_bytes()
    start, end = excerpt.index(b'<div class="tgme_widget_message_wrap'), excerpt.rindex(b"</section>")
    channel = excerpt[:start] + excerpt[start:end] * 7 + excerpt[end:]
    court = (folder / "courts/ru-sudrf/case-list-criminal.html").read_bytes()
    now = datetime(2026, 10, 1, tzinfo=UTC)
    news = [Page(ref.url, ref.body, ref.captured_at, 200) for ref in references(folder / "news")]
    return {
        "telegram": [Page("https://t.me/s/x", channel, now, 200)] * 50,
        "news": news,
        "court_list": [Page("https://x.sudrf.ru/modules.php?p=1", court, now, 200)] * 50,
    }


TRAFILATURA = "trafilatura alone"


def trafilatura_alone(folder: Path) -> Way:
    """Reading the same news pages with the generic reader, and nothing else."""
    known = list(references(folder / "news"))

    def reading() -> float:
        for reference in known:
            alone(reference)
        return len(known)

    return here(reading)


def per_second(folder: Path, rounds: int, *, beside_trafilatura: bool = False) -> dict[str, list[Cost]]:
    """What reading them costs; beside it, on request, what trafilatura alone costs on the news pages."""

    def reading(kind: PageKind, pages: Sequence[Page]) -> float:
        for page in pages:
            read_page(page, kind)
        return len(pages)

    ways = {
        kind: here(lambda kind=kind, pages=pages: reading(kind, pages))  # type: ignore[misc] # defaults bind
        for kind, pages in material(folder).items()
    }
    if not beside_trafilatura:
        return rounds_of(ways, rounds)
    return rounds_of({"news": ways["news"], TRAFILATURA: trafilatura_alone(folder)}, rounds)


def main() -> None:
    parser, parse = arguments(__doc__, rounds=3)
    default = os.environ.get("LETAPIS_REALDATA") or ROOT.parent / "shared" / "realdata"
    parser.add_argument("folder", nargs="?", type=Path, default=Path(default))
    parser.add_argument("--beside-trafilatura", action="store_true", help="the news pages with both readers")
    options = parse()
    taken = per_second(options.folder, options.rounds, beside_trafilatura=options.beside_trafilatura)
    taken = {
        kind: [Cost(c.cpu_s, c.wall_s, c.units, {"per_cpu_second": c.units / c.cpu_s}) for c in costs]
        for kind, costs in taken.items()
    }
    ratios = [Ratio("news", TRAFILATURA, "cpu", None)] if options.beside_trafilatura else []
    asked = ", ".join(f"{kind} {least:.0f}" for kind, least in AT_LEAST.items())
    report(
        f"Reading pages; asked for per second: {asked}", "page", taken, ratios, as_json=options.json, scale="ms"
    )


if __name__ == "__main__":
    main()

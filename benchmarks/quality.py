"""What the page readers get right on the real pages of LETAPIS_REALDATA: the figures of docs/quality.md.

Run: ``python -m benchmarks.quality [--misses] [FOLDER]``. Prints the figures; with ``--misses`` every wrong value.
"""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import quality_courts, quality_encodings, quality_lists, quality_news, quality_telegram
from processors.pages.outcome import Outcome, classify
from processors.pages.page import Page
from processors.pages.select import read_page

ROOT = Path(__file__).parent.parent


def real_pages_taken_for_refusals(folder: Path) -> tuple[int, int]:
    """Real news pages, all of them content, and how many the classifier refuses."""
    pages = [Page(ref.url, ref.body, ref.captured_at, 200) for ref in quality_news.references(folder / "news")]
    return len(pages), sum(classify(page).outcome is not Outcome.CONTENT for page in pages)


def pages_per_second(folder: Path) -> dict[str, float]:
    """Speed of each reader on one core: a Telegram page of 21 posts, the news pages, a court list of 500 rows."""
    excerpt = (folder / "telegram/layout-2026/s-durov-excerpt.html").read_bytes()
    start, end = excerpt.index(b'<div class="tgme_widget_message_wrap'), excerpt.rindex(b"</section>")
    channel = excerpt[:start] + excerpt[start:end] * 7 + excerpt[end:]
    court = (folder / "courts/ru-sudrf/case-list-criminal.html").read_bytes()
    now = datetime(2026, 10, 1, tzinfo=UTC)
    news = [Page(ref.url, ref.body, ref.captured_at, 200) for ref in quality_news.references(folder / "news")]
    measured = {}
    for name, kind, pages in (
        ("telegram", "telegram", [Page("https://t.me/s/x", channel, now, 200)] * 50),
        ("news", "news", news),
        ("court list", "court_list", [Page("https://x.sudrf.ru/modules.php?p=1", court, now, 200)] * 50),
    ):
        began = time.process_time()
        for page in pages:
            read_page(page, kind)  # type: ignore[arg-type]  # the three names above are kinds
        measured[name] = len(pages) / (time.process_time() - began)
    return measured


def report(folder: Path, *, misses: bool) -> None:
    telegram = quality_telegram.measure(folder / "telegram")
    print(f"telegram: {telegram['fields_right']} of {telegram['fields']} fields, {telegram['posts']} posts")
    wrong: list[object] = []
    scores = {
        "letapis": quality_news.measure(folder / "news", quality_news.ours, wrong),
        "trafilatura alone": quality_news.measure(folder / "news", quality_news.alone),
    }
    for name, score in scores.items():
        figures = ", ".join(f"{key} {value['mean']} of {value['of']}" for key, value in score.summary().items())
        print(f"news, {name}: {figures}")
    lists = quality_lists.feeds(folder / "feeds")
    legacy = f"{lists['legacy_right']} of {lists['legacy_encodings']} in legacy encodings"
    print(f"feeds: {lists['right']} of {lists['feeds']}, {legacy}")
    sitemaps = quality_lists.sitemaps(folder / "sitemaps")
    print(f"sitemaps: {sitemaps['right']} of {sitemaps['sitemap_cases']} cases")
    encodings = quality_encodings.measure(folder / "encodings")
    print(
        f"encodings: {encodings['right']} of {encodings['pages']}, "
        f"Cyrillic {encodings['cyrillic_right']} of {encodings['cyrillic']}"
    )
    courts = quality_courts.measure(folder / "courts")
    print(f"courts, sudrf: {courts['sudrf_right']} of {courts['sudrf_fields']} fields")
    hmcts = f"{courts['hmcts_cases_found']} of {courts['hmcts_cases']} cases"
    print(f"courts, HMCTS: {hmcts}, {courts['hmcts_lists']} lists")
    pages, refused = real_pages_taken_for_refusals(folder)
    print(f"outcome: {refused} of {pages} real news pages refused")
    speeds = pages_per_second(folder)
    print("pages per second and core: " + ", ".join(f"{name} {speed:.0f}" for name, speed in speeds.items()))
    if misses:
        groups = (
            telegram["wrong"],
            wrong,
            lists["wrong"],
            sitemaps["wrong"],
            encodings["wrong"],
            courts["sudrf_wrong"],
        )
        for miss in (item for group in groups for item in group):
            print("  ", str(miss)[:240])


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    default = os.environ.get("LETAPIS_REALDATA") or ROOT.parent / "shared" / "realdata"
    report(Path(arguments[0] if arguments else default), misses="--misses" in sys.argv)

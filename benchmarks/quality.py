"""What the page readers get right on the real pages of LETAPIS_REALDATA: the figures of docs/quality.md.

Run: ``python -m benchmarks.quality [--misses] [--json] [FOLDER]``. Prints the figures; with ``--misses`` every
wrong value; with ``--json`` the counted ones alone, as `letapis validation-report` takes them.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import (
    parse_speed,
    quality_courts,
    quality_documents,
    quality_encodings,
    quality_lists,
    quality_news,
    quality_telegram,
)
from benchmarks.news_references import references
from pipeline.crawl.warcinfo import tree_digest
from processors.pages.outcome import Outcome, classify
from processors.pages.page import Page

ROOT = Path(__file__).parent.parent


def real_pages_taken_for_refusals(folder: Path) -> tuple[int, int]:
    """Real news pages, all of them content, and how many the classifier refuses."""
    pages = [Page(ref.url, ref.body, ref.captured_at, 200) for ref in references(folder / "news")]
    return len(pages), sum(classify(page).outcome is not Outcome.CONTENT for page in pages)


def measured(folder: Path) -> Iterator[dict[str, Any]]:
    """What was right of how many, by the name of the set."""

    def figure(name: str, what: str, right: float, of: float) -> dict[str, Any]:
        return {"set": name, "what": what, "right": right, "of": of}

    telegram = quality_telegram.measure(folder / "telegram")
    yield figure("telegram", "fields of posts", telegram["fields_right"], telegram["fields"])
    news = quality_news.measure(references(folder / "news"), quality_news.ours).summary()
    for what, value in news.items():
        if value["of"]:
            yield figure("news", f"{what}, sum over pages", round(value["mean"] * value["of"], 3), value["of"])
    lists = quality_lists.feeds(folder / "feeds")
    yield figure("feeds", "feeds whose entries were found", lists["right"], lists["feeds"])
    sitemaps = quality_lists.sitemaps(folder / "sitemaps")
    yield figure("sitemaps", "cases", sitemaps["right"], sitemaps["sitemap_cases"])
    encodings = quality_encodings.measure(folder / "encodings")
    yield figure("encodings", "pages decoded", encodings["right"], encodings["pages"])
    courts = quality_courts.measure(folder / "courts")
    yield figure("courts, sudrf", "fields", courts["sudrf_right"], courts["sudrf_fields"])
    yield figure("courts, HMCTS", "cases found", courts["hmcts_cases_found"], courts["hmcts_cases"])
    pages, refused = real_pages_taken_for_refusals(folder)
    yield figure("news", "pages that the classifier of outcomes takes for content", pages - refused, pages)


def report(folder: Path, *, misses: bool) -> None:
    telegram = quality_telegram.measure(folder / "telegram")
    print(f"telegram: {telegram['fields_right']} of {telegram['fields']} fields, {telegram['posts']} posts")
    wrong: list[object] = []
    scores = {
        "letapis": quality_news.measure(references(folder / "news"), quality_news.ours, wrong),
        "trafilatura alone": quality_news.measure(references(folder / "news"), quality_news.alone),
    }
    for name, score in scores.items():
        print(f"news, {name}: {quality_news.figures(score)}")
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
    documents = quality_documents.measure(folder)
    print(f"courts, HMCTS sheets and their JSON: {documents['hmcts_right']} of {documents['hmcts_values']} values")
    print(f"courts, United States: {documents['us']}")
    print(f"PDF: {documents['pdf']}")
    pages, refused = real_pages_taken_for_refusals(folder)
    print(f"outcome: {refused} of {pages} real news pages refused")
    speeds = {kind: cost.units / cost.cpu_s for kind, (cost,) in parse_speed.per_second(folder, 1).items()}
    print("pages per second and core: " + ", ".join(f"{name} {speed:.0f}" for name, speed in speeds.items()))
    if misses:
        groups = (
            telegram["wrong"],
            wrong,
            lists["wrong"],
            sitemaps["wrong"],
            encodings["wrong"],
            courts["sudrf_wrong"],
            documents["hmcts_wrong"],
        )
        for miss in (item for group in groups for item in group):
            print("  ", str(miss)[:240])


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    default = os.environ.get("LETAPIS_REALDATA") or ROOT.parent / "shared" / "realdata"
    pages_of = Path(arguments[0] if arguments else default)
    if "--json" in sys.argv:
        print(json.dumps({"tree": tree_digest(), "figures": [*measured(pages_of)]}, indent=1))
    else:
        report(pages_of, misses="--misses" in sys.argv)

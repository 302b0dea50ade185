"""Articles against references, and trafilatura alone on the same pages.

Run: ``python -m benchmarks.quality_news [--misses] [--pages FOLDER]``; without a folder, LETAPIS_REALDATA/news.
Pages nobody here fitted anything to are measured by giving their folder (layout: `news_references`).
Text: F1 over four-word shingles per page, as in scrapinghub/article-extraction-benchmark, averaged; and for the
pages with snippets, the share of snippets that had to be in the text and of those that had to be absent. Title,
date (the day), authors and language count as right or wrong on pages that have a reference for them; tags by F1,
captions of pictures by the share found.
"""

import argparse
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from operator import eq
from pathlib import Path
from typing import Any

import trafilatura

from benchmarks.news_references import Reference, references
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article
from processors.text import folded

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")
SHINGLE = 4
_JOINED_NAMES = re.compile(r",|&|;|\b(?:and|und|et|y)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What a reader made of a page."""

    text: str | None
    title: str | None
    authors: tuple[str, ...]
    published: datetime | date | None
    tags: tuple[str, ...] = ()
    language: str | None = None
    captions: tuple[str, ...] = ()


@dataclass(slots=True)
class Score:
    """Sums over pages."""

    f1: list[float] = field(default_factory=list)
    title: list[bool] = field(default_factory=list)
    published: list[bool] = field(default_factory=list)
    authors: list[bool] = field(default_factory=list)
    present: list[bool] = field(default_factory=list)
    absent: list[bool] = field(default_factory=list)
    tags: list[float] = field(default_factory=list)
    language: list[bool] = field(default_factory=list)
    captions: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        return {
            measured.name: {"of": len(values), "mean": round(sum(values) / len(values), 4) if values else None}
            for measured in fields(self)
            for values in (getattr(self, measured.name),)
        }


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = WORD.findall(text.casefold())
    return (
        Counter(tuple(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1)))
        if words
        else Counter()
    )


def f1(expected: str, found: str | None) -> float:
    wanted, got = shingles(expected), shingles(found or "")
    common = sum((wanted & got).values())
    if not common:
        return float(not wanted and not got)
    precision, recall = common / sum(got.values()), common / sum(wanted.values())
    return 2 * precision * recall / (precision + recall)


def same_title(expected: str, found: str | None) -> bool:
    return bool(found) and WORD.findall(folded(expected)) == WORD.findall(folded(found or ""))


def same_day(expected: datetime, found: datetime | date | None) -> bool:
    """The same day in UTC or in the reference's own zone."""
    if found is None:
        return False
    if isinstance(found, datetime) and expected.time() == time():
        # a reference that gives the day only means it in the site's own zone
        return timedelta(hours=-14) <= found - expected < timedelta(hours=36)
    if not isinstance(found, datetime):
        return found in (expected.date(), expected.astimezone(UTC).date())
    return found.astimezone(UTC).date() in (expected.astimezone(UTC).date(), expected.date()) or abs(
        found - expected
    ) < timedelta(hours=1)


def _possible(reference: Reference) -> datetime | None:
    """A reference that lies after the capture was read day for month and is no reference."""
    known = reference.published
    return None if known is None or known > reference.captured_at + timedelta(days=1) else known


def same_authors(expected: tuple[str, ...], found: tuple[str, ...]) -> bool:
    """The same names and no others; a reference may join several with "and" or a comma."""

    def names(people: tuple[str, ...]) -> set[str]:
        single = (name for person in people for name in _JOINED_NAMES.split(person))
        return {" ".join(WORD.findall(folded(name))) for name in single} - {""}

    return names(expected) == names(found)


def same_tags(expected: tuple[str, ...], found: tuple[str, ...]) -> float:
    """F1 of the tags of one page, without case."""
    wanted, got = {folded(tag) for tag in expected}, {folded(tag) for tag in found}
    return 2 * len(wanted & got) / (len(wanted) + len(got))


def ours(reference: Reference) -> Extract:
    reading = read_page(Page(reference.url, reference.body, reference.captured_at, 200, "text/html"), "news")
    article = next((record for record in reading.records if isinstance(record, Article)), None)
    if article is None:
        return Extract(text=None, title=None, authors=(), published=None)
    return Extract(
        text=article.text,
        title=article.title,
        authors=article.authors,
        published=article.published_at,
        tags=article.tags,
        language=article.language,
        captions=tuple(image.caption for image in article.images if image.caption),
    )


def alone(reference: Reference) -> Extract:
    found = trafilatura.bare_extraction(reference.body, url=reference.url, with_metadata=True)
    if found is None or isinstance(found, dict):
        return Extract(text=None, title=None, authors=(), published=None)
    return Extract(
        text=found.text,
        title=found.title,
        authors=tuple(part.strip() for part in (found.author or "").split(";") if part.strip()),
        published=date.fromisoformat(found.date) if found.date else None,
        tags=tuple(found.tags or ()),
    )


def measure(
    pages: Iterable[Reference], reader: Callable[[Reference], Extract], wrong: list[Any] | None = None
) -> Score:
    """Scores of one reader; with ``wrong``, every miss as (page, what, expected, found)."""
    score = Score()
    misses = wrong if wrong is not None else []
    for reference in pages:
        _score(reference, reader(reference), score, misses)
    return score


def _score(reference: Reference, got: Extract, score: Score, misses: list[Any]) -> None:
    if reference.text is not None:
        value = f1(reference.text, got.text)
        score.f1.append(value)
        if value < 0.9:
            misses.append((reference.name, "text", round(value, 3), ""))
    published = _possible(reference)
    compared: tuple[tuple[str, Any, Any, Callable[[Any, Any], bool], list[bool]], ...] = (
        ("title", reference.title, got.title, same_title, score.title),
        ("published", published, got.published, same_day, score.published),
        ("authors", reference.authors, got.authors, same_authors, score.authors),
        ("language", reference.language, got.language, eq, score.language),
    )
    for what, wanted, found, same, right in compared:
        if wanted:
            right.append(same(wanted, found))
            if not right[-1]:
                misses.append((reference.name, what, wanted, found))
    if reference.tags:
        score.tags.append(same_tags(reference.tags, got.tags))
        if score.tags[-1] < 1:
            misses.append((reference.name, "tags", reference.tags, got.tags))
    if reference.captions:
        captions = folded(" ".join(got.captions))
        found_captions = [folded(caption) in captions for caption in reference.captions]
        score.captions.append(sum(found_captions) / len(found_captions))
    text = folded(got.text or "")
    for wanted_snippet in reference.present:
        score.present.append(folded(wanted_snippet) in text)
        if not score.present[-1]:
            misses.append((reference.name, "present", wanted_snippet, ""))
    for unwanted in reference.absent:
        score.absent.append(folded(unwanted) not in text)
        if not score.absent[-1]:
            misses.append((reference.name, "absent", unwanted, ""))


def report(folder: Path, *, misses: bool) -> None:
    """Print both readers' figures, for each collection and over all."""
    wrong: list[Any] = []
    collections: dict[str, list[Reference]] = {}
    for reference in references(folder):
        collections.setdefault(reference.name.partition("/")[0], []).append(reference)
    totals = {"letapis": Score(), "trafilatura alone": Score()}
    for name, pages in collections.items():
        print(f"{name}, {len(pages)} pages")
        for reader, total in zip((ours, alone), totals, strict=True):
            score = measure(pages, reader, wrong if reader is ours else None)
            for measured in fields(score):
                getattr(totals[total], measured.name).extend(getattr(score, measured.name))
            print(f"  {total}: {figures(score)}")
    print(f"all, {sum(map(len, collections.values()))} pages")
    for name, score in totals.items():
        print(f"  {name}: {figures(score)}")
    for miss in wrong if misses else ():
        print("  ", str(miss)[:240])


def figures(score: Score) -> str:
    """The figures of a score in one line."""
    told = score.summary().items()
    return ", ".join(f"{name} {value['mean']} of {value['of']}" for name, value in told if value["of"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("LETAPIS_REALDATA") or Path(__file__).parents[2] / "shared" / "realdata")
    parser.add_argument("--pages", type=Path, default=default / "news")
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    report(options.pages, misses=options.misses)


if __name__ == "__main__":
    main()
